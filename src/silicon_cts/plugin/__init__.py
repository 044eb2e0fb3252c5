"""How pytest drives it: options, markers, parametrisation, records and the report at the end.

Loaded by pytest in every project where silicon-cts is installed, so it stays silent and cheap unless a test asks for
one of its fixtures: no torch, no backend, no run folder before that.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from silicon_cts.plugin import each, options, parametrise
from silicon_cts.plugin.recorder import Recorder
from silicon_cts.plugin.session import SESSION, Session
from silicon_cts.records import fingerprint, kept

if TYPE_CHECKING:
    from silicon_cts.plugin.check import Check

MARKERS = {
    "operators": "checks every operator of PyTorch's op_db",
    "modules": "checks every module of PyTorch's module_db",
    "models": "runs every model of the catalog",
    "training(way, ...)": "trains the models of the catalog: one_step, fifty_steps, autocast_float16, ...",
    "aspect(name)": "what the test asks of an operator: forward, gradient",
    "cpu": "runs on PyTorch's CPU backend, the control",
    "mps": "runs on the Apple GPU through PyTorch's MPS backend",
    "cuda": "runs on a CUDA or ROCm GPU",
    "torch_device": "runs on another device that torch knows, --backend torch:NAME",
    "control": "runs on a right implementation that is not the yardstick",
    "simulated": "runs on a simulated accelerator, with --fault FAULT under one of its faults",
    "coreai": "runs on Apple's Core AI runtime",
    "coreml": "runs on Core ML, or on what coremltools converts for it",
    "ane": "asks for the Apple Neural Engine",
}
pytest_plugins = ("silicon_cts.plugin.benchmarks", "silicon_cts.plugin.compared")
_RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """See :mod:`silicon_cts.plugin.options`."""
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, check the options, and record where the verdicts are printed."""
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    checked = options.check(config)
    session = Session(config, checked)
    config.stash[SESSION] = session
    for name in session.backend_names if session.is_conformance_project else ():
        for mark in session.backend(name).marks:
            if mark not in MARKERS:
                config.addinivalue_line("markers", f"{mark}: runs on backend {name}")
    if not hasattr(config, "workerinput"):
        options.check_globs(checked)
        if session.is_conformance_project:
            _ = session.known_issues
            _ = session.regressions
            if session.kept_in is not None:
                kept.tidy(session.kept_in)
        recorder = Recorder(session)
        config.stash[_RECORDER] = recorder
        config.pluginmanager.register(recorder, "silicon-cts-recorder")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The fingerprint, and which backends are here, absent and why."""
    session = config.stash[SESSION]
    if not session.is_conformance_project:
        return []
    lines = [fingerprint.headline({**fingerprint.fingerprint(), "versions": session.versions})]
    lines += [f"backend {name}: {absence or 'here'}" for name, absence in session.absences.items()]
    lines.append(f"budget {session.options.budget}, seed {session.options.seed}")
    if session.kept_in is not None and (findings := kept.count(session.kept_in)):
        lines.append(f"cache: {findings:,} findings of earlier runs are not found again (--cache-clear)")
    return lines


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """See :mod:`silicon_cts.plugin.parametrise`."""
    parametrise.generate(metafunc)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Operator by operator, all aspects of each; then no line is begun for the file of each aspect."""
    ordered = parametrise.by_operator(items)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and ordered != items:
        reporter.showfspath = False
    items[:] = ordered


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the run folder before the first test, so that an unwritable one is an error at once."""
    gc.freeze()  # thousands of tests and op_db never go away: no collection need walk them again
    config = session.config
    asks = any("check" in getattr(item, "fixturenames", ()) for item in session.items)
    if asks and not config.option.collectonly and _RECORDER in config.stash:
        config.stash[_RECORDER].prepare()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    """End the workers, write the reports; a run in which a known issue no longer happens has failed already."""
    own = session.config.stash[SESSION]
    own.close()
    if own.is_conformance_project:
        each.tell(session.config, own)
    if _RECORDER in session.config.stash:
        session.config.stash[_RECORDER].finish(int(exitstatus))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The coverage table and where the report lies."""
    recorder = config.stash.get(_RECORDER, None)
    if recorder is None or recorder.finished_run is None:
        return
    from silicon_cts.reports import terminal

    terminalreporter.section("silicon-cts")
    terminalreporter.write_line(terminal.render(recorder.finished_run, terminalreporter._tw.fullwidth))


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Check:
    """One aspect of one operator in one dtype on one backend: parametrised over all of them."""
    from silicon_cts.plugin.check import Check

    return Check(request.param, request.config.stash[SESSION], request.node)


@pytest.fixture
def backend_here(request: pytest.FixtureRequest) -> str:
    """The name of a backend that is on this machine; the test is skipped, with the reason, if it is not."""
    absence = request.config.stash[SESSION].absences[request.param]
    if absence is not None:
        pytest.skip(f"backend {request.param} is absent: {absence}")
    return str(request.param)
