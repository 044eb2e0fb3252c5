"""How do samples pass a front end of coremltools, and which of them is to blame when they do not?

A batch is traced or exported as one program. An exception names its culprit: while PyTorch traces, the program says
which sample is running; while coremltools converts, the frames of the exception hold the node that it was converting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch.fx import Node

from silicon_cts.backends import program as programs
from silicon_cts.backends.decomposition import decomposed
from silicon_cts.backends.program import Program
from silicon_cts.sampling.resized import RANGE as RANGE
from silicon_cts.sampling.sample import Sample

Flexible = Sequence[Collection[int]]
"""Of each input, the dimensions that take one and the same size, any within :data:`RANGE`."""
_UNKNOWN = re.compile("convert function for op '.*' not implemented|Unsupported fx node")
"""How the converter says that it has no function for a kind of node."""


@dataclass(frozen=True)
class Member:
    """A sample in a program."""

    key: int
    sample: Sample
    held: tuple[int, ...]
    """Positions of its tensors that are constants of the program."""
    dtypes: tuple[torch.dtype, ...]
    """Of the tensors that it returns."""

    @property
    def given(self) -> tuple[torch.dtype, ...]:
        """dtypes of its tensors."""
        return tuple(tensor.dtype for tensor in self.sample.tensors)


@dataclass(frozen=True)
class Passed:
    """Samples that PyTorch traced or exported together."""

    front: str
    members: tuple[Member, ...]
    """Those whose outputs ``model`` gives, in order."""
    inputs: tuple[torch.Tensor, ...]
    """What ``model`` takes; an exported program keeps the inputs of samples that were taken out of it."""
    model: Any
    """A ScriptModule or an ExportedProgram."""
    first: tuple[Member, ...]
    """The members of the program that was traced, by which its modules are numbered."""
    flexible: Flexible = ()
    """Of each input; empty if none has any."""
    kind: type[Program] = Program
    """How the samples stand in it."""

    def keeping(self, keys: Collection[int]) -> Passed:
        """The same with the samples of these keys alone."""
        members = tuple(member for member in self.members if member.key in keys)
        if len(members) == len(self.members):
            return self
        if self.front == "trace":
            return passed(self.front, members, kind=self.kind)
        starts, position = {}, 0
        for member in self.members:
            starts[member.key] = range(position, position + len(member.dtypes))
            position += len(member.dtypes)
        outputs = {position for member in members for position in starts[member.key]}
        return replace(self, members=members, model=programs.keeping(self.model, outputs))

    def culprits(self, error: BaseException) -> set[int]:
        """The keys of the samples that hold the node at which the converter failed; empty if it does not tell.

        Where it knows no such operation, of all samples that hold one.
        """
        numbers = {number for node in _nodes_of(error) for number in self._numbers(node)}
        return {self.first[number].key for number in numbers} & {member.key for member in self.members}

    def _numbers(self, node: Any) -> set[int]:
        """Of the samples in the program that was traced."""
        if isinstance(node, Node):
            return programs.samples_of(node)
        if self.front == "trace":
            scopes, _types = node.get_scope_info()
            return programs.named_in("/".join(scopes))
        return programs.samples_of(self._made[node.name]) if node.name in self._made else set()

    @cached_property
    def _made(self) -> Mapping[str, Any]:
        return {one.name: one for one in self.model.graph.nodes}


class TracingError(Exception):
    """PyTorch cannot trace or export a batch; ``key`` is the sample to blame, None if that is not known."""

    def __init__(self, key: int | None, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.key = key
        self.cause = cause


def passed(front: str, members: Sequence[Member], flexible: Flexible = (), kind: type[Program] = Program) -> Passed:
    """The samples as a traced or exported program. Raises TracingError."""
    program = kind([member.sample for member in members], [member.held for member in members], lifted=True)
    try:
        more = [()] * (len(program.inputs) - len(flexible)) if flexible else []
        flexible = [*flexible, *more]
        model = _FRONTS[front](program, flexible)
    except Exception as error:
        blamed = program.running
        raise TracingError(None if blamed is None else members[blamed].key, error) from error
    return Passed(front, tuple(members), tuple(program.inputs), model, tuple(members), flexible, kind)


def _exported(program: Program, flexible: Flexible) -> Any:
    size = torch.export.Dim("size", min=RANGE[0], max=RANGE[1])
    return decomposed(programs.exported(program, [dict.fromkeys(dims, size) for dims in flexible]))


_FRONTS: Mapping[str, Callable[[Program, Flexible], Any]] = {
    "trace": lambda program, _flexible: programs.traced(program),  # any size may be given to what was traced
    "export": _exported,
}


def _nodes_of(error: BaseException) -> list[Any]:
    """The node that ``coremltools``' front end was at, from the frames of its exception: torch's or one of its own.

    All nodes of that kind where it says that it has no function for the kind.
    """
    unknown = _UNKNOWN.search(str(error)) is not None
    frame = error.__traceback__
    while frame is not None:
        seen: Mapping[str, Any] = frame.tb_frame.f_locals
        node, graph = seen.get("node"), seen.get("graph")
        if isinstance(node, Node):
            return [one for one in node.graph.nodes if one.target == node.target] if unknown else [node]
        if node is not None and hasattr(node, "get_scope_info"):
            if (
                not unknown or graph is None or f"'{node.kind}'" not in str(error)
            ):  # it may be one in a block of the node
                return [node]
            return [one for one in graph.nodes if one.kind == node.kind]
        frame = frame.tb_next
    return []
