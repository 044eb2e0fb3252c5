"""Which checks have a verdict that depends on who answered: on the machine, or on the front end of a converter?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from silicon_cts.records import machines
from silicon_cts.records.record import Record
from silicon_cts.reports import coverage, legend


@dataclass(frozen=True)
class Difference:
    """Checks of one operator on one backend that get several verdicts."""

    backend: str
    records: tuple[Record, ...]
    """What was asked; of several machines, of one."""
    verdicts: Mapping[str, str]
    """By machine, or by way of the backend."""

    @property
    def operator(self) -> str:
        """The operator's id."""
        return self.records[0].operator_id

    def __str__(self) -> str:
        """``mps std (forward, float32): m1 disagrees, m4 agrees``."""
        told = ", ".join(f"{name} {verdict}" for name, verdict in self.verdicts.items())
        return f"{self.backend} {coverage.asked_of(self.records)}: {told}"


def machines_apart(records: Iterable[Record]) -> list[Difference]:
    """Where the machines of a fleet differ in a verdict; nothing where there is but one."""
    checks: dict[tuple[str, ...], dict[str, Record]] = {}
    for one in records:
        machine, backend = machines.split(one.backend)
        checks.setdefault((backend, one.operator_id, one.aspect, one.dtype), {})[machine] = one
    found = []
    for (backend, *_), by_machine in checks.items():
        verdicts = {machine: one.verdict for machine, one in sorted(by_machine.items())}
        if len(set(verdicts.values())) > 1:
            found.append(Difference(backend, (next(iter(by_machine.values())),), verdicts))
    return _together(found)


def front_ends_apart(records: Iterable[Record]) -> list[Difference]:
    """Where the front ends of a converter differ in a verdict at one precision; the worst verdicts first.

    A way is named after its front end and its precision: ``trace float16``.
    """
    found = []
    for one in records:
        verdicts = {way: min(counts, key=legend.severity) for way, counts in one.ways.items() if counts}
        by_precision: dict[str, set[str]] = {}
        for way, verdict in verdicts.items():
            by_precision.setdefault(way.partition(" ")[2], set()).add(verdict)
        if any(len(several) > 1 for several in by_precision.values()):
            found.append(Difference(one.backend, (one,), verdicts))
    return sorted(_together(found), key=lambda one: min(map(legend.severity, one.verdicts.values())))


def operators(found: Iterable[Difference]) -> int:
    """Of how many operators."""
    return len({one.operator for one in found})


def _together(found: Iterable[Difference]) -> list[Difference]:
    """Checks of one operator and backend with the same verdicts as one, by backend and operator."""
    groups: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Record]] = {}
    for one in found:
        key = (one.backend, one.operator, tuple(one.verdicts.items()))
        groups.setdefault(key, []).extend(one.records)
    return [
        Difference(backend, tuple(asked), dict(verdicts))
        for (backend, _, verdicts), asked in sorted(groups.items(), key=lambda one: one[0])
    ]
