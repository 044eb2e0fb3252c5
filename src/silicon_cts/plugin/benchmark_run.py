"""What does a benchmark run hold while it runs, and how are its measurements kept?"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from silicon_cts.plugin.session import SESSION, Session
from silicon_cts.records import fingerprint, measurement, run_folder
from silicon_cts.records.measurement import Measurement
from silicon_cts.records.run_folder import RunFolder, RunFolderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from silicon_cts.benchmarks.figures import Peak, Work
    from silicon_cts.benchmarks.gate import Passage
    from silicon_cts.benchmarks.measure import Case
    from silicon_cts.benchmarks.programs.timed import Times

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
        self._times: dict[str, Times] = {}
        if config.option.benchmark_names is not None:
            try:
                self.names = frozenset(config.option.benchmark_names.read_text(encoding="utf-8").split("\n")) - {""}
            except OSError as error:
                raise pytest.UsageError(f"--benchmark-names: {error}") from None

    @property
    def session(self) -> Session:
        """Backends and options of the run."""
        return self.config.stash[SESSION]

    def wants(self, case: Case) -> bool:
        """Whether a benchmark was asked for."""
        options = self.session.options
        return (
            (options.dtypes is None or case.dtype in options.dtypes)
            and (self.names is None or case.name in self.names)
            and options.wants_operator(case.row.operator, case.row.id)
        )

    def prepare(self) -> None:
        """Make the run folder. Raises pytest.UsageError where it cannot be written."""
        given = self.session.options.run_dir
        try:
            path = given or run_folder.new_path(self.session.run_dir_root())
            self.folder = RunFolder(path, {**self.session.describe(), "xdist": is_under_xdist(self.config)})
        except RunFolderError as error:
            raise pytest.UsageError(str(error)) from None
        if given is None:
            run_folder.point_latest(path)

    def times(self, backend: str) -> Times:
        """The programs of a backend, with their process."""
        from silicon_cts.benchmarks.programs.timed import Times

        if backend not in self._times:
            self.close()
            self._times[backend] = Times(backend, self.config.option.benchmark_seconds)
        return self._times[backend]

    def close(self) -> None:
        """End the process that programs are timed in."""
        for times in self._times.values():
            times.close()


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


class UnderTest:
    """One benchmark under test, and what is said of it."""

    def __init__(self, case: Case, state: State, benchmark: Any, node: pytest.Item) -> None:
        self.case, self._state, self._benchmark, self._node = case, state, benchmark, node
        self._say(replace(case.blank(), reason="it ended before it was timed"))

    def _keep(self, rounds: Sequence[float], work: Work, **memory: float | None) -> None:
        """The measurement of so many seconds a round, with bytes by field of the measurement."""
        from silicon_cts.benchmarks import measure

        key = (self.case.backend, self.case.dtype)
        found = measure.completed(
            self.case,
            list(rounds),
            work,
            self._state.peaks.get(key),
            **memory,
            power=fingerprint.power(),
            thermal=fingerprint.thermal(),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        if self.case.metric == "steady" and self.case.direction == "forward":
            self._state.peaks[key] = _raised(self._state.peaks.get(key), self.case.row.operator, found)
        self._benchmark.extra_info.update(
            {"silicon_cts": found.to_json(), "gflops": found.gflops, "gigabytes": found.gigabytes}
        )
        self._say(found)

    def _without(self, outcome: str, reason: str) -> None:
        """No measurement, and why."""
        self._say(replace(self.case.blank(), outcome=outcome, reason=reason))

    def _say(self, found: Measurement) -> None:
        """What travels with pytest's report of this test."""
        self._node.user_properties[:] = [one for one in self._node.user_properties if one[0] != _PROPERTY]
        self._node.user_properties.append((_PROPERTY, json.dumps(found.to_json())))


def _raised(peak: Peak | None, operator: str, found: Measurement) -> Peak:
    from silicon_cts.benchmarks.figures import YARDSTICKS, Peak

    peak = peak or Peak()
    if operator not in YARDSTICKS:
        return peak
    return replace(peak, gflops=found.gflops) if operator == "matmul" else replace(peak, gigabytes=found.gigabytes)
