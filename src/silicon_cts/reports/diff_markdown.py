"""What does a CI job show of the difference of two runs? Markdown that fits a GitHub job summary."""

from __future__ import annotations

from collections.abc import Iterator

from silicon_cts.reports import coverage, description
from silicon_cts.reports.diff import Change, Diff, alike
from silicon_cts.reports.markdown import LIMIT, escape
from silicon_cts.reports.speed import change
from silicon_cts.reports.text import count, place

_MOST = (500, 100, 20, 0)
"""Rows of each kind: as many as fit."""
_TABLE = ("| backend | operator | BASE | HEAD | reason |", "| --- | --- | --- | --- | --- |")


def render(found: Diff) -> str:
    """The difference in Markdown, below :data:`silicon_cts.reports.markdown.LIMIT` bytes."""
    fitting = (text for most in _MOST if len((text := _text(found, most)).encode("utf-8", "replace")) < LIMIT)
    return next(fitting, f"# {found.headline}\n")


def _text(found: Diff, most: int) -> str:
    rows = (row for part in _changes(found, most) for row in part)
    return "\n".join([*_heading(found), *rows, *_moved(found, most)]) + "\n"


def _heading(found: Diff) -> Iterator[str]:
    yield f"# {found.headline}"
    yield ""
    for name, run in (("BASE", found.base), ("HEAD", found.head)):
        yield f"- {name} `{place(run.path).replace('`', '')}` {escape(description.title(run), 400)}"
    for doubt in found.doubts:
        yield from ("", f"> **{escape(doubt, 400)}**")
    if found.differing:
        yield from ("", "**Machine, versions or options differ:**", "", "| | BASE | HEAD |", "| --- | --- | --- |")
        yield from (f"| {' | '.join(map(escape, row))} |" for row in found.differing)
    yield from ("", f"{count(found.compared, 'check')} compared.", "")


def _changes(found: Diff, most: int) -> Iterator[list[str]]:
    for kind, changes in found.by_kind.items():
        groups = alike(changes)
        rows = [_row(group) for group in groups[:most]]
        rest = sum(len(group) for group in groups[most:])
        table = [*_TABLE, *rows] if rows else []
        more = ["", f"and {rest:,} more"] if rest else []
        title = f"{kind.name}, {count(len(changes), 'check')}: {kind.meaning}"
        if kind.worse:
            yield [f"## {title}", "", *table, *more, ""]
        else:
            yield [f"<details><summary>{title}</summary>", "", *table, *more, "", "</details>", ""]


def _moved(found: Diff, most: int) -> Iterator[str]:
    if found.moved:
        yield f"## speed, {count(len(found.moved), 'time')} moved by 3 % or more: run bench ab to decide"
        yield from ("", "| change | benchmark |", "| --- | --- |")
        yield from (f"| {change(one)} | {escape(name)} |" for name, one in found.moved[:most])
        yield ""


def _row(group: list[Change]) -> str:
    first = group[0]
    operator = coverage.asked_of([one.record for one in group])
    cells = (first.record.backend, operator, first.was, first.now, first.record.reason if first.head else "")
    return f"| {' | '.join(escape(cell, 300) for cell in cells)} |"
