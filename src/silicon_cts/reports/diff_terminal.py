"""What does a person see who holds one run against another in a terminal?"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from silicon_cts.reports import coverage, description
from silicon_cts.reports.diff import Change, Diff, alike
from silicon_cts.reports.speed import change
from silicon_cts.reports.text import count, line, place

MOST = 20
"""Rows of one kind of what got worse; the Markdown and the page have more."""
MOST_OTHERS = 3
"""Rows of any other kind."""
_LABEL_WIDTH = 17


def render(found: Diff, width: int) -> str:
    """The difference of two runs for a terminal of that width."""
    width = max(width, 60)
    rows = [part for label, told in _sections(found, width - _LABEL_WIDTH) for part in _labelled(label, told, width)]
    return "\n".join(row.rstrip() for row in rows) + "\n"


def _labelled(label: str, told: list[str], width: int) -> Iterator[str]:
    wrapped = [
        part for row in told for part in textwrap.wrap(row, width - _LABEL_WIDTH, subsequent_indent="    ") or [""]
    ]
    for position, row in enumerate(wrapped):
        yield f"{'' if position else label:<{_LABEL_WIDTH}}{row}"


def _sections(found: Diff, width: int) -> Iterator[tuple[str, list[str]]]:
    if found.differing:
        yield "DIFFER", [f"{name}: {line(before, 80)} -> {line(after, 80)}" for name, before, after in found.differing]
    for name, run in (("BASE", found.base), ("HEAD", found.head)):
        yield name, [f"{place(run.path)}  {line(description.title(run), 400)}"]
    for doubt in found.doubts:
        yield "DOUBT", [line(doubt, 400)]
    yield "", [""]
    for kind, changes in found.by_kind.items():
        groups = alike(changes)
        rows = [_row(group, width) for group in groups[: MOST if kind.worse else MOST_OTHERS]]
        rest = sum(len(group) for group in groups[len(rows) :])
        more = [f"and {rest:,} more"] if rest else []
        yield kind.name, [f"{count(len(changes), 'check')}: {kind.meaning}", *rows, *more]
    if found.moved:
        moved = [f"{change(one)} {name}" for name, one in found.moved[:MOST]]
        yield "speed", [f"{count(len(found.moved), 'time')} moved by 3 % or more: run bench ab to decide", *moved]
    alike_count = found.compared - sum(1 for change in found.changes if change.base and change.head)
    yield "compared", [f"{count(found.compared, 'check')}, {alike_count:,} as before"]
    yield "", [found.headline]


def _row(group: list[Change], width: int) -> str:
    first = group[0]
    told = f"{first.record.backend}  {coverage.asked_of([one.record for one in group])}  {first.was} -> {first.now}"
    reason = first.record.reason if first.head else ""
    return line(f"{told}: {reason}" if reason else told, 3 * width)
