"""Does a clock wait, and is one found that does not?"""

from __future__ import annotations

import pytest
import torch

from silicon_cts.benchmarks import clocks
from silicon_cts.benchmarks.clocks import Clock, ClockError, Late, check, wait_for


class FakeDevice:
    """An asynchronous device that does not exist: it takes work and returns at once. Time is what it says."""

    def __init__(self) -> None:
        self.time = 0.0
        self.busy_until = 0.0

    def launch(self, seconds: float = 2e-2) -> None:
        self.time += 1e-6
        self.busy_until = max(self.busy_until, self.time) + seconds

    def wait(self) -> None:
        self.time = max(self.time, self.busy_until) + 1e-6

    def read_back(self) -> None:
        self.wait()
        self.time += 1e-5

    def now(self) -> float:
        return self.time


def test_a_clock_that_waits_reads_the_work() -> None:
    device = FakeDevice()
    clock = Clock(device.wait, device.now)
    begin = clock()
    device.launch(2e-3)
    assert clock() - begin == pytest.approx(2e-3, rel=0.01)


def test_a_clock_that_does_not_wait_reads_nothing() -> None:
    device = FakeDevice()
    clock = Clock(clocks.nothing, device.now)
    begin = clock()
    device.launch(2e-3)
    assert clock() - begin < 1e-5


def test_work_that_was_asked_before_is_not_counted() -> None:
    device = FakeDevice()
    clock = Clock(device.wait, device.now)
    device.launch(1.0)
    begin = clock()
    device.launch(2e-3)
    assert clock() - begin == pytest.approx(2e-3, rel=0.01)


def test_a_synchronisation_that_is_missing_is_found() -> None:
    device = FakeDevice()
    check(Clock(device.wait, device.now), device.launch, device.read_back)
    with pytest.raises(ClockError, match="does not wait for the device"):
        check(Clock(clocks.nothing, device.now), device.launch, device.read_back)


def test_work_too_short_to_tell_accuses_nobody() -> None:
    device = FakeDevice()
    check(Clock(clocks.nothing, device.now), lambda: device.launch(1e-4), device.read_back)


def test_every_device_of_torch_is_waited_for_by_its_own_function(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    for name in ("mps", "cuda"):
        monkeypatch.setattr(getattr(torch, name), "synchronize", lambda name=name: called.append(name))
        Clock(Late(f"{name}:0"))()
    assert called == ["mps", "cuda"]
    assert wait_for("cpu") is clocks.nothing


def test_a_device_that_cannot_be_waited_for_is_not_timed() -> None:
    with pytest.raises(ClockError, match="no way to wait for device 'made_up'"):
        Clock(Late("made_up"))()


def test_the_cpu_passes_its_own_trial() -> None:
    square = torch.randn(512, 512)
    check(Clock(Late("cpu")), lambda: square @ square, lambda: square.sum().item())
