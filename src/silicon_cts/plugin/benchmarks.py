"""How does pytest run benchmarks: alone, in one process, timed by a clock that waits, kept with their machine?

Any ``--benchmark-*`` option, or ``-m benchmark``, makes a run a benchmark run: everything else is deselected. In any
other run the benchmarks are. Only in a project whose runs are conformance runs; elsewhere pytest-benchmark is left be.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from silicon_cts.plugin import compared
from silicon_cts.plugin.benchmark_run import STATE, State, Writer, is_under_xdist
from silicon_cts.plugin.options import KNOWN_ISSUES_INI
from silicon_cts.plugin.staging import Replay, Staging
from silicon_cts.plugin.timing import Timing, device_of
from silicon_cts.records import fingerprint

if TYPE_CHECKING:
    from silicon_cts.benchmarks.measure import Case

_DEFAULT_STORAGE = "file://./.benchmarks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options beside pytest-benchmark's own."""
    group = parser.getgroup("benchmark")
    group.addoption(
        "--benchmark-names", type=Path, metavar="FILE", help="only the benchmarks named in FILE, one a line"
    )
    group.addoption("--benchmark-seconds", type=float, default=0.2, metavar="S", help="about as long for each (0.2)")
    group.addoption(
        "--benchmark-accept", action="append", default=[], metavar="CONDITION",
        help="with --benchmark-compare: compare although this spoils times (virtual, battery, throttled)",
    )  # fmt: skip


def wants_benchmarks(config: pytest.Config) -> bool:
    """Whether this run was asked for benchmarks: by any of their options, or by ``-m benchmark``."""
    given = [*map(str, config.invocation_params.args), *shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))]
    by_option = any(one.startswith("--benchmark-") and not one.startswith("--benchmark-skip") for one in given)
    return by_option or re.search(r"(?<!not )\bbenchmark\b", config.option.markexpr or "") is not None


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before pytest-benchmark looks for stored runs: its storage is that of this very machine."""
    metrics = "first_call, steady, shape_growth"
    config.addinivalue_line("markers", f"metric(name): what a benchmark of a torch device times: {metrics}")
    if not config.getini(KNOWN_ISSUES_INI) or not wants_benchmarks(config):
        return
    if is_under_xdist(config):
        raise pytest.UsageError("benchmarks run in one process, or they slow each other down: leave out -n and --dist")
    config.stash[STATE] = State(config)
    if config.option.benchmark_storage == _DEFAULT_STORAGE:
        from silicon_cts.benchmarks import baselines

        folder = config.rootpath / compared.BASELINES / baselines.name(fingerprint.fingerprint())
        config.option.benchmark_storage = f"file://{folder}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise a test that takes ``timing`` over the benchmarks of its metric on the torch devices that are here.

    One that takes ``staging``, over those of all stages on the backends that run programs.
    """
    fixture = next((name for name in ("timing", "staging") if name in metafunc.fixturenames), None)
    if fixture is None:
        return
    state = metafunc.config.stash.get(STATE, None)
    found = [] if state is None else _staged(state) if fixture == "staging" else _timed(state, metafunc.definition)
    metafunc.parametrize(fixture, found, indirect=True)


def _timed(state: State, test: pytest.Item) -> list[Any]:
    from silicon_cts.benchmarks.clocks import Clock, Late
    from silicon_cts.benchmarks.measure import cases

    marker, session = test.get_closest_marker("metric"), state.session
    metric = str(marker.args[0]) if marker is not None else "steady"
    devices = {name: device for name in session.present if (device := device_of(session, name))}
    return [
        _parameter(state, case, case, Clock(Late(devices[case.backend])))
        for case in cases(devices, metric)
        if state.wants(case)
    ]


def _staged(state: State) -> list[Any]:
    from silicon_cts.benchmarks.programs.table import cases, runs_programs

    programs = [name for name in state.session.present if runs_programs(name)]
    return [
        _parameter(state, case, (case, replay), replay)
        for case in cases(programs)
        if state.wants(case)
        for replay in [Replay()]
    ]


def _parameter(state: State, case: Case, value: Any, timer: Callable[[], float]) -> Any:
    marks = [getattr(pytest.mark, mark) for mark in state.session.backend(case.backend).marks]
    return pytest.param(
        value, id=case.name, marks=[pytest.mark.benchmark(timer=timer, group=f"{case.row.id} {case.metric}"), *marks]
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Benchmarks alone, or everything but benchmarks."""
    if not config.getini(KNOWN_ISSUES_INI):
        return
    wanted = STATE in config.stash
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        (kept if ("benchmark" in getattr(item, "fixturenames", ())) == wanted else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the run folder before the first benchmark."""
    state = session.config.stash.get(STATE, None)
    if state is not None and session.items and not session.config.option.collectonly:
        asked = (getattr(item, "callspec", None) for item in session.items)
        state.collected = frozenset(one.id for one in asked if one and {"timing", "staging"} & one.params.keys())
        state.prepare()


@pytest.fixture
def timing(request: pytest.FixtureRequest, benchmark: Any) -> Timing:
    """One benchmark: parametrised over the table, the dtypes and the backends."""
    return Timing(request.param, request.config.stash[STATE], benchmark, request.node)


@pytest.fixture
def staging(request: pytest.FixtureRequest, benchmark: Any) -> Staging:
    """One stage of a program: parametrised over the table, the dtypes, the backends and the stages that they have."""
    case, replay = request.param
    return Staging(case, replay, request.config.stash[STATE], benchmark, request.node)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let measurements be written."""
    state = session.config.stash.get(STATE, None)
    if state is not None:
        session.config.pluginmanager.register(Writer(state), "silicon-cts-measurements")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    """Close the run folder; with ``--benchmark-compare`` hold the run against the pinned baseline."""
    state = session.config.stash.get(STATE, None)
    if state is None or state.folder is None:
        return
    state.close()
    state.folder.finish(exit_status=int(exitstatus), seconds=round(time.monotonic() - state.begin, 1))
    if session.config.option.benchmark_compare:
        compared.judge(state)
        if (state.failure or (state.passage and not state.passage.passed)) and int(exitstatus) == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Where the measurements lie, and what the gate says."""
    state = config.stash.get(STATE, None)
    if state is None or state.folder is None:
        return
    terminalreporter.section("silicon-cts benchmarks")
    terminalreporter.write_line(f"run        {state.folder.path}")
    if state.failure:
        terminalreporter.write_line(f"FAILED     {state.failure}")
    if state.passage is not None:
        from silicon_cts.reports import speed

        terminalreporter.write_line(speed.passage(state.passage))
