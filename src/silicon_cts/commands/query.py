"""``silicon-cts query "SELECT ..."``: what do all runs together say?"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from silicon_cts.commands.shared import OK, RUNS, MistakeError

Rows = Sequence[Sequence[Any]]


def add(commands: Any) -> None:
    """Give the subcommand to the parser."""
    command = commands.add_parser("query", help="ask all run folders in SQL: views runs, records, benchmarks")
    command.add_argument("sql", metavar="SQL", help="one statement; reports/README.md documents the views")
    command.add_argument(
        "--runs", type=Path, action="append", metavar="DIR", help=f"look for run folders here (repeatable); {RUNS}"
    )
    command.add_argument("--format", choices=list(_FORMATS), default="table", help="how the answer is written")
    command.set_defaults(command=query)


def query(asked: argparse.Namespace) -> int:
    """Print the answer."""
    from silicon_cts.records.queries import QueryError, ask, connect

    try:
        names, rows = ask(connect(asked.runs or [RUNS]), asked.sql)
    except QueryError as error:
        raise MistakeError(str(error)) from None
    _FORMATS[asked.format](names, rows)
    return OK


def _table(names: Sequence[str], rows: Rows) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from silicon_cts.reports.text import count, line

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(names):
        numbers = all(isinstance(row[place], int | float) for row in rows if row[place] is not None)
        table.add_column(name, justify="right" if numbers and rows else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(line(_shown(value), 1000)) for value in row))
    width = shutil.get_terminal_size((120, 24)).columns
    Console(width=width, color_system=None, highlight=False, markup=False, emoji=False).print(table)
    print(count(len(rows), "row"))


def _csv(names: Sequence[str], rows: Rows) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)


def _json(names: Sequence[str], rows: Rows) -> None:
    for row in rows:
        print(json.dumps(dict(zip(names, row, strict=True)), default=str))


def _markdown(names: Sequence[str], rows: Rows) -> None:
    from silicon_cts.reports.markdown import escape

    for row in (names, ["---"] * len(names), *rows):
        print(f"| {' | '.join(str(cell) if cell == '---' else escape(_shown(cell), 1000) for cell in row)} |")


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


_FORMATS: Mapping[str, Callable[[Sequence[str], Rows], None]] = {
    "table": _table,
    "csv": _csv,
    "json": _json,
    "markdown": _markdown,
}
