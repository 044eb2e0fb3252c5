"""Which operation of a converted program is the first whose own error is beyond its budget, and on which line of the
model does it stand?

The converter names a result as the node of the program that it stands for. So each node is computed in
float64 from what the program itself gave for the nodes before it, and held against what the program gave for the node:
an error that came from above does not count. A node without a result of its own (it was fused, or folded) is judged
together with the next that has one.

What is unavoidable is measured on the program: how far random roundings between two such results move the second
(:mod:`silicon_cts.backends.coreml.results`).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.fx import Node
from torch.utils._pytree import tree_map

from silicon_cts.backends.coreml.graphs import RESULT, Program, read
from silicon_cts.backends.coreml.results import ROUNDOFF, Result, results_of
from silicon_cts.backends.outcome import one_line
from silicon_cts.catalog.dtypes import DTYPES, name_of, wide

_FRAME = re.compile(r'File "(?P<file>.+?)", line (?P<line>\d+), in \S+\n\s*(?P<code>.*)')
_TORCH = str(Path(torch.__file__).parent)
_SMALLEST = {"fp16": 2.0**-24, "fp32": 2.0**-149}
"""The smallest subnormal number."""


class LocalisationError(Exception):
    """The program that was converted cannot be computed in float64; the message says why."""


@dataclass(frozen=True)
class Suspect:
    """Operations whose own error is beyond their budget: one, or several of which the last alone has a result."""

    operators: tuple[str, ...]
    """What the nodes call, in order: ``aten.softmax.int``."""
    lines: tuple[str, ...]
    """Of the model, in order: ``model.py:12: return torch.softmax(x, 1)``; none where the program does not say."""
    operation: str
    """The kind of the MIL operation that gave the result: ``softmax``."""
    name: str
    """Of the last node, after which its result in the MIL function is named."""
    ratio: float
    """Its largest error in budgets; inf for a wrong shape, and for an integer or boolean that no rounding explains."""

    def __str__(self) -> str:
        told = f"{self.ratio:.3g} error budgets off in {self.operation} {self.name!r}, for {', '.join(self.operators)}"
        return "; ".join((told, *self.lines))


def localise(program: Program, function: Any, inputs: Mapping[str, Any], most: float) -> Suspect | None:
    """The first operation that is more than ``most`` error budgets off; None if none is.

    Args:
        program: the exported or traced program that was converted.
        function: the MIL function that it became.
        inputs: an array for every input by its name in the MIL function, in the order in which ``program`` takes them.
        most: error budgets: as many as the whole answer is allowed.

    Raises:
        LocalisationError: an operation of ``program`` cannot be computed in float64, or it takes other inputs.
        UnreadableError: a traced ``program`` writes into its tensors, or branches.
        EvaluationError, UnsupportedOperationError: the MIL function cannot be evaluated.
    """
    return next((one for one in own_errors(program, function, inputs) if not one.ratio <= most), None)


def own_errors(program: Program, function: Any, inputs: Mapping[str, Any]) -> Iterator[Suspect]:
    """Each node that has a result, in order, with its own error in budgets. Raises as :func:`localise` does."""
    computed = read(program)
    if computed.takes != len(inputs):
        raise LocalisationError(
            f"number of inputs: the program takes {computed.takes}, {len(inputs)} are given ({', '.join(inputs)})"
        )
    results = results_of(computed.graph, function, inputs)
    held = computed.held
    given = iter(inputs.values())
    values: dict[Node, Any] = {}
    behind: dict[Node, dict[Node, None]] = {}  # nodes without a result that a value rests on, in order
    for node in computed.graph.nodes:
        if node.op == "placeholder":
            values[node] = _widened(held[node.name] if node.name in held else torch.as_tensor(next(given)))
        elif node.op == "call_function":
            right = values[node] = _computed(node, values)
            together = {one: None for before in node.all_input_nodes for one in behind.get(before, {})} | {node: None}
            result = results.get(node)
            if result is None or not isinstance(right, torch.Tensor):
                behind[node] = together
                continue
            got = torch.from_numpy(np.array(result.value))
            operators = tuple(str(one.target) for one in together if one.target is not operator.getitem)
            lines = tuple(dict.fromkeys(line for one in together if (line := line_of(one))))
            yield Suspect(
                operators, lines, result.operation, node.meta.get(RESULT, node.name), _ratio(got, right, result)
            )
            if got.shape == right.shape:
                values[node] = got.to(right.dtype)


def _computed(node: Node, values: Mapping[Node, Any]) -> Any:
    arguments = torch.fx.node.map_arg((node.args, node.kwargs), lambda one: values[one])
    args, kwargs = tree_map(_widened, arguments)
    call: Callable[..., Any] = node.target  # type: ignore[assignment]
    try:
        with torch.no_grad():
            return call(*args, **kwargs)
    except Exception as error:
        raise LocalisationError(f"{node.target} ({node.name}) in float64: {one_line(error)}") from error


def _widened(leaf: Any) -> Any:
    """Tensors and dtypes in float64."""
    if isinstance(leaf, torch.Tensor):
        return leaf.to(torch.float64) if leaf.is_floating_point() else leaf
    if isinstance(leaf, torch.dtype) and name_of(leaf) in DTYPES:
        return DTYPES[wide(name_of(leaf))].torch
    return leaf


def _ratio(got: torch.Tensor, right: torch.Tensor, result: Result) -> float:
    """The largest error in budgets, of each element or of the largest, whichever explains it."""
    if got.shape != right.shape:
        return torch.inf
    if not got.numel():
        return 0.0
    wrong, spread = got.to(torch.float64), torch.from_numpy(np.array(result.spread))
    same = (wrong == right) | (wrong.isnan() & right.isnan())
    if result.type not in ROUNDOFF or not right.is_floating_point():
        return 0.0 if bool((same | (spread > 0)).all()) else torch.inf
    error = torch.where(same, 0.0, (wrong - right).abs()).nan_to_num(torch.inf, torch.inf)
    size = torch.where(right.isfinite(), right.abs(), 0.0)
    budget = ROUNDOFF[result.type] * size + spread + _SMALLEST[result.type]
    return min(float((error / budget).max()), float(error.max() / budget.max()))


def line_of(node: Node) -> str:
    """The line of the model that made a node, and what stands there; empty if the program does not say."""
    frames = list(_FRAME.finditer(node.meta.get("stack_trace") or ""))
    own = [frame for frame in frames if not frame["file"].startswith(_TORCH)] or frames
    return f"{Path(own[-1]['file']).name}:{own[-1]['line']}: {own[-1]['code'].strip()}" if own else ""
