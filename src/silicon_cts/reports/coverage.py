"""How much of PyTorch does each backend do, and how well? From records to numbers, nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from silicon_cts.catalog.aspects import NAMES as ASPECTS
from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.catalog.models.calls import task_of
from silicon_cts.records.machines import order
from silicon_cts.records.record import Record
from silicon_cts.reports.legend import GRADES, MARKS, fails
from silicon_cts.reports.text import line

Column = tuple[str, str, str]
"""Backend, dtype, aspect: what one tally is about, and one column of the matrix."""
TASKS = ("modules", "inference", "training")
"""What stands for the aspect where modules and models are asked, which are no operators."""


@dataclass
class Tally:
    """Of the operators that one backend was asked for in one dtype and aspect: how many got which verdict."""

    verdicts: Counter[str] = field(default_factory=Counter)
    grades: Counter[str] = field(default_factory=Counter)
    """Of those that agree."""
    known: Counter[str] = field(default_factory=Counter)
    """By verdict: those that a known issue expects."""
    seconds: float = 0.0

    @property
    def asked(self) -> int:
        """Number of operators asked."""
        return self.verdicts.total()

    @property
    def agrees(self) -> int:
        """Number of operators that agree."""
        return self.verdicts["agrees"]

    def agreeing(self) -> list[tuple[str, int]]:
        """Grade and number, the closest grade first, none of them zero."""
        return [(grade, self.grades[grade]) for grade in in_order(self.grades, GRADES) if self.grades[grade]]

    def others(self) -> list[tuple[str, int]]:
        """Verdict and number of all that do not agree, none of them zero."""
        return [(name, self.verdicts[name]) for name in in_order(self.verdicts, MARKS) if name != "agrees"]

    def add(self, record: Record) -> None:
        """Count one record."""
        self.verdicts[record.verdict] += 1
        self.seconds += record.seconds
        if record.verdict == "agrees":
            self.grades[record.grade] += 1
        if record.known_issue is not None and record.verdict != "agrees":
            self.known[record.verdict] += 1


def in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Without repeats, in the given order; a name that it lacks comes after, alphabetically."""
    place = {name: position for position, name in enumerate(order)}
    return sorted(set(names), key=lambda name: (place.get(name, len(place)), name))


def settled(records: Iterable[Record]) -> list[Record]:
    """One record for each operator, aspect, dtype and backend: the last that was written."""
    return list({record.key: record for record in records}.values())


def column(record: Record) -> Column:
    """The column that the record belongs to; modules, models and their training have columns of their own."""
    return record.backend, record.dtype, task_of(record.operator) or record.aspect


def columns(records: Iterable[Record]) -> list[Column]:
    """All columns, by machine: the control first, then backends by name; dtypes and aspects as people read them."""
    found = {column(record) for record in records}
    dtypes = in_order((dtype for _, dtype, _ in found), DTYPES)
    aspects = in_order((aspect for _, _, aspect in found), (*ASPECTS, *TASKS))
    return sorted(found, key=lambda one: (order(one[0]), dtypes.index(one[1]), aspects.index(one[2])))


def coverage(records: Sequence[Record]) -> dict[Column, Tally]:
    """The tally of each column, in the order of :func:`columns`."""
    tallies = {one: Tally() for one in columns(records)}
    for record in records:
        tallies[column(record)].add(record)
    return tallies


def new_failures(records: Iterable[Record]) -> list[Record]:
    """What fails and no known issue expects, by backend and verdict."""
    return _by_severity(record for record in records if fails(record) and record.known_issue is None)


def known_failures(records: Iterable[Record]) -> list[Record]:
    """What fails as a known issue expects."""
    return _by_severity(record for record in records if fails(record) and record.known_issue is not None)


def with_verdict(records: Iterable[Record], verdict: str) -> list[Record]:
    """All of one verdict, by backend and operator."""
    return _by_severity(record for record in records if record.verdict == verdict)


def _by_severity(records: Iterable[Record]) -> list[Record]:
    place = {name: position for position, name in enumerate(MARKS)}
    return sorted(
        records,
        key=lambda one: (order(one.backend), place.get(one.verdict, -1), one.operator_id, one.key),
    )


def alike(records: Iterable[Record]) -> list[list[Record]]:
    """The same verdict on the same operator and backend, together, in the order of their first."""
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.backend, record.verdict, record.operator_id), []).append(record)
    return list(groups.values())


def asked_of(records: Sequence[Record]) -> str:
    """What was asked of one operator: ``std (forward, float32 float16; gradient, float32)``."""
    dtypes: dict[str, list[str]] = {}
    for record in records:
        dtypes.setdefault(record.aspect, []).append(record.dtype)
    told = (f"{aspect}, {' '.join(in_order(dtypes[aspect], DTYPES))}" for aspect in in_order(dtypes, ASPECTS))
    return line(f"{records[0].operator_id} ({'; '.join(told)})", 300)


def slowest(records: Iterable[Record], most: int = 10) -> list[Record]:
    """Those that took the backend longest."""
    return sorted((one for one in records if one.seconds > 0), key=lambda one: (-one.seconds, one.key))[:most]


def worst_ratios(records: Iterable[Record], most: int = 10) -> list[Record]:
    """Those that agree with the largest error in budgets: where accuracy is nearest to being lost."""
    compared = (one for one in records if one.verdict == "agrees" and one.ratio is not None and 0 < one.ratio < inf)
    return sorted(compared, key=lambda one: (-(one.ratio or 0), one.key))[:most]


def checks(records: Iterable[Record]) -> int:
    """Number of samples judged; a record without counts is one."""
    return sum(sum(record.counts.values()) or 1 for record in records)
