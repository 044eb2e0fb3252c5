"""How is one row of the table called, on a torch device, and what does one call do?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from silicon_cts.benchmarks import models, table
from silicon_cts.benchmarks.figures import YARDSTICKS, Peak, Work, figures, lower_quartile
from silicon_cts.benchmarks.table import New, Row
from silicon_cts.records.measurement import Measurement

DIRECTIONS = ("forward", "backward")
METRICS = ("first_call", "steady")
ROWS = (*table.ROWS, *models.ROWS)
"""Operators, then models."""
_SEED = 6021
_ROUNDS = (5, 100)
_BACKWARD = 3.0
"""Operations of forward and backward over those of forward: a gradient for each of two factors."""


@dataclass(frozen=True)
class Case:
    """One benchmark: a row in one dtype and direction on one backend, by one metric."""

    row: Row
    dtype: str
    direction: str
    backend: str
    metric: str = "steady"

    @property
    def name(self) -> str:
        """The same in every run, and what ``-k`` selects by."""
        return f"{self.row.id}-{self.dtype}-{self.direction}-{self.backend}-{self.metric}"

    def blank(self) -> Measurement:
        """Its measurement as long as nothing is measured."""
        return Measurement(
            self.name,
            self.row.operator,
            self.row.size,
            self.dtype,
            self.backend,
            self.direction,
            self.metric,
            "errored",
        )


def cases(backends: Iterable[str], metric: str, rows: Iterable[Row] = ROWS) -> Iterator[Case]:
    """The benchmarks of a metric on these backends. The yardsticks come first: others are held against them."""
    ordered = sorted(rows, key=lambda row: row.operator not in YARDSTICKS)
    for backend in backends:
        for row in ordered:
            for dtype in row.dtypes:
                for direction in DIRECTIONS if row.trains and metric == "steady" else DIRECTIONS[:1]:
                    yield Case(row, dtype, direction, backend, metric)


@dataclass(frozen=True)
class Call:
    """A case made ready."""

    run: Callable[[], Any]
    work: Work


def prepare(case: Case, device: str) -> Call:
    """Make the arguments and one call, which is not run: the first run is the first call."""
    torch.manual_seed(_SEED)
    new = New(getattr(torch, case.dtype), device)
    arguments = case.row.make(new)
    tensors = [one for one in arguments if isinstance(one, torch.Tensor)]
    if case.direction == "forward":
        return Call(lambda: case.row.call(*arguments), _work(case.row, tensors, case.row.flop))
    leaves = [one.requires_grad_() for one in tensors if one.is_floating_point()]

    def step() -> Any:
        out = case.row.call(*arguments)
        return torch.autograd.grad(out, leaves, torch.ones_like(out))

    return Call(step, Work(case.row.flop * _BACKWARD if case.row.flop else None))


def _work(row: Row, tensors: list[torch.Tensor], flop: float | None) -> Work:
    """Bytes of arguments and result; the size of the result comes from a call without data, where there can be one."""
    try:
        from torch._subclasses.fake_tensor import FakeTensorMode

        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            given = row.make(New(tensors[0].dtype if tensors[0].is_floating_point() else torch.float32, "cpu"))
            out = row.call(*(mode.from_tensor(one) if type(one) is torch.Tensor else one for one in given))
        results = [one for one in tree_leaves(out) if isinstance(one, torch.Tensor)]
    except Exception:  # of nonzero, whose result depends on data: its bytes are not known
        return Work(flop)
    return Work(flop, float(sum(one.numel() * one.element_size() for one in [*tensors, *results])))


def rounds_for(seconds: float, budget: float) -> int:
    """Rounds that fit a budget of seconds, 5 at least and 100 at most."""
    least, most = _ROUNDS
    return max(least, min(most, int(budget / seconds) if seconds > 0 else most))


def completed(case: Case, rounds: list[float], work: Work, peak: Peak | None, **state: Any) -> Measurement:
    """The measurement of a case whose rounds took so many seconds. ``state``: memory, power, thermal, time, process."""
    seconds = lower_quartile(rounds)
    found = figures(seconds, work, peak)
    ordered, mean = sorted(rounds), sum(rounds) / len(rounds)
    deviation = (sum((one - mean) ** 2 for one in rounds) / (len(rounds) - 1)) ** 0.5 if len(rounds) > 1 else None
    return replace(
        case.blank(),
        outcome="measured",
        seconds=seconds,
        minimum=ordered[0],
        median=ordered[len(ordered) // 2],
        deviation=deviation,
        rounds=len(rounds),
        gflops=found.gflops,
        gigabytes=found.gigabytes,
        peak_share=found.peak_share,
        **state,
    )


def memory(device: str) -> float | None:
    """Bytes that the driver holds for a device; on a CPU the resident size of this process; None where nobody says."""
    name = device.partition(":")[0]
    if name == "cpu":
        import psutil

        return float(psutil.Process().memory_info().rss)
    module = getattr(torch, name, None)
    for function in ("driver_allocated_memory", "memory_reserved"):
        if hasattr(module, function):
            return float(getattr(module, function)())
    return None
