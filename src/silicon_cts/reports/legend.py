"""How is each verdict and each grade shown: its letter, its colour's name, and in words what it says?"""

from __future__ import annotations

from dataclasses import dataclass

from silicon_cts.records.record import SCHEMA, Record

VERDICTS: tuple[str, ...] = tuple(SCHEMA["properties"]["verdict"]["enum"])
"""From worst to best."""
NO_FAILURE = frozenset({"agrees", "unsupported", "not_placed", "no_oracle"})
"""Verdicts that do not fail a run; ``unsupported`` and ``not_placed`` count in coverage."""


@dataclass(frozen=True)
class Mark:
    """What stands for one verdict, or for one grade of ``agrees``. The letter alone must tell them apart."""

    name: str
    letter: str
    meaning: str


GRADES: dict[str, Mark] = {
    mark.name: mark
    for mark in (
        Mark("exact", "=", "agrees, bit for bit"),
        Mark("A", "A", "agrees, every element within the error budget"),
        Mark("B", "B", "agrees, within the error budget of the largest element"),
        Mark("C", "C", "agrees, no worse than PyTorch's own CPU kernel at this precision"),
        Mark("metadata", "·", "agrees, in dtype and shape alone: the values are random or uninitialised"),
    )
}
"""The five ways of ``agrees``, from the closest."""

MARKS: dict[str, Mark] = {
    mark.name: mark
    for mark in (
        Mark("disagrees", "D", "gives another answer"),
        Mark("unstable", "~", "gives another answer the next time"),
        Mark("crashed", "C!", "took its process down"),
        Mark("hung", "H", "passed its deadline"),
        Mark("error", "E", "raised an exception that is no refusal"),
        Mark("accepted", "+", "took an input that it had to reject"),
        Mark("unsupported", "U", "the backend says that it does not do this"),
        Mark("not_placed", "P", "ran on another compute unit than was asked"),
        Mark("no_oracle", "?", "ran, but there is nothing to hold it against"),
    )
}
"""Every verdict but ``agrees``, in the order in which reports count them."""

AGREES = Mark("agrees", "✓", "agrees; this record has no grade")
LEGEND: tuple[Mark, ...] = (*GRADES.values(), *MARKS.values())


def mark(verdict: str, grade: str) -> Mark:
    """What stands for a record; a verdict of a later version stands for itself."""
    if verdict == "agrees":
        return GRADES.get(grade, AGREES)
    return MARKS.get(verdict) or Mark(verdict, verdict[:2], "a verdict that this version does not know")


def severity(verdict: str) -> int:
    """For sorting: the worst verdict first, one of a later version before all."""
    return VERDICTS.index(verdict) if verdict in VERDICTS else -1


def fails(record: Record) -> bool:
    """Whether this verdict fails a run unless a known issue expects it."""
    return record.verdict not in NO_FAILURE
