"""How do people read the history of a benchmark: as a table, and as a page with a plot for each?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from math import log
from statistics import geometric_mean
from typing import Any

from silicon_cts.benchmarks.baselines import Session
from silicon_cts.benchmarks.changes import Change, change_points
from silicon_cts.reports import html
from silicon_cts.reports.text import line

SQL = """
    SELECT benchmark, coalesce(chip, 'unknown') || ', ' || coalesce(system, 'unknown') AS machine,
           run, started, torch, exp(avg(ln(benchmarks.seconds))) AS seconds
    FROM benchmarks JOIN runs USING (run)
    WHERE outcome = 'measured' AND benchmarks.seconds > 0
    GROUP BY ALL ORDER BY benchmark, machine, started, run
"""
"""One row for each benchmark and run; the machine's chip and system build keep histories apart."""
PINNED = " (pinned)"
"""After the name of a run that is part of the baseline of its machine."""
WIDTH, HEIGHT = 640.0, 160.0
_MARGIN = 24.0


@dataclass(frozen=True)
class Point:
    """One run."""

    run: str
    started: str
    torch: str
    seconds: float


@dataclass(frozen=True)
class History:
    """One benchmark on one machine, oldest run first."""

    benchmark: str
    machine: str
    points: tuple[Point, ...]

    @property
    def changes(self) -> dict[int, Change]:
        """Where the level changed, by place."""
        return {change.index: change for change in change_points([point.seconds for point in self.points])}

    @property
    def slowest(self) -> float:
        """Seconds."""
        return max(point.seconds for point in self.points)

    @property
    def fastest(self) -> float:
        """Seconds."""
        return min(point.seconds for point in self.points)


def merged(rows: Iterable[Sequence[Any]], pinned: Iterable[Session]) -> list[Sequence[Any]]:
    """The rows of :data:`SQL`, with those of pinned sessions whose run folders are gone; pinned ones are marked so."""
    sessions = {session.name: session for session in pinned}
    here = [(*row[:2], f"{row[2]}{PINNED}" if row[2] in sessions else row[2], *row[3:]) for row in rows]
    seen = {(row[0], row[2]) for row in here}
    gone = [row for session in sessions.values() for row in _rows(session) if (row[0], row[2]) not in seen]
    return sorted([*here, *gone], key=lambda row: (row[0], row[1], row[3] or datetime.min, row[2]))


def _rows(session: Session) -> Iterator[tuple[Any, ...]]:
    about = session.fingerprint
    machine = f"{about.get('chip') or 'unknown'}, {about.get('system') or 'unknown'}"
    started = None
    with suppress(KeyError, TypeError, ValueError):
        started = datetime.fromisoformat(session.described["start"]).astimezone(UTC).replace(tzinfo=None)
    torch = (about.get("versions") or {}).get("torch")
    for name, times in session.times().items():
        yield name, machine, f"{session.name}{PINNED}", started, torch, geometric_mean(times)


def histories(rows: Iterable[Sequence[Any]]) -> list[History]:
    """From the rows of :data:`SQL`, in their order."""
    return [
        History(
            key[0],
            key[1],
            tuple(
                Point(str(run), str(started or ""), str(torch or ""), float(taken))
                for _, _, run, started, torch, taken in group
            ),
        )
        for key, group in groupby(rows, key=lambda row: (row[0], row[1]))
    ]


def time(seconds: float) -> str:
    """Three significant digits: ``1.23 ms``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def table(found: History) -> str:
    """As lines for a terminal."""
    changes = found.changes
    rows = [f"{line(found.benchmark, 120)}   {line(found.machine, 80)}"]
    for place, point in enumerate(found.points):
        mark = f"   changed {(changes[place].ratio - 1) * 100:+.1f} %" if place in changes else ""
        rows.append(f"    {point.started:<20} torch {point.torch:<14} {time(point.seconds):>10}{mark}   {point.run}")
    return "\n".join(rows) + "\n"


def page(found: Sequence[History]) -> str:
    """As a page: one file, no network, no script."""
    return (
        html.environment()
        .get_template("history.html.j2")
        .render(histories=[(one, plot(one), one.changes) for one in found], width=WIDTH, height=HEIGHT, time=time)
    )


def plot(found: History) -> list[tuple[float, float]]:
    """Where each run lies in a plot of log time, the fastest at the bottom: x, y."""
    logs = [log(point.seconds) for point in found.points]
    low, reach = min(logs), max(max(logs) - min(logs), log(1.1))
    step = (WIDTH - 2 * _MARGIN) / max(len(logs) - 1, 1)
    return [
        (round(_MARGIN + place * step, 1), round(HEIGHT - _MARGIN - (one - low) / reach * (HEIGHT - 2 * _MARGIN), 1))
        for place, one in enumerate(logs)
    ]
