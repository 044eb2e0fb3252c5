"""``silicon-cts merge RUN RUN ... --output DIR``: one report of the runs of many machines."""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silicon_cts.commands.shared import OK, MistakeError, read_run

if TYPE_CHECKING:
    from silicon_cts.records.run_folder import Run


def add(commands: Any) -> None:
    """Give the subcommand to the parser."""
    command = commands.add_parser("merge", help="one report of the runs of many machines, machine by machine")
    command.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="run folder, or a folder with run folders in it"
    )
    command.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="where the merged run folder is written"
    )
    command.add_argument(
        "--days",
        type=float,
        metavar="N",
        help="only runs that began in the last N days: tonight's, of folders that stay",
    )
    command.set_defaults(command=merge)


def merge(asked: argparse.Namespace) -> int:
    """Write the run folder with its reports and print its end-of-run text."""
    from silicon_cts import reports
    from silicon_cts.records.queries import folders
    from silicon_cts.records.run_folder import RunFolderError, read
    from silicon_cts.reports import fleet, terminal
    from silicon_cts.reports.text import count

    for path in asked.runs:
        if not folders([path.resolve()]):
            raise MistakeError(f"there is no run in {path}: give run folders, or a folder with run folders in it")
    runs = [read_run(path) for path in folders(path.resolve() for path in asked.runs)]
    if asked.days is not None:
        runs = [run for run in runs if _is_young(run, asked.days)]
        if not runs:
            raise MistakeError(f"none of the runs began in the last {asked.days:g} days: give more --days")
    found = fleet.fleet(runs)
    try:
        fleet.write(asked.output, found)
        run = read(asked.output)
        reports.write(run)
    except (RunFolderError, OSError) as error:
        raise MistakeError(str(error)) from error
    sys.stdout.write(terminal.render(run, shutil.get_terminal_size((100, 24)).columns))
    for machine in found:
        if machine.superseded:
            told = f"{count(len(machine.runs), 'run')}; {count(machine.superseded, 'older record')} left out"
            print(f"note       {machine.label}: {told}: the newest of each check is kept")
    return OK


def _is_young(run: Run, days: float) -> bool:
    """Whether it began less than so many days ago; one that does not say when is old."""
    try:
        start = datetime.fromisoformat(str(run.description.get("start")))
    except ValueError:
        return False
    return datetime.now(UTC) - start.astimezone(UTC) < timedelta(days=days)
