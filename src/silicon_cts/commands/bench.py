"""``silicon-cts bench``: measure in several processes, compare two environments, or hold a run against its baseline."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silicon_cts.commands.shared import BASELINES, OK, RUNS, WORSE, MistakeError, newest

if TYPE_CHECKING:
    from silicon_cts.benchmarks.collect import Environment

SUITE = "suites/benchmarks"
CONDITIONS = ("xdist", "battery", "throttled", "unread", "virtual", "unknown")
"""As :data:`silicon_cts.benchmarks.conditions.NAMES`; here without the import, held by a test."""


def add(commands: Any) -> None:
    """Give the subcommands to the parser."""
    command = commands.add_parser("bench", help="measure, compare two environments, or judge a run by its baseline")
    kinds = command.add_subparsers(required=True, metavar="KIND", parser_class=type(command))

    kind = kinds.add_parser("run", help="measure in several processes, into one run folder")
    _selection(kind)
    kind.add_argument("--processes", type=int, default=5, metavar="N", help="processes (5)")
    kind.add_argument("--python", default=sys.executable, metavar="PYTHON", help="interpreter of another environment")
    kind.set_defaults(command=run)

    kind = kinds.add_parser("ab", help="did HEAD slow me down? Interleaved processes until each benchmark is decided")
    kind.add_argument("--base", required=True, metavar="PYTHON", help="interpreter of the environment to compare with")
    kind.add_argument("--head", required=True, metavar="PYTHON", help="interpreter of the environment in question")
    _selection(kind)
    kind.add_argument("--minutes", type=float, default=30.0, metavar="M", help="most time to spend (30)")
    _acceptance(kind)
    kind.set_defaults(command=ab)

    kind = kinds.add_parser("gate", help="hold a run against the pinned baseline of its machine")
    kind.add_argument("run", nargs="?", type=Path, metavar="RUN", help="run folder; the newest that measured")
    kind.add_argument("--baseline", type=Path, metavar="FILE", help="this one, also of another machine")
    _acceptance(kind)
    kind.set_defaults(command=gate)


def _selection(kind: argparse.ArgumentParser) -> None:
    kind.add_argument("-k", dest="keyword", metavar="EXPRESSION", help="only benchmarks that match, as in pytest")
    kind.add_argument("--backend", action="append", default=[], metavar="NAME", help="only this backend (repeatable)")
    kind.add_argument("--seconds", type=float, default=0.2, metavar="S", help="about as long for each benchmark (0.2)")
    kind.add_argument("--suite", default=SUITE, metavar="PATH", help=f"where the benchmarks are ({SUITE})")


def _acceptance(kind: argparse.ArgumentParser) -> None:
    kind.add_argument(
        "--accept", action="append", default=[], choices=CONDITIONS, help="compare although this spoils times"
    )


def run(asked: argparse.Namespace) -> int:
    """Measure; status 1 when a benchmark failed."""
    from silicon_cts.benchmarks import collect
    from silicon_cts.records.run_folder import new_path, point_latest

    if asked.processes < 1:
        raise MistakeError(f"--processes {asked.processes}: give 1 or more")
    environment = _environment(asked.python, asked)
    sessions = []
    try:
        environment.versions()
        for process in range(asked.processes):
            print(f"process {process + 1} of {asked.processes}", file=sys.stderr)
            sessions.append(environment.measure(process=process))
        path = collect.write(new_path(RUNS), sessions)
        point_latest(path)
    except (collect.CollectError, OSError) as error:
        raise MistakeError(str(error)) from error
    failed = [one for session in sessions for one in session.measured if one.outcome == "errored"]
    for one in failed:
        print(f"errored    {one.benchmark}: {one.reason}")
    print(f"run        {path}")
    return WORSE if failed else OK


def ab(asked: argparse.Namespace) -> int:
    """Compare; status 1 when something is slower, or could not be compared."""
    from silicon_cts.benchmarks import ab as comparing
    from silicon_cts.benchmarks.collect import CollectError
    from silicon_cts.benchmarks.conditions import problems
    from silicon_cts.records.measurement import Measurement
    from silicon_cts.reports import speed

    sides = {"base": _environment(asked.base, asked), "head": _environment(asked.head, asked)}
    spoilt: list[str] = []

    def measure(side: comparing.Side, names: Any) -> tuple[Measurement, ...]:
        session = sides[side].measure(names)
        spoilt[:] = dict.fromkeys([*spoilt, *problems(session.described, session.measured, asked.accept)])
        return session.measured

    try:
        for name, environment in sides.items():
            told = "  ".join(f"{package} {version}" for package, version in environment.versions().items())
            print(f"{name.upper()}  {environment.python}  {told}")
        standing = None
        for standing in comparing.compare(measure, seconds=asked.minutes * 60):
            print(speed.comparison(standing, finished=False), file=sys.stderr)
            if spoilt:
                raise MistakeError(f"not compared: {spoilt[0]}")
    except CollectError as error:
        raise MistakeError(str(error)) from error
    assert standing is not None
    print(speed.comparison(standing))
    return OK if standing.passed else WORSE


def gate(asked: argparse.Namespace) -> int:
    """Judge; status 1 when it does not pass."""
    from silicon_cts.benchmarks import baselines
    from silicon_cts.benchmarks import gate as judging
    from silicon_cts.records.measurement import MEASUREMENTS
    from silicon_cts.reports import speed

    try:
        session = baselines.read_session(asked.run or newest(MEASUREMENTS))
        path = asked.baseline or BASELINES / baselines.name(session.fingerprint) / baselines.PINNED
        found = judging.judge(baselines.read(path), session, accepted=asked.accept, across=asked.baseline is not None)
    except baselines.BaselineError as error:
        print(f"FAILED     {error}")
        return WORSE
    print(speed.passage(found))
    return OK if found.passed else WORSE


def _environment(python: str, asked: argparse.Namespace) -> Environment:
    from silicon_cts.benchmarks.collect import Environment

    chosen = [f"--backend={name}" for name in asked.backend]
    keyword = ["-k", asked.keyword] if asked.keyword else []
    arguments = (asked.suite, *keyword, *chosen, f"--benchmark-seconds={asked.seconds}")
    return Environment(python, arguments, Path.cwd())
