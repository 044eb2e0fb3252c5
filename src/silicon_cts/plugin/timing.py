"""How is one benchmark run and its measurement kept, and what does a benchmark run hold while it runs?"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from silicon_cts.plugin.session import SESSION, Session
from silicon_cts.records import fingerprint, measurement, run_folder
from silicon_cts.records.measurement import Measurement
from silicon_cts.records.run_folder import RunFolder, RunFolderError

if TYPE_CHECKING:
    from silicon_cts.benchmarks.clocks import Clock
    from silicon_cts.benchmarks.figures import Peak
    from silicon_cts.benchmarks.gate import Passage
    from silicon_cts.benchmarks.measure import Case

_PROPERTY = "silicon_cts_measurement"
"""Name of the report property that carries a measurement."""


def is_under_xdist(config: pytest.Config) -> bool:
    """Whether other processes run tests beside this one."""
    return (
        hasattr(config, "workerinput") or config.getoption("dist", "no") != "no" or bool(config.getoption("tx", None))
    )


class State:
    """What a benchmark run holds while it runs."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.folder: RunFolder | None = None
        self.names: frozenset[str] | None = None
        self.collected: frozenset[str] = frozenset()
        self.begin = time.monotonic()
        self.peaks: dict[tuple[str, str], Peak] = {}
        self.tried: set[str] = set()
        """Backends whose clock was found to wait."""
        self.passage: Passage | None = None
        self.failure = ""
        if config.option.benchmark_names is not None:
            try:
                self.names = frozenset(config.option.benchmark_names.read_text(encoding="utf-8").split("\n")) - {""}
            except OSError as error:
                raise pytest.UsageError(f"--benchmark-names: {error}") from None

    @property
    def session(self) -> Session:
        """Backends and options of the run."""
        return self.config.stash[SESSION]

    def prepare(self) -> None:
        """Make the run folder. Raises pytest.UsageError where it cannot be written."""
        given = self.session.options.run_dir
        try:
            path = given or run_folder.new_path(self.session.run_dir_root())
            self.folder = RunFolder(path, {**self.session.describe(), "xdist": is_under_xdist(self.config)})
        except RunFolderError as error:
            raise pytest.UsageError(str(error)) from None


def device_of(session: Session, backend: str) -> str:
    """The torch device of a backend that is PyTorch eager and in this process's reach; empty for any other."""
    from silicon_cts.backends.torch_device import TorchDevice

    found = session.backend(backend)
    return found.device if type(found) is TorchDevice else ""


STATE: pytest.StashKey[State] = pytest.StashKey()
"""Where a pytest config keeps it; only a benchmark run has one."""


class Writer:
    """Writes measurements as they are made; registered in a benchmark run."""

    def __init__(self, state: State) -> None:
        self._state = state

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One line for each benchmark, whatever became of it."""
        found = dict(report.user_properties).get(_PROPERTY)
        if found is None or self._state.folder is None or self._state.config.option.benchmark_disable:
            return
        if report.when == "call" or (report.when == "setup" and not report.passed):
            measurement.append(self._state.folder.path, Measurement.from_json(json.loads(str(found))))


class Timing:
    """One benchmark under test: what the fixture ``timing`` gives."""

    def __init__(self, case: Case, state: State, benchmark: Any, node: pytest.Item) -> None:
        self.case, self._state, self._benchmark, self._node = case, state, benchmark, node

    def first_call(self) -> None:
        """The very first call in this process: what has to be compiled or built is built now."""
        self._measure(rounds=1, warm=False)

    def steady(self) -> None:
        """Call after call, when everything is built and warm."""
        self._measure(rounds=None, warm=True)

    def _measure(self, rounds: int | None, *, warm: bool) -> None:
        from silicon_cts.benchmarks import measure
        from silicon_cts.benchmarks.clocks import Clock, Late

        device = device_of(self._state.session, self.case.backend)
        with _refusal_is_a_skip(self):
            clock = Clock(Late(device))
            self._try(clock, device)
            call = measure.prepare(self.case, device)
            if warm:
                call.run()
                begin = clock()
                call.run()
                rounds = measure.rounds_for(clock() - begin, self._state.config.option.benchmark_seconds)
            self._benchmark.pedantic(call.run, rounds=rounds or 1, warmup_rounds=1 if warm else 0)
        if self._benchmark.disabled:
            return
        key = (self.case.backend, self.case.dtype)
        found = measure.completed(
            self.case,
            list(self._benchmark.stats.stats.data),
            call.work,
            self._state.peaks.get(key),
            memory=measure.memory(device),
            power=fingerprint.power(),
            thermal=fingerprint.thermal(),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        if self.case.metric == "steady" and self.case.direction == "forward":
            self._state.peaks[key] = _raised(self._state.peaks.get(key), self.case.row.operator, found)
        self._benchmark.extra_info.update(
            {"silicon_cts": found.to_json(), "gflops": found.gflops, "gigabytes": found.gigabytes}
        )
        self.say(found)

    def _try(self, clock: Clock, device: str) -> None:
        """Try the device's clock once before it is believed. Raises ClockError."""
        if self.case.backend in self._state.tried:
            return
        import torch

        from silicon_cts.benchmarks.clocks import check

        square = torch.randn(1024, 1024).to(device)
        answer = [square]

        def work() -> None:
            answer[0] = square
            for _ in range(8):
                answer[0] = answer[0] @ square

        check(clock, work, lambda: answer[0].cpu())
        self._state.tried.add(self.case.backend)

    def say(self, found: Measurement) -> None:
        """What travels with pytest's report of this test."""
        self._node.user_properties[:] = [one for one in self._node.user_properties if one[0] != _PROPERTY]
        self._node.user_properties.append((_PROPERTY, json.dumps(found.to_json())))


def _raised(peak: Peak | None, operator: str, found: Measurement) -> Peak:
    from silicon_cts.benchmarks.figures import YARDSTICKS, Peak

    peak = peak or Peak()
    if operator not in YARDSTICKS:
        return peak
    return replace(peak, gflops=found.gflops) if operator == "matmul" else replace(peak, gigabytes=found.gigabytes)


@contextmanager
def _refusal_is_a_skip(timing: Timing) -> Iterator[None]:
    from silicon_cts.backends.outcome import one_line
    from silicon_cts.backends.torch_device import is_refusal

    try:
        yield
    except Exception as error:
        outcome = "skipped" if is_refusal(error) else "errored"
        timing.say(replace(timing.case.blank(), outcome=outcome, reason=one_line(error)))
        if outcome == "skipped":
            pytest.skip(f"unsupported: {one_line(error)}")
        raise
