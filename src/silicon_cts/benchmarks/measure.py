"""How is one row of the table called, on a torch device, and what does one call do?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psutil
import torch
from torch.utils._pytree import tree_leaves

from silicon_cts.benchmarks import models, shapes, table
from silicon_cts.benchmarks.figures import YARDSTICKS, Peak, Work, figures, lower_quartile
from silicon_cts.benchmarks.table import New, Row
from silicon_cts.catalog.models.calls import task_of
from silicon_cts.records.measurement import Measurement

DIRECTIONS = ("forward", "backward")
ROWS = (*table.ROWS, *models.ROWS)
"""Operators, then models."""
METRICS: Mapping[str, Sequence[Row]] = {"first_call": ROWS, "steady": ROWS, "shape_growth": shapes.ROWS}
"""Of a torch device, each with the rows that it is asked of."""
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


def cases(backends: Iterable[str], metric: str) -> Iterator[Case]:
    """The benchmarks of a metric on these backends. The yardsticks come first: others are held against them."""
    ordered = sorted(METRICS[metric], key=lambda row: row.operator not in YARDSTICKS)
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


def new(case: Case, device: str) -> New:
    """What makes the tensors of a case, the same ones each time."""
    torch.manual_seed(_SEED)
    return New(getattr(torch, case.dtype), device)


def prepare(case: Case, device: str) -> Call:
    """Make the arguments and one call, which is not run: the first run is the first call."""
    arguments = case.row.make(new(case, device))
    tensors = [one for one in arguments if isinstance(one, torch.Tensor)]
    if case.direction == "forward":
        return Call(lambda: case.row.call(*arguments), work_of(case.row, tensors))
    leaves = [one.requires_grad_() for one in tensors if one.is_floating_point()]

    def step() -> Any:
        out = case.row.call(*arguments)
        return torch.autograd.grad(out, leaves, torch.ones_like(out))

    return Call(step, Work(case.row.flop * _BACKWARD if case.row.flop else None))


def work_of(row: Row, tensors: Sequence[torch.Tensor]) -> Work:
    """What a row does forward, called on these tensors: operations, and bytes of arguments and result.

    Bytes of models are not counted. The size of the result comes from a call without data, where there can be one.
    """
    if task_of(row.operator) is not None:
        return Work(row.flop)
    try:
        from torch._subclasses.fake_tensor import FakeTensorMode

        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            given = row.make(New(tensors[0].dtype if tensors[0].is_floating_point() else torch.float32, "cpu"))
            out = row.call(*(mode.from_tensor(one) if type(one) is torch.Tensor else one for one in given))
        results = [one for one in tree_leaves(out) if isinstance(one, torch.Tensor)]
    except Exception:  # of nonzero, whose result depends on data: its bytes are not known
        return Work(row.flop)
    return Work(row.flop, float(sum(one.numel() * one.element_size() for one in [*tensors, *results])))


def rounds_for(seconds: float, budget: float) -> int:
    """Rounds that fit a budget of seconds, 5 at least and 100 at most."""
    least, most = _ROUNDS
    return max(least, min(most, int(budget / seconds) if seconds > 0 else most))


def completed(case: Case, rounds: list[float], work: Work, peak: Peak | None, **state: Any) -> Measurement:
    """The measurement of a case whose rounds took so many seconds. ``state``: memory, power and so on."""
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
    return resident() if _kind(device) == "cpu" else _said(device, "driver_allocated_memory", "memory_reserved")


def allocated(device: str) -> float | None:
    """Bytes that the tensors on a device hold; None where nobody says, as on a CPU."""
    return _said(device, "current_allocated_memory", "memory_allocated")


def held(device: str) -> float:
    """Bytes that grow when something is kept: the resident size of this process, and what the driver holds."""
    return resident() + (0.0 if _kind(device) == "cpu" else memory(device) or 0.0)


def resident() -> float:
    """Bytes of this process that lie in memory."""
    return float(psutil.Process().memory_info().rss)


def _kind(device: str) -> str:
    return device.partition(":")[0]


def _said(device: str, *functions: str) -> float | None:
    """What the first of these functions says that the module of a device has: that of MPS, then that of CUDA."""
    module = getattr(torch, _kind(device), None)
    found = next((getattr(module, one) for one in functions if hasattr(module, one)), None)
    return None if found is None else float(found())
