"""What each new shape leaves behind is found, and only that."""

from __future__ import annotations

import json
import mmap
from types import SimpleNamespace

import pytest
import torch

from silicon_cts.benchmarks import measure, shapes
from silicon_cts.benchmarks.shapes import SHAPES, Growth, slope
from silicon_cts.benchmarks.table import New

LEAK = 2**20
SUITE = """
import pytest

@pytest.mark.benchmark
@pytest.mark.metric("shape_growth")
def test_shape_growth(timing):
    timing.shape_growth()
"""


class Leaky:
    """A device that keeps a graph of a mebibyte for every shape, as its driver says."""

    def __init__(self) -> None:
        self.graphs: dict[tuple[int, ...], int] = {}

    def driver_allocated_memory(self) -> int:
        return 2**30 + sum(self.graphs.values())

    def current_allocated_memory(self) -> int:
        return 4096

    def call(self, x: torch.Tensor) -> torch.Tensor:
        self.graphs[tuple(x.shape)] = LEAK
        return x


def grown(call: object, held: object) -> float:
    softmax = next(row for row in shapes.ROWS if row.operator == "softmax")
    growth = Growth(softmax, New(torch.float32, "cpu"), held)
    for _ in range(SHAPES):
        arguments, _ = growth.next()
        call(*arguments)
    return growth.bytes()


def test_a_device_that_keeps_something_for_every_shape_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Leaky()
    monkeypatch.setattr(torch, "leaky", device, raising=False)
    monkeypatch.setattr(measure, "resident", lambda: 1e9)
    assert (measure.memory("leaky:0"), measure.allocated("leaky")) == (2**30, 4096)
    assert grown(device.call, lambda: measure.held("leaky")) == LEAK
    assert len(device.graphs) == SHAPES  # every shape was a new one
    assert grown(device.call, lambda: measure.held("leaky")) == 0  # none is, the second time


def fresh() -> mmap.mmap:
    """Memory of a mebibyte straight from the system: an allocator may still have some that was freed before."""
    pages = mmap.mmap(-1, LEAK)
    pages.write(b"1" * LEAK)
    return pages


def test_what_this_process_keeps_is_found_too() -> None:
    kept: list[mmap.mmap] = []
    leaking = grown(lambda x: kept.append(fresh()), lambda: measure.held("cpu"))
    assert 0.9 * LEAK < leaking < 1.2 * LEAK
    assert abs(grown(lambda x: fresh().close(), lambda: measure.held("cpu"))) < 0.1 * LEAK


def test_an_allocator_that_takes_much_at_once_is_no_leak() -> None:
    assert slope([1e9] * 30 + [1.1e9] * 18) == 0
    assert slope([1e9 + 100.0 * place for place in range(48)]) == pytest.approx(100.0)


@pytest.mark.parametrize("name", ["mps", "cuda"])
def test_the_names_of_torch_are_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    functions = {"mps": ("driver_allocated_memory", "current_allocated_memory"), "cuda": ("memory_reserved", "memory_allocated")}  # fmt: skip
    for place, function in enumerate(functions[name]):
        assert hasattr(getattr(torch, name), function)
        monkeypatch.setattr(getattr(torch, name), function, lambda place=place: place + 1)
    assert (measure.memory(name), measure.allocated(name)) == (1, 2)
    assert measure.allocated("cpu") is None


def test_pytest_records_it(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makepyfile(test_benchmarks=SUITE)
    pytester.makeini("[pytest]\nsilicon_cts_known_issues = known_issues.toml\n")
    pytester.runpytest_subprocess("--benchmark-only", "--backend=cpu", "--op=softmax").assert_outcomes(passed=1)
    (path,) = (pytester.path / "reports" / "runs").glob("2*/benchmarks.jsonl")
    (found,) = map(json.loads, path.read_text().splitlines())
    found = SimpleNamespace(**found)
    assert (found.metric, found.rounds, found.outcome) == ("shape_growth", SHAPES, "measured")
    assert abs(found.growth) < 0.1 * LEAK
    assert found.memory > 1e7
    assert found.allocated is None
