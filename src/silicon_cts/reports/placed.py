"""Where did each operator run, and why not where it was asked to? From the placement that the records carry.

It is what the framework planned, in its own words, and no proof that it went there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from silicon_cts.records.record import Record
from silicon_cts.reports.text import count

UNITS = ("ane", "gpu", "cpu")
"""Compute units, in the order in which people look for them."""
UNSAID = "not said"
"""Stands for the unit of an operation of which the framework says none."""


@dataclass(frozen=True)
class Placement:
    """Where the operations of one operator were planned on one backend, all its records together."""

    operator: str
    units: Mapping[str, int]
    """Operations by unit, in the order of :data:`UNITS`; of a training step by part and unit: ``backward ane``."""
    elsewhere: tuple[str, ...]
    """Which were planned on another unit than the one asked for, and what the framework says of that one."""

    @property
    def where(self) -> str:
        """The units in words: ``ane``; ``ane 3, cpu 1`` where there are several."""
        if len(self.units) == 1:
            return next(iter(self.units))
        return ", ".join(f"{unit} {amount}" for unit, amount in self.units.items())


def placements(records: Iterable[Record]) -> dict[str, list[Placement]]:
    """By backend, then by operator; only what has a placement."""
    found: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        if record.placement:
            found.setdefault(record.backend, {}).setdefault(record.operator_id, []).append(record)
    return {
        backend: [_placement(backend, name, of_operator) for name, of_operator in sorted(operators.items())]
        for backend, operators in sorted(found.items())
    }


def asked(backend: str) -> str:
    """The unit that a backend's name asks for (``coreml-ane``); empty if it names none."""
    unit = backend.rpartition("-")[2]
    return unit if unit in UNITS else ""


def _placement(backend: str, operator: str, records: Sequence[Record]) -> Placement:
    operations = [operation for record in records for operation in record.placement]
    amounts = Counter(f"{_part(kind)} {unit or UNSAID}".strip() for kind, unit, *_ in operations)
    parts = dict.fromkeys(_part(kind) for kind, *_ in operations)
    order = [f"{part} {unit}".strip() for part in parts for unit in UNITS]
    units = {unit: amounts[unit] for unit in [*order, *sorted(set(amounts) - set(order))] if amounts[unit]}
    wanted = asked(backend)
    strays = (
        (kind, unit, supported) for kind, unit, supported, *_ in operations if wanted and unit not in ("", wanted)
    )
    told = (
        f"{kind} on {unit}: {wanted} {'supports it, too' if wanted in supported else 'does not support it'}"
        for kind, unit, supported in strays
    )
    return Placement(operator, units, tuple(dict.fromkeys(told)))


def _part(operation: str) -> str:
    """Of a training step that an operation belongs to: ``backward`` for ``backward conv``; else empty."""
    return operation.rpartition(" ")[0]


def summary(found: Sequence[Placement]) -> str:
    """How many operators went where: ``12 operators: ane 9, cpu 2, several 1``."""
    amounts = Counter(one.where if len(one.units) == 1 else "several" for one in found)
    told = ", ".join(f"{name} {amount}" for name, amount in amounts.most_common())
    return f"{count(len(found), 'operator')}: {told}"
