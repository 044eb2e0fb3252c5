"""Does the graph compute, on the example batch, what PyTorch does?

What a trace loses without a word, such as an assignment to ``.data``, shows here. Both run on the CPU in the model's
dtype, so that only roundings may differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch.fx import GraphModule
from torch.utils._python_dispatch import TorchDispatchMode

from silicon_cts.training.errors import StepError
from silicon_cts.training.layout import Entry, Layout
from silicon_cts.training.objective import Objective, shown, training_step
from silicon_cts.training.tracing import portable_kernels


def agrees(graph: GraphModule, objective: Objective, layout: Layout, loss_scale: float) -> None:
    """Raises StepError, which names what differs, if the graph is not the step."""
    with torch.random.fork_rng(devices=[]), portable_kernels(), _Drawn() as drawn:
        loss, *state = training_step(objective, layout, loss_scale, [one.clone() for one in layout.examples()])
    if [tuple(one.shape) for one in drawn.tensors] != [draw.shape for draw in layout.draws]:
        return  # drew in another way than in the trace: the two cannot be given the same numbers
    with torch.no_grad():
        found = graph(*(one.clone() for one in layout.examples()), *drawn.tensors)
    entries = [entry for entry in layout.entries if entry.changes]
    allowed = 8 * math.sqrt(torch.finfo(layout.scalar_dtype).eps)
    _compare("the loss", found[0], loss, allowed * (1 + _largest(loss)))
    sizes = _sizes(entries, state)
    reach = {
        name: group.rule.reach(group.options, layout.scalar_dtype)
        for group in layout.groups
        for name in group.parameters
    }
    for entry, got, wanted in zip(entries, found[1:], state, strict=True):
        size = sizes[_slot(entry)] if _slot(entry) else _largest(entry.value) + _largest(wanted)
        _compare(shown(entry.name), got, wanted, allowed * size + reach.get(entry.name, 0.0))


def _compare(what: str, got: torch.Tensor, wanted: torch.Tensor, allowed: float) -> None:
    away = _largest(got.double() - wanted.double())
    if away > allowed:
        raise StepError(
            f"the exported step computes another {what.removeprefix('the ')} than PyTorch on the example batch "
            f"({away:.2g} away): the trace lost an assignment to .data or another write behind PyTorch's back; write "
            "it without changing a tensor in place, or keep the tensor as a buffer"
        )


def _sizes(entries: list[Entry], state: list[torch.Tensor]) -> Mapping[str, float]:
    """The largest of each slot over all parameters: a gradient of rounding alone is small beside it."""
    sizes: dict[str, float] = {}
    for entry, value in zip(entries, state, strict=True):
        sizes[_slot(entry)] = max(sizes.get(_slot(entry), 0.0), _largest(value))
    return sizes


def _slot(entry: Entry) -> str:
    """``exp_avg`` of what the optimizer keeps; empty for parameters and buffers."""
    return entry.name.split(".")[1] if entry.name.startswith("optimizer.") else ""


def _largest(tensor: torch.Tensor) -> float:
    """Of the absolute values; 0.0 of no elements, and where infinity meets itself."""
    return float(tensor.double().abs().nan_to_num(0.0).max()) if tensor.numel() else 0.0


class _Drawn(TorchDispatchMode):
    """Keeps what every operator that draws random numbers gave."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tensors: list[torch.Tensor] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call, and keep."""
        made = func(*args, **(kwargs or {}))
        if torch.Tag.nondeterministic_seeded in func.tags:
            self.tensors.append(made.detach().clone())
        return made
