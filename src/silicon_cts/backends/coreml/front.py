"""How do samples pass a front end of coremltools, and which of them is to blame when they do not?

A batch is traced or exported as one program. An exception names its culprit: while PyTorch traces, the program says
which sample is running; while coremltools converts, the frames of the exception hold the node that it was converting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from silicon_cts.backends import program as programs
from silicon_cts.backends.program import Program
from silicon_cts.sampling.sample import Sample


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

    def keeping(self, keys: Collection[int]) -> Passed:
        """The same with the samples of these keys alone."""
        members = tuple(member for member in self.members if member.key in keys)
        if len(members) == len(self.members):
            return self
        if self.front == "trace":
            return passed(self.front, members)
        starts, position = {}, 0
        for member in self.members:
            starts[member.key] = range(position, position + len(member.dtypes))
            position += len(member.dtypes)
        outputs = {position for member in members for position in starts[member.key]}
        return Passed(self.front, members, self.inputs, programs.keeping(self.model, outputs), self.first)

    def culprits(self, error: BaseException) -> set[int]:
        """The keys of the samples that hold the node at which the converter failed; empty if it does not tell."""
        node = _node_of(error)
        if node is None:
            return set()
        if self.front == "trace":
            scopes, _types = node.get_scope_info()
            numbers = programs.named_in("/".join(scopes))
        else:
            made = {one.name: one for one in self.model.graph.nodes}
            numbers = programs.samples_of(made[node.name]) if node.name in made else set()
        return {self.first[number].key for number in numbers} & {member.key for member in self.members}


class TracingError(Exception):
    """PyTorch cannot trace or export a batch; ``key`` is the sample to blame, None if that is not known."""

    def __init__(self, key: int | None, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.key = key
        self.cause = cause


def passed(front: str, members: Sequence[Member]) -> Passed:
    """The samples as a traced or exported program. Raises TracingError."""
    program = Program([member.sample for member in members], [member.held for member in members], lifted=True)
    try:
        model = _FRONTS[front](program)
    except Exception as error:
        blamed = program.running
        raise TracingError(None if blamed is None else members[blamed].key, error) from error
    return Passed(front, tuple(members), tuple(program.inputs), model, tuple(members))


def _exported(program: Program) -> Any:
    return programs.exported(program).run_decompositions({})


_FRONTS: Mapping[str, Callable[[Program], Any]] = {"trace": programs.traced, "export": _exported}


def _node_of(error: BaseException) -> Any:
    """The node that ``coremltools``' front end was converting, from the frames of its exception."""
    found, frame = None, error.__traceback__
    while frame is not None:
        node = frame.tb_frame.f_locals.get("node")
        if hasattr(node, "get_scope_info") and found is None:
            found = node
        frame = frame.tb_next
    return found
