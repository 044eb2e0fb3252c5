"""Which faults of the simulated accelerator did nothing in a run, so that the run says nothing about them?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from silicon_cts.backends.simulated.backend import FIRED
from silicon_cts.records.record import Record

_TIMES = re.compile(rf"{FIRED} (\d+) times")
_ENDED = ("crashed", "hung")
"""Verdicts of a process that did not live to say that its fault fired."""
_MOST_NOTES = 3


def fired(notes: Iterable[str]) -> int:
    """How often a fault fired, by the notes of outcomes or of a record."""
    return sum(int(found[1]) for note in notes if (found := _TIMES.fullmatch(note)))


def summed(notes: Iterable[str]) -> tuple[str, ...]:
    """The notes of all samples as those of one record: how often the fault fired in all, then a few of the others."""
    notes = list(notes)
    times = fired(notes)
    others = dict.fromkeys(note for note in notes if not _TIMES.fullmatch(note))
    return (*([f"{FIRED} {times} times"] if times else []), *list(others)[:_MOST_NOTES])


def not_exercised(records: Iterable[Record], backends: Iterable[str]) -> list[str]:
    """A sentence for each backend ``simulated:FAULT`` of which no record says that the fault fired."""
    faulty = {name: 0 for name in backends if name.startswith("simulated:")}
    checks = dict(faulty)
    for record in records:
        if record.backend in faulty:
            checks[record.backend] += sum(record.counts.values())
            faulty[record.backend] += fired(record.notes) + (record.verdict in _ENDED)
    return [
        f"fault {name.partition(':')[2]} never fired in {checks[name]:,} checks: a gap of the sampling, not a pass"
        for name, times in faulty.items()
        if not times
    ]
