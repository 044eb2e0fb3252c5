"""How is one benchmark of a program told to pytest-benchmark: a stage that was timed in another process?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from silicon_cts.plugin.benchmark_run import State, UnderTest

if TYPE_CHECKING:
    from silicon_cts.backends.outcome import Outcome
    from silicon_cts.benchmarks.measure import Case


class Replay:
    """A timer for pytest-benchmark that reads what was timed elsewhere: each :meth:`step` takes as long as that did."""

    def __init__(self) -> None:
        self._now = 0.0
        self._left: Iterator[float] = iter(())

    def __call__(self) -> float:
        """Seconds."""
        return self._now

    def load(self, rounds: Iterable[float]) -> None:
        """What the next steps take, seconds each."""
        self._left = iter(rounds)

    def step(self) -> None:
        """One round."""
        self._now += next(self._left)


class Staging(UnderTest):
    """One benchmark under test: what the fixture ``staging`` gives."""

    def __init__(self, case: Case, replay: Replay, state: State, benchmark: Any, node: pytest.Item) -> None:
        super().__init__(case, state, benchmark, node)
        self._replay = replay

    def time(self) -> None:
        """The stage that its metric names: of a program that is timed as a whole when its first stage is asked for."""
        from silicon_cts.benchmarks.figures import Work
        from silicon_cts.benchmarks.programs.timed import Timed

        case = self.case
        found = self._state.times(case.backend).ask(case.row.id, case.dtype)
        if not isinstance(found, Timed) or case.metric not in found.rounds:
            self._leave(found)
            return
        rounds = found.rounds[case.metric]
        self._replay.load(rounds)
        self._benchmark.pedantic(self._replay.step, rounds=len(rounds))
        if not self._benchmark.disabled:
            called = case.metric in ("first_call", "steady")
            self._keep(rounds, found.work if called else Work(), memory=found.memory[case.metric])

    def _leave(self, found: Outcome) -> None:
        """There is no time: refused, it is skipped; what the runtime fails at is an expected failure here.

        Whether it should have run is for the conformance suites to say. One that a baseline has is missed by the gate.
        """
        reason = f"{'unsupported' if found.kind == 'refusal' else found.kind}: {found.reason}"
        self._without("skipped", reason)
        (pytest.skip if found.kind == "refusal" else pytest.xfail)(reason)
