"""What did a converted program give for each node of the program that it was converted from?

The converter names a result as the node that it stands for; outputs are told by their place. With each goes how far
roundings move it since the results before it: the operations between are evaluated without roundings, but for random
ones after each (:mod:`silicon_cts.backends.coreml.rounding`).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.fx import Graph, Node

from silicon_cts import mil
from silicon_cts.backends.coreml.graphs import RESULT
from silicon_cts.backends.coreml.rounding import RandomRounding
from silicon_cts.mil.values import declared_type

DRAWS = 4
ROUNDOFF = {"fp16": 2.0**-11, "fp32": 2.0**-24}
"""Unit roundoff by MIL type."""
_HALF = "_cast_fp16"
"""What the converter appends to the name of a result that it computes in float16."""


@dataclass(frozen=True)
class Result:
    """What the program gave for a node."""

    operation: str
    """The kind of the MIL operation that gave it."""
    type: str
    """The name of its MIL type: ``fp16``."""
    value: Any
    """An array of that type."""
    spread: Any
    """How far roundings move each element (float64)."""


def results_of(graph: Graph, function: Any, inputs: Mapping[str, Any]) -> dict[Node, Result]:
    """What the MIL ``function`` gives for each node of the program's ``graph`` that has a result in it.

    ``inputs`` are arrays by name. Raises EvaluationError or UnsupportedOperationError if it cannot be evaluated.
    """
    named = _named(graph, function)
    found: dict[Node, tuple[Any, Any, Any]] = {}

    def keep(operation: Any, var: Any, value: Any) -> None:
        if var.name in named:
            found[named[var.name]] = operation, var, value  # of a float16 result and its cast back, the cast

    given = {name: value for name, value in inputs.items() if name in function.inputs}
    mil.evaluate(function, given, on_value=keep)
    spreads = _spreads(function, given, {var.name: value for _, var, value in found.values()})
    return {
        node: Result(operation.op_type, declared_type(var), value, spreads[var.name])
        for node, (operation, var, value) in found.items()
    }


def _named(graph: Graph, function: Any) -> dict[str, Node]:
    """Which node a variable of the function stands for, by the name that it would have."""
    named: dict[str, Node] = {}
    for node in graph.nodes:
        first = node.target is operator.getitem and node.args[1] == 0  # it goes by the name of what gives them all
        name = node.meta.get(RESULT) or (node.args[0].name if first else node.name)
        named |= {name: node, name + _HALF: node}
    (end,) = graph.find_nodes(op="output")
    given = [node for node in end.args[0] if isinstance(node, Node)][-len(function.outputs) :]
    return named | {var.name: node for var, node in zip(function.outputs, given, strict=False)}


def _spreads(function: Any, inputs: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    plan = mil.prepare(function, "float32")
    still = _between(plan, inputs, written, lambda operation, var, value: None)
    spreads = {name: np.zeros(np.shape(value)) for name, value in still.items()}
    for seed in range(DRAWS):
        for name, value in _between(plan, inputs, written, _Jitter(seed)).items():
            with np.errstate(all="ignore"):
                move = np.abs(np.subtract(value, still[name], dtype=np.float64))
            spreads[name] = np.fmax(spreads[name], np.where(np.isnan(move), 0.0, move))
    return spreads


def _between(plan: mil.Plan, inputs: Mapping[str, Any], written: Mapping[str, Any], jitter: Any) -> dict[str, Any]:
    """Each of the results ``written`` as it comes of those before it, with ``jitter`` in between."""
    found: dict[str, Any] = {}

    def pin(operation: Any, var: Any, value: Any) -> Any:
        if var.name in written:
            found[var.name] = value
            return written[var.name]
        return jitter(operation, var, value)

    mil.evaluate(plan, inputs, on_value=pin)
    return found


class _Jitter:
    """Rounds results of type fp16 up or down at random, and moves those of type fp32 by a rounding."""

    def __init__(self, seed: int) -> None:
        self._half = RandomRounding(seed // 2, bool(seed % 2))
        self._random = np.random.default_rng(seed)

    def __call__(self, operation: Any, var: Any, value: Any) -> Any:
        if declared_type(var) != "fp32":
            return self._half(operation, var, value)
        return value * (1 + ROUNDOFF["fp32"] * self._random.choice((-1, 1), value.shape)).astype(np.float64)
