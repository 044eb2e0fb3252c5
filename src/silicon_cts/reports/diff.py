"""What changed from one run to another, and did anything get worse? From two runs to changes, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import log, log1p
from typing import Any

from silicon_cts.benchmarks import gate
from silicon_cts.benchmarks.baselines import Baseline, BaselineError, identity, read_session
from silicon_cts.benchmarks.conditions import NAMES
from silicon_cts.benchmarks.gate import Passage
from silicon_cts.benchmarks.statistics import Decision, Rules
from silicon_cts.records.measurement import MEASUREMENTS
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run
from silicon_cts.reports import coverage, description
from silicon_cts.reports.diff_kinds import KINDS, Kind, change_of
from silicon_cts.reports.legend import MARKS
from silicon_cts.reports.text import count, number


@dataclass(frozen=True)
class Change:
    """One check that is not as it was."""

    kind: Kind
    base: Record | None
    head: Record | None

    @property
    def record(self) -> Record:
        """The newer of the two."""
        found = self.head or self.base
        assert found is not None
        return found

    @property
    def was(self) -> str:
        """What BASE says in a few words."""
        return told(self.base)

    @property
    def now(self) -> str:
        """What HEAD says in a few words."""
        return told(self.head)


@dataclass(frozen=True)
class Diff:
    """Two runs held against each other."""

    base: Run
    head: Run
    differing: tuple[tuple[str, str, str], ...]
    """What differs beside the verdicts: name, in BASE, in HEAD. Machine and versions before options."""
    changes: tuple[Change, ...]
    """Worst first, then by backend and operator."""
    compared: int
    """Checks that both runs have."""
    speed: Passage | None = None
    """What their measurements say, where both have some: a hint, since they did not run side by side."""

    @property
    def by_kind(self) -> Mapping[Kind, list[Change]]:
        """Changes of each kind that there is, in the order of :data:`KINDS`."""
        found: dict[Kind, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.kind, []).append(change)
        return found

    @property
    def doubts(self) -> list[str]:
        """Why the comparison says less than it seems to; each of them is a failure, lest nothing pass as good."""
        found = [
            f"{name} is unfinished: {state}"
            for name, run in (("BASE", self.base), ("HEAD", self.head))
            if (state := description.state(run))
        ]
        if not self.compared and not (self.speed and self.speed.decisions):
            found.append("the two runs have no check in common: nothing was compared")
        return [*found, *(self.speed.problems if self.speed else ())]

    @property
    def moved(self) -> list[tuple[str, Decision]]:
        """Benchmarks whose time differs enough to matter, what got slower first."""
        decisions = self.speed.decisions.items() if self.speed else ()
        moved = [(name, one) for name, one in decisions if abs(log(one.ratio or 1.0)) >= log1p(Rules().effect)]
        return sorted(moved, key=lambda one: -(one[1].ratio or 1.0))

    @property
    def worse(self) -> bool:
        """Whether anything got worse, or cannot be told."""
        return bool(self.doubts or self.worse_changes)

    @property
    def worse_changes(self) -> int:
        """Number of checks that got worse."""
        return sum(change.kind.worse for change in self.changes)

    @property
    def headline(self) -> str:
        """``3 checks got worse``, or why nothing can be said."""
        if self.worse_changes:
            return f"{count(self.worse_changes, 'check')} got worse"
        return "Cannot tell whether anything got worse" if self.worse else "Nothing got worse"


def diff(base: Run, head: Run) -> Diff:
    """Hold HEAD against BASE, the last record of each check against the last record of the same check."""
    before = {record.key: record for record in coverage.settled(base.records)}
    after = {record.key: record for record in coverage.settled(head.records)}
    filtered = _is_filtered(head)
    changes = [
        Change(KINDS[name], before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if (name := change_of(before.get(key), after.get(key), filtered=filtered))
    ]
    order = {name: place for place, name in enumerate(KINDS)}
    changes.sort(key=lambda one: (order[one.kind.name], one.record.backend, one.record.verdict, one.record.key))
    compared = len(before.keys() & after.keys())
    return Diff(base, head, tuple(differing(base, head)), tuple(changes), compared, _speed(base, head))


def _speed(base: Run, head: Run) -> Passage | None:
    """By the rules of the gate, with BASE for a baseline of one session: what moved is named, and ``ab`` decides."""
    if not all((run.path / MEASUREMENTS).is_file() for run in (base, head)):
        return None
    try:
        before, after = (read_session(run.path) for run in (base, head))
    except BaselineError as error:
        return Passage((str(error),))
    found = gate.judge(Baseline(identity(before.fingerprint), (before,)), after, accepted=NAMES, across=True)
    if _is_filtered(head):  # what HEAD was not asked to measure is no loss
        return Passage((), found.decisions)
    return found


def told(record: Record | None) -> str:
    """``agrees A, 1.5 budgets``, ``crashed (known)``, ``not asked``."""
    if record is None:
        return "not asked"
    if record.verdict != "agrees":
        return f"{record.verdict} (known)" if record.known_issue else record.verdict
    budgets = f", {number(record.ratio)} budgets" if record.ratio else ""
    return f"agrees {record.grade}".rstrip() + budgets


def differing(base: Run, head: Run) -> Iterator[tuple[str, str, str]]:
    """Facts of machine, versions and options that two runs do not share: name, in BASE, in HEAD."""
    for part in ("fingerprint", "options"):
        before, after = dict(_flat(description.mapping(base, part))), dict(_flat(description.mapping(head, part)))
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                yield name, before.get(name, "none"), after.get(name, "none")


def alike(changes: Iterable[Change]) -> list[list[Change]]:
    """The same change of the same operator on the same backend, together, in the order of their first."""
    groups: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        before = change.base.verdict if change.base else ""
        key = (change.kind.name, change.record.backend, change.record.operator_id, before, change.record.verdict)
        groups.setdefault(key, []).append(change)
    return list(groups.values())


def verdicts(run: Run) -> dict[str, int]:
    """Checks by verdict, from worst to best."""
    found = [record.verdict for record in coverage.settled(run.records)]
    return {name: found.count(name) for name in coverage.in_order(found, [*MARKS, "agrees"])}


def _is_filtered(run: Run) -> bool:
    """Whether a run was asked for a part of what there is, by the options that choose operators, backends and so on."""
    chosen = description.mapping(run, "options")
    return any(isinstance(value, list | tuple) and value for value in chosen.values())


def _flat(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} ")
        else:
            shown = " ".join(map(str, value)) if isinstance(value, list | tuple) else value
            yield f"{prefix}{name}".removeprefix("versions "), "none" if shown in (None, "") else str(shown)
