"""When is work on a device really done, and would we notice if the clock did not wait for it?

A device takes work and returns at once. A clock that does not wait for the device times the asking, not the work, and
every benchmark on it looks splendid. So a clock waits before it reads the time, and is tried before it is believed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Wait = Callable[[], object]
"""Returns when a device has done everything that it was asked."""

HIDDEN = 0.5
"""Share of the true time that a clock may miss: reading back costs something of its own, so not 0."""
_LEAST_SECONDS = 2e-3
"""Work shorter than this says nothing of a clock: reading back alone may take as long."""


class ClockError(Exception):
    """A device that cannot be timed; the message is one sentence."""


@dataclass(frozen=True)
class Clock:
    """A timer for pytest-benchmark: seconds, read when the device has come to rest."""

    wait: Wait
    now: Callable[[], float] = time.perf_counter

    def __call__(self) -> float:
        """Wait for the device, then read the time: before work it is idle, after it everything is done."""
        self.wait()
        return self.now()


def nothing() -> None:
    """The CPU has done everything when the call returns."""


def wait_for(device: str) -> Wait:
    """How to wait for a torch device. Raises ClockError where torch has no way: to time it would be to guess.

    ``torch.mps.Event`` is not used: its times were unreliable until late 2026.
    """
    import torch

    name = device.partition(":")[0]
    if name == "cpu":
        return nothing
    module = getattr(torch, name, None)
    found = getattr(module, "synchronize", None)
    if found is not None:
        return found  # type: ignore[no-any-return]
    accelerator = torch.accelerator.current_accelerator()
    if accelerator is not None and accelerator.type == name:
        return torch.accelerator.synchronize
    raise ClockError(f"torch has no way to wait for device {device!r}: without one its benchmarks would time nothing")


@dataclass
class Late:
    """A wait for a device that is looked up when it is first needed: before that there may be no device, nor torch."""

    device: str
    _wait: Wait | None = None

    def __call__(self) -> object:
        """Wait. Raises ClockError."""
        if self._wait is None:
            self._wait = wait_for(self.device)
        return self._wait()


def check(clock: Clock, work: Callable[[], object], read_back: Callable[[], object]) -> None:
    """Try a clock on work whose answer is then read back, which waits for the device whatever the clock does.

    Raises ClockError when more than :data:`HIDDEN` of the time from asking to having is only seen by reading back. Give
    work of some milliseconds; shorter work proves nothing and is not judged.
    """
    work()
    read_back()  # the first call compiles, allocates, wakes the device
    begin = clock()
    work()
    timed = clock() - begin
    read_back()
    total = clock.now() - begin
    if total > _LEAST_SECONDS and total - timed > HIDDEN * total:
        raise ClockError(
            f"the clock does not wait for the device: it read {timed * 1e3:.3g} ms for work whose answer took "
            f"{total * 1e3:.3g} ms to come back"
        )
