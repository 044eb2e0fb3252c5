"""What does the page carry to show any of 60,000 records without asking anybody? Every value once, then numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from silicon_cts.records.record import Record
from silicon_cts.reports import coverage, legend


class Pool:
    """Values kept once, known by their place."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[str | tuple[str], int] = {}

    def place(self, value: Any) -> int:
        """Where this value is kept; -1 for nothing."""
        if value is None or value in ("", [], {}):
            return -1
        key = value if isinstance(value, str) else (json.dumps(value, sort_keys=True, default=str),)
        if key not in self._places:
            self._places[key] = len(self.values)
            self.values.append(value)
        return self._places[key]


def page_data(records: Sequence[Record]) -> dict[str, Any]:
    """Operators, columns, verdicts and grades by name; each record a row of numbers in the order of ``fields``.

    ``operator``, ``column``, ``mark`` are places in the lists of those names; ``reason``, ``recipe``, ``counts``,
    ``known_issue``, ``notes``, ``script`` are places in ``values``, which has a script as places in ``lines``.
    """
    columns = coverage.columns(records)
    operators = sorted({record.operator_id for record in records}, key=lambda name: (name.lower(), name))
    column_places = {column: place for place, column in enumerate(columns)}
    operator_places = {name: place for place, name in enumerate(operators)}
    marks: list[tuple[str, str]] = sorted({(record.verdict, record.grade) for record in records})
    mark_places = {pair: place for place, pair in enumerate(marks)}
    values, lines = Pool(), Pool()
    rows = [
        [
            operator_places[record.operator_id],
            column_places[coverage.column(record)],
            mark_places[record.verdict, record.grade],
            _short(record.ratio, 4),
            _short(record.ulp, 4),
            _short(record.signal_to_noise, 4),
            record.top_1,
            _short(record.seconds, 3),
            values.place(record.reason),
            values.place(_differing(record)),
            values.place(dict(record.counts)),
            values.place(record.known_issue),
            values.place(list(record.notes)),
            values.place([lines.place(row or " ") for row in record.script.split("\n")]) if record.script else -1,
        ]
        for record in records
    ]
    return {
        "operators": operators,
        "columns": columns,
        "marks": [_mark(verdict, grade) for verdict, grade in marks],
        "values": values.values,
        "lines": lines.values,
        "records": rows,
    }


def _mark(verdict: str, grade: str) -> dict[str, Any]:
    shown = legend.mark(verdict, grade)
    return {
        "verdict": verdict,
        "grade": grade,
        "style": style(verdict, grade),
        "letter": shown.letter,
        "meaning": shown.meaning,
        "fails": verdict not in legend.NO_FAILURE,
    }


def style(verdict: str, grade: str) -> str:
    """The name of the colour."""
    name = grade if verdict == "agrees" else verdict
    return f"m-{name}" if name in {mark.name for mark in legend.LEGEND} else "m-other"


def _differing(record: Record) -> dict[str, Any] | None:
    """The recipe without what the record's own place says already."""
    if record.recipe is None:
        return None
    said = {"operator": record.operator_id, "dtype": record.dtype}
    return {key: value for key, value in record.recipe.items() if said.get(key) != value or key not in said}


def _short(value: float | None, digits: int) -> float | None:
    return None if value is None else float(f"{value:.{digits}g}")


def embedded(data: Mapping[str, Any]) -> str:
    """As JSON that cannot end the element it stands in, whatever a reason says."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
