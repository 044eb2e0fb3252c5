"""``silicon-cts baseline``: which runs are later ones held against, machine by machine?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from silicon_cts.commands.shared import BASELINES, OK, MistakeError


def add(commands: Any) -> None:
    """Give the subcommands to the parser."""
    command = commands.add_parser("baseline", help="pin runs as the baseline of their machine, or list what is pinned")
    kinds = command.add_subparsers(required=True, metavar="KIND", parser_class=type(command))
    kind = kinds.add_parser("pin", help="pin: five or more sessions, so that the spread between them is known")
    kind.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folder with measurements")
    kind.set_defaults(command=pin)
    kind = kinds.add_parser("list", help="what is pinned, by machine")
    kind.set_defaults(command=listed)


def pin(asked: argparse.Namespace) -> int:
    """Pin the runs; prints where."""
    from silicon_cts.benchmarks import baselines
    from silicon_cts.benchmarks.statistics import Rules

    try:
        sessions = [baselines.read_session(path) for path in asked.runs]
        path = baselines.pin(sessions, BASELINES)
    except baselines.BaselineError as error:
        raise MistakeError(str(error)) from error
    print(f"pinned     {path}")
    if len(sessions) < Rules().least:
        print(f"note       {len(sessions)} of {Rules().least} sessions: the gate will say 'undecided: run ab' of times")
    return OK


def listed(asked: argparse.Namespace) -> int:  # noqa: ARG001
    """Print each machine with its sessions."""
    from silicon_cts.benchmarks import baselines
    from silicon_cts.reports.text import count

    for path in baselines.listed(BASELINES):
        try:
            found = baselines.read(path)
        except baselines.BaselineError as error:
            print(f"{path.parent.name}  {error}")
            continue
        benchmarks = {name for session in found.sessions for name in session.times()}
        print(f"{path.parent.name}  {count(len(found.sessions), 'session')}, {count(len(benchmarks), 'benchmark')}")
    return OK
