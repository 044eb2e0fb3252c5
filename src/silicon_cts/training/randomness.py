"""Where does a training step draw random numbers, and who draws them?

No two runtimes draw the same numbers, and a program without state draws the same each time: so every operator that
draws becomes an input of the program, and the trainer fills it from a NumPy generator, the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch.fx import GraphModule, Node

from silicon_cts.training.errors import StepError, place_in
from silicon_cts.training.layout import Draw

_aten = torch.ops.aten

_KINDS: Mapping[Any, str] = MappingProxyType(
    {
        _aten.bernoulli.p: "mask",
        _aten.rand.default: "uniform",
        _aten.rand_like.default: "uniform",
        _aten.randn.default: "normal",
        _aten.randn_like.default: "normal",
    }
)

DRAWS: Mapping[str, Callable[[np.random.Generator, Draw], Any]] = MappingProxyType(
    {
        "mask": lambda source, draw: source.random(draw.shape) < draw.chance,
        "uniform": lambda source, draw: source.random(draw.shape),
        "normal": lambda source, draw: source.standard_normal(draw.shape),
    }
)
"""Kinds of random numbers: a generator makes an array of them."""


def draw(source: np.random.Generator, wanted: Draw) -> torch.Tensor:
    """One tensor of random numbers."""
    return torch.from_numpy(np.asarray(DRAWS[wanted.kind](source, wanted))).to(wanted.dtype)


def lift(graph: GraphModule) -> tuple[Draw, ...]:
    """Make every operator that draws a placeholder at the end of the placeholders, in place; say what it wants.

    Raises StepError for one that is not known.
    """
    draws: list[Draw] = []
    last = [node for node in graph.graph.nodes if node.op == "placeholder"][-1]
    for node in list(graph.graph.nodes):
        if node.op != "call_function" or torch.Tag.nondeterministic_seeded not in getattr(node.target, "tags", ()):
            continue
        wanted = _wanted(node)
        with graph.graph.inserting_after(last):
            last = graph.graph.placeholder(f"draw_{len(draws)}")
        last.meta = {"val": node.meta["val"]}
        node.replace_all_uses_with(last)
        graph.graph.erase_node(node)
        draws.append(wanted)
    graph.recompile()
    return tuple(draws)


def _wanted(node: Node) -> Draw:
    kind = _KINDS.get(node.target)
    value = node.meta["val"]
    if kind is None or value.ndim == 0:
        raise StepError(
            f"{node.target} draws random numbers in a way that has no row{place_in(node.meta.get('stack_trace'))}: use "
            "torch.nn.functional.dropout, torch.rand or torch.randn, or pass the random numbers with the batch"
        )
    chance = node.args[1] if kind == "mask" else 1.0
    assert isinstance(chance, float)
    return Draw(kind, tuple(value.shape), value.dtype, chance)
