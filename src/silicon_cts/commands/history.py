"""``silicon-cts history``: how did the times of a benchmark go, over runs and versions, and where did they change?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from silicon_cts.commands.shared import BASELINES, OK, RUNS, MistakeError, write_to


def add(commands: Any) -> None:
    """Give the subcommand to the parser."""
    command = commands.add_parser("history", help="times of benchmarks over runs and versions, with their changes")
    command.add_argument("-k", dest="part", default="", metavar="PART", help="only benchmarks whose name holds this")
    command.add_argument(
        "--runs", type=Path, action="append", metavar="DIR", help=f"look for run folders here (repeatable); {RUNS}"
    )
    command.add_argument(
        "--baselines", type=Path, default=BASELINES, metavar="DIR", help=f"read what is pinned here too; {BASELINES}"
    )
    command.add_argument("--html", type=Path, metavar="FILE", help="write it as a page with plots too")
    command.set_defaults(command=history)


def history(asked: argparse.Namespace) -> int:
    """Print a table for each benchmark and machine, from all run folders and pinned sessions."""
    from silicon_cts.benchmarks.baselines import BaselineError, listed, read
    from silicon_cts.records.queries import QueryError, ask, connect
    from silicon_cts.reports import history as histories

    try:
        pinned = [session for path in listed(asked.baselines) for session in read(path).sessions]
    except BaselineError as error:
        raise MistakeError(str(error)) from None
    try:
        _, rows = ask(connect(asked.runs or [RUNS]), histories.SQL)
    except QueryError as error:
        if not pinned:
            raise MistakeError(str(error)) from None
        print(f"note: {error}", file=sys.stderr)
        rows = []
    found = histories.histories(row for row in histories.merged(rows, pinned) if asked.part in str(row[0]))
    if not found:
        raise MistakeError(
            f"no benchmark whose name holds {asked.part!r} was measured in any run"
            if asked.part
            else "no benchmark was measured in any run: pytest --benchmark-only measures"
        )
    if asked.html is not None:
        write_to(asked.html, histories.page(found))
    sys.stdout.write("\n".join(histories.table(one) for one in found))
    return OK
