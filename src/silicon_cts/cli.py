"""What can be asked of silicon-cts outside of pytest? One function a subcommand; heavy imports inside them.

Those that compare runs and benchmarks are in :mod:`silicon_cts.commands`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from silicon_cts import __version__
from silicon_cts.commands import baseline, bench, diff, history, merge, query, sensitivity
from silicon_cts.commands.shared import (
    KNOWN_ISSUES,
    LATEST,
    MISTAKE,
    NO_ACCELERATOR,
    OK,
    MistakeError,
    append_to,
    read_run,
    run_argument,
)


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
    from silicon_cts.reports import markdown, terminal

    run = read_run(asked.run)
    problem = ""
    try:
        reports.write(run)
    except OSError as error:
        problem = f"cannot write into {run.path}: {error.strerror or error}"
    if asked.append is not None:
        append_to(asked.append, markdown.render(run))
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
    """Print what could be added to ``suites/known_issues.toml`` for the new failures of a run, or what is in it."""
    if asked.list is not None:
        if asked.run != LATEST:
            raise MistakeError("issues are proposed for a RUN, and --list prints those there are: give one of them")
        return _expected(asked.list, asked.backend)
    if asked.backend:
        raise MistakeError("--backend chooses what --list prints: give both, or neither")
    from silicon_cts.records.known_issues import propose

    sys.stdout.write(propose(read_run(asked.run)).rstrip("\n") + "\n")
    return OK


def _expected(path: Path, backends: Sequence[str]) -> int:
    """Print the known issues of a file that apply here, by backend and kind."""
    import shutil

    from silicon_cts.records import known_issues as known
    from silicon_cts.records.fingerprint import versions
    from silicon_cts.reports import expected

    if not path.is_file():
        raise MistakeError(f"there is no {path}: run in the checkout, or give the file as --list FILE")
    try:
        issues = known.load(path, versions()).issues
    except known.KnownIssuesError as error:
        raise MistakeError(str(error)) from error
    names = dict.fromkeys(issue.backend for issue in issues)
    if absent := [name for name in backends if name not in names]:
        others = f"it has some of {', '.join(names)}" if names else "it has none for these versions"
        raise MistakeError(f"{path} expects nothing of {', '.join(absent)}: {others}")
    chosen = [issue for issue in issues if not backends or issue.backend in backends]
    sys.stdout.write(expected.render(chosen, shutil.get_terminal_size((100, 24)).columns))
    return OK


def _parser() -> Parser:
    parser = Parser(prog="silicon-cts", description="Conformance test suite for PyTorch on Apple silicon.")
    parser.add_argument("--version", action="version", version=f"silicon-cts {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    command = commands.add_parser("report", help="renew the report of a run and print it")
    run_argument(command)
    command.add_argument("--append", type=Path, metavar="FILE", help="add summary.md to the end of a file")
    command.set_defaults(command=report)

    command = commands.add_parser("doctor", help="what can be tested on this machine, and what would change that")
    command.add_argument(
        "--backend", action="append", default=[], metavar="NAME", help="ask for this one too: torch:xpu, for example"
    )
    command.set_defaults(command=doctor)

    command = commands.add_parser(
        "known-issues", help="propose known issues for the new failures of a run, or list those there are"
    )
    run_argument(command)
    command.add_argument(
        "--list", nargs="?", type=Path, const=KNOWN_ISSUES, metavar="FILE",
        help=f"print those that apply here instead, by backend and kind of mistake; of {KNOWN_ISSUES} if not given",
    )  # fmt: skip
    command.add_argument("--backend", action="append", default=[], metavar="NAME", help="list this one's (repeatable)")
    command.set_defaults(command=known_issues)

    for module in (diff, merge, query, history, bench, baseline, sensitivity):
        module.add(commands)
    return parser


def _never_fail_to_encode(stream: TextIO) -> None:
    """A terminal that lacks a character shows ``?``."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
