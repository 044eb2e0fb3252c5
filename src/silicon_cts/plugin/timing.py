"""How is one benchmark of a torch device timed: in this process, by a clock that waits for the device?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from silicon_cts.plugin.benchmark_run import UnderTest
from silicon_cts.plugin.session import Session

if TYPE_CHECKING:
    from silicon_cts.benchmarks.clocks import Clock
    from silicon_cts.benchmarks.figures import Work


def device_of(session: Session, backend: str) -> str:
    """The torch device of a backend that is PyTorch eager and in this process's reach; empty for any other."""
    from silicon_cts.backends.torch_device import TorchDevice

    found = session.backend(backend)
    return found.device if type(found) is TorchDevice else ""


class Timing(UnderTest):
    """One benchmark under test: what the fixture ``timing`` gives."""

    @property
    def _device(self) -> str:
        return device_of(self._state.session, self.case.backend)

    def first_call(self) -> None:
        """The very first call in this process: what has to be compiled or built is built now."""
        self._measure(rounds=1, warm=False)

    def steady(self) -> None:
        """Call after call, when everything is built and warm."""
        self._measure(rounds=None, warm=True)

    def _measure(self, rounds: int | None, *, warm: bool) -> None:
        from silicon_cts.benchmarks import measure
        from silicon_cts.benchmarks.clocks import Clock, Late

        with self._refusal_is_a_skip():
            clock = Clock(Late(self._device))
            self._try(clock)
            call = measure.prepare(self.case, self._device)
            if warm:
                call.run()
                begin = clock()
                call.run()
                rounds = measure.rounds_for(clock() - begin, self._state.config.option.benchmark_seconds)
            self._benchmark.pedantic(call.run, rounds=rounds or 1, warmup_rounds=1 if warm else 0)
        if not self._benchmark.disabled:
            self._keep_here(call.work)

    def shape_growth(self) -> None:
        """The first call of one new shape after the other, and the memory that each of them leaves behind."""
        from silicon_cts.benchmarks import measure
        from silicon_cts.benchmarks.figures import Work
        from silicon_cts.benchmarks.shapes import SHAPES, Growing, Growth

        with self._refusal_is_a_skip():
            row = self.case.row
            assert isinstance(row, Growing)
            growth = Growth(row, measure.new(self.case, self._device), lambda: measure.held(self._device))
            self._benchmark.pedantic(row.call, setup=growth.next, rounds=SHAPES)
        if not self._benchmark.disabled:
            self._keep_here(Work(), growth=growth.bytes())

    def _keep_here(self, work: Work, **more: float | None) -> None:
        """What this process has timed, with the memory that it holds on the device."""
        from silicon_cts.benchmarks import measure

        held = {"memory": measure.memory(self._device), "allocated": measure.allocated(self._device)}
        self._keep(self._benchmark.stats.stats.data, work, **held, **more)

    def _try(self, clock: Clock) -> None:
        """Try the device's clock once before it is believed. Raises ClockError."""
        if self.case.backend in self._state.tried:
            return
        import torch

        from silicon_cts.benchmarks.clocks import check

        square = torch.randn(1024, 1024).to(self._device)
        answer = [square]

        def work() -> None:
            answer[0] = square
            for _ in range(8):
                answer[0] = answer[0] @ square

        check(clock, work, lambda: answer[0].cpu())
        self._state.tried.add(self.case.backend)

    @contextmanager
    def _refusal_is_a_skip(self) -> Iterator[None]:
        from silicon_cts.backends.outcome import one_line
        from silicon_cts.backends.torch_device import is_refusal

        try:
            yield
        except Exception as error:
            outcome = "skipped" if is_refusal(error) else "errored"
            self._without(outcome, one_line(error))
            if outcome == "skipped":
                pytest.skip(f"unsupported: {one_line(error)}")
            raise
