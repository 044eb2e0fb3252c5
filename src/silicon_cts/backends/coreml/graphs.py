"""What does a program of PyTorch compute, operator by operator, whichever front end made it?

A traced program is read from the very graph that the converter reads (``_expand_and_optimize_ir``, private in
coremltools 9.0): results have the same names there, and each operation knows its line in the model.
"""

from __future__ import annotations

import linecache
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Graph, Node

Program = torch.export.ExportedProgram | torch.jit.ScriptModule
RESULT = "silicon_cts.result"
"""Under which a node's ``meta`` holds the name that the converter gives its result, where that is not the node's."""
_SAME = frozenset({"prim::NumToTensor", "aten::Int", "aten::ScalarImplicit"})
"""Kinds of a trace that carry a number between its forms."""
_FRAME = re.compile(r"^(?P<file>.+)\((?P<line>\d+)\): (?P<function>\S+)$", re.MULTILINE)


class UnreadableError(Exception):
    """A traced program has an operation that cannot be computed by itself; the message says which."""


@dataclass(frozen=True)
class Computed:
    """A program as a graph of operators."""

    graph: Graph
    """Placeholders for inputs and weights, calls, one output."""
    held: Mapping[str, torch.Tensor]
    """Parameters, buffers and constants, by the name of the placeholder that stands for each."""

    @property
    def takes(self) -> int:
        """How many inputs it has."""
        return sum(node.op == "placeholder" and node.name not in self.held for node in self.graph.nodes)


def read(program: Program) -> Computed:
    """The graph of a program. Raises UnreadableError for a traced one that writes into its tensors or branches."""
    if isinstance(program, torch.export.ExportedProgram):
        return Computed(program.graph, _held(program))
    return _Trace(program).read()


def _held(program: torch.export.ExportedProgram) -> dict[str, torch.Tensor]:
    signature = program.graph_signature
    tensors: dict[str, Any] = {**program.constants, **program.state_dict}
    places = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    places |= signature.inputs_to_lifted_tensor_constants
    return {name: tensors[target].detach() for name, target in places.items()}


class _Trace:
    """The graph of a ScriptModule on its way to one of torch.fx."""

    def __init__(self, program: Any) -> None:
        from coremltools.converters.mil.frontend.torch.torchscript_utils import _expand_and_optimize_ir

        self._source, parameters, buffers = _expand_and_optimize_ir(program)
        self._tensors = {**parameters, **buffers}
        self._graph = Graph()
        self._held: dict[str, torch.Tensor] = {}
        self._values: dict[str, Any] = {}

    def read(self) -> Computed:
        """Node by node."""
        for value in list(self._source.inputs())[1:]:  # without the module itself
            self._values[value.debugName()] = self._graph.placeholder(_name(value))
        for node in self._source.nodes():
            given = [self._values.get(value.debugName()) for value in node.inputs()]
            outputs = list(node.outputs())
            for value, made in zip(outputs, self._made(node, given, outputs), strict=True):
                self._values[value.debugName()] = made
        (end,) = self._source.outputs()
        given = self._values[end.debugName()]
        self._graph.output(tuple(given) if isinstance(given, list) else (given,))
        return Computed(self._graph, self._held)

    def _made(self, node: Any, given: Sequence[Any], outputs: Sequence[Any]) -> Sequence[Any]:
        """What each output of a node stands for: a node, a list, or a plain value."""
        kind = node.kind()
        if kind == "prim::Constant":
            return [outputs[0].toIValue()]
        if kind == "prim::GetAttr":
            return [self._attribute(outputs[0])]
        if kind in ("prim::ListConstruct", "prim::TupleConstruct"):
            return [list(given)]
        if kind in ("prim::ListUnpack", "prim::TupleUnpack"):
            return given[0] if isinstance(given[0], list) else self._parts(given[0], outputs)
        if kind in _SAME:
            return [given[0]]
        if kind == "prim::ConstantChunk":
            chunk = (given[0], node.i("chunks"), node.i("dim"))
            return self._parts(self._graph.call_function(torch.ops.aten.chunk.default, chunk), outputs)
        if not kind.startswith("aten::"):
            raise UnreadableError(f"{kind} in a traced program cannot be computed by itself")
        made = self._called(node, given, outputs[0])
        return [made] if len(outputs) == 1 else self._parts(made, outputs)

    def _attribute(self, value: Any) -> Node | None:
        """A weight; None for a module on the way to it."""
        tensor = self._tensors.get(value.debugName())
        if tensor is None:
            return None
        node = self._graph.placeholder(_name(value))
        self._held[node.name] = tensor.detach()
        return node

    def _called(self, node: Any, given: Sequence[Any], value: Any) -> Node:
        schema = torch._C.parse_schema(node.schema())
        if schema.is_mutable:
            raise UnreadableError(f"{schema.name} writes into a tensor: write the model without changing one in place")
        packet = getattr(torch.ops.aten, schema.name.removeprefix("aten::"))
        call = getattr(packet, schema.overload_name or "default")
        named = [(one, _argument(one, value)) for one, value in zip(schema.arguments, given, strict=True)]
        args = tuple(value for one, value in named if not one.kwarg_only)
        kwargs = {one.name: value for one, value in named if one.kwarg_only}
        made = self._graph.call_function(call, args, kwargs)
        made.meta |= {RESULT: _name(value), "stack_trace": _stack(node.sourceRange())}
        return made

    def _parts(self, made: Node, outputs: Sequence[Any]) -> list[Node]:
        parts = [self._graph.call_function(operator.getitem, (made, index)) for index in range(len(outputs))]
        for part, value in zip(parts, outputs, strict=True):
            part.meta[RESULT] = _name(value)
        return parts


def _argument(wanted: Any, value: Any) -> Any:
    """A trace gives dtypes as numbers."""
    from coremltools.converters.mil.frontend.torch.utils import NUM_TO_TORCH_DTYPE

    return NUM_TO_TORCH_DTYPE[value] if wanted.name == "dtype" and isinstance(value, int) else value


def _name(value: Any) -> str:
    """As the converter makes a name of MIL: ``input_3`` for ``input.3``, ``var_68`` for ``68``."""
    name = re.sub(r"\W", "_", value.debugName())
    return f"var_{name}" if name[0].isdigit() else name


def _stack(told: str) -> str:
    """Frames as torch.fx keeps them, outermost first, from a trace's, innermost first."""
    frames = [
        f'File "{frame["file"]}", line {frame["line"]}, in {frame["function"]}\n'
        f"    {linecache.getline(frame['file'], int(frame['line'])).strip()}\n"
        for frame in _FRAME.finditer(told)
    ]
    return "".join(reversed(frames))
