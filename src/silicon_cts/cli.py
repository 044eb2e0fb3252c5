"""What can be asked of silicon-cts outside of pytest? One function a subcommand; heavy imports inside them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from silicon_cts import __version__

if TYPE_CHECKING:
    from silicon_cts.records.run_folder import Run

LATEST = Path("reports/runs/latest")
OK, MISTAKE, NO_ACCELERATOR = 0, 2, 3
"""Exit statuses."""


class MistakeError(Exception):
    """Something that the person at the keyboard can put right; the message is one sentence."""


class Parser(argparse.ArgumentParser):
    """Says a mistake in one sentence, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        self.exit(MISTAKE, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command ``silicon-cts``; returns its exit status."""
    asked = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_encode(stream)
    try:
        status: int = asked.command(asked)
        sys.stdout.flush()
    except MistakeError as mistake:
        print(f"silicon-cts: {mistake}", file=sys.stderr)
        return MISTAKE
    except BrokenPipeError:  # the reader, as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return 130
    return status


def report(asked: argparse.Namespace) -> int:
    """Renew ``summary.md`` and ``index.html`` of a run and print its end-of-run text."""
    import shutil

    from silicon_cts import reports
    from silicon_cts.reports import terminal

    run = _read(asked.run)
    problem = ""
    try:
        reports.write(run)
    except OSError as error:
        problem = f"cannot write into {run.path}: {error.strerror or error}"
    sys.stdout.write(terminal.render(run, shutil.get_terminal_size((100, 24)).columns))
    if problem:
        raise MistakeError(problem)
    return OK


def doctor(asked: argparse.Namespace) -> int:
    """Print the machine, the versions and the backends; status 3 when no accelerator can be tested."""
    from silicon_cts.backends import registry
    from silicon_cts.reports import doctor as examination

    for name in asked.backend:
        try:
            registry.get(name)
        except registry.UnknownBackendError as error:
            raise MistakeError(str(error)) from error
    findings = examination.examine(dict.fromkeys([*registry.names(), *asked.backend]))
    sys.stdout.write(examination.render(findings))
    return OK if any(finding.is_accelerator for finding in findings) else NO_ACCELERATOR


def known_issues(asked: argparse.Namespace) -> int:
    """Print what could be added to ``suites/known_issues.toml`` for the new failures of a run."""
    from silicon_cts.records.known_issues import propose

    sys.stdout.write(propose(_read(asked.run)).rstrip("\n") + "\n")
    return OK


def _read(path: Path) -> Run:
    """The run at a path: its folder, or a file in it."""
    from silicon_cts.records.run_folder import RECORDS, RUN, RunFolderError, read

    if not path.exists():
        raise MistakeError(
            f"there is no run at {path}: give the path of a run folder; pytest makes them in reports/runs"
        )
    try:
        return read(path.parent if path.is_file() and path.name in (RECORDS, RUN) else path)
    except (RunFolderError, OSError) as error:
        raise MistakeError(str(error)) from error


def _parser() -> Parser:
    parser = Parser(prog="silicon-cts", description="Conformance test suite for PyTorch on Apple silicon.")
    parser.add_argument("--version", action="version", version=f"silicon-cts {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    command = commands.add_parser("report", help="renew the report of a run and print it")
    _run_argument(command)
    command.set_defaults(command=report)

    command = commands.add_parser("doctor", help="what can be tested on this machine, and what would change that")
    command.add_argument(
        "--backend", action="append", default=[], metavar="NAME", help="ask for this one too: torch:xpu, for example"
    )
    command.set_defaults(command=doctor)

    command = commands.add_parser("known-issues", help="propose known issues for the new failures of a run")
    _run_argument(command)
    command.set_defaults(command=known_issues)
    return parser


def _run_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "run", nargs="?", type=Path, default=LATEST, metavar="RUN", help=f"run folder; {LATEST} if not given"
    )


def _never_fail_to_encode(stream: TextIO) -> None:
    """A terminal that lacks a character shows ``?``."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
