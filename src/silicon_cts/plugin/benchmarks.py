"""How does pytest run benchmarks: alone, in one process, timed by a clock that waits, kept with their machine?

Any ``--benchmark-*`` option, or ``-m benchmark``, makes a run a benchmark run: everything else is deselected. In any
other run the benchmarks are. Only in a project whose runs are conformance runs; elsewhere pytest-benchmark is left be.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from silicon_cts.plugin import compared
from silicon_cts.plugin.options import KNOWN_ISSUES_INI
from silicon_cts.plugin.timing import STATE, State, Timing, Writer, device_of, is_under_xdist
from silicon_cts.records import fingerprint

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
    config.addinivalue_line("markers", "metric(name): what a benchmark times: first_call, steady")
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
    """Parametrise a test that takes ``timing`` over the benchmarks of its metric, on every backend that is here."""
    if "timing" not in metafunc.fixturenames:
        return
    config = metafunc.config
    if STATE not in config.stash:
        metafunc.parametrize("timing", [], indirect=True)
        return
    from silicon_cts.benchmarks.clocks import Clock, Late
    from silicon_cts.benchmarks.measure import cases

    state = config.stash[STATE]
    session, wanted = state.session, state.session.options.dtypes
    marker = metafunc.definition.get_closest_marker("metric")
    metric = str(marker.args[0]) if marker is not None else "steady"
    timed = [name for name in session.present if device_of(session, name)]
    metafunc.parametrize(
        "timing",
        [
            pytest.param(
                case,
                id=case.name,
                marks=[
                    pytest.mark.benchmark(timer=Clock(Late(device_of(session, case.backend))), group=case.row.id),
                    *(getattr(pytest.mark, mark) for mark in session.backend(case.backend).marks),
                ],
            )
            for case in cases(timed, metric)
            if (wanted is None or case.dtype in wanted)
            and (state.names is None or case.name in state.names)
            and session.options.wants_operator(case.row.operator, case.row.id)
        ],
        indirect=True,
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
        timed = (getattr(item, "callspec", None) for item in session.items)
        state.collected = frozenset(one.params["timing"].name for one in timed if one and "timing" in one.params)
        state.prepare()


@pytest.fixture
def timing(request: pytest.FixtureRequest, benchmark: Any) -> Timing:
    """One benchmark: parametrised over the table, the dtypes and the backends."""
    found = Timing(request.param, request.config.stash[STATE], benchmark, request.node)
    found.say(replace(request.param.blank(), reason="it ended before it was timed"))
    return found


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
