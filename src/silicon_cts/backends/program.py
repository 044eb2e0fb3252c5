"""How do many samples become one program, traced or exported?

Ahead-of-time backends pay 0.2 s and more for an export, whatever it holds, so a batch of samples shares one. Each
sample is a submodule of its own: the graph then says of every operation which sample it belongs to, so that a refusal
that names operations can be blamed on the samples that hold them, without exporting again.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch.fx import Node
from torch.utils._pytree import tree_flatten

from silicon_cts.sampling.sample import Sample

_SUBMODULE = re.compile(r"sample_(\d+)")
_EXPORT_REFUSALS = (
    "DataDependentOutputException",
    "DynamicOutputShapeException",
    "GuardOnDataDependentSymNode",
    "PendingUnbackedSymbolNotFound",
    "UserError",
    "Unsupported",
    "UnsupportedOperatorException",
)
"""Exceptions by which torch.export says that it cannot trace a call."""


def cannot_trace(error: BaseException) -> bool:
    """Whether an exception is how torch.export says that it cannot trace a call."""
    return type(error).__name__ in _EXPORT_REFUSALS


class _OneSample(torch.nn.Module):
    def __init__(self, sample: Sample, held: Collection[int], lifted: bool) -> None:
        super().__init__()
        self.lifted = lifted
        self.sample = sample
        self.held = held
        for position in held:
            self.register_buffer(f"constant_{position}", sample.tensors[position].detach())

    def forward(self, *tensors: torch.Tensor) -> list[torch.Tensor]:
        given = iter(tensors)
        arguments = [
            getattr(self, f"constant_{position}") if position in self.held else self._lowered(next(given), tensor)
            for position, tensor in enumerate(self.sample.tensors)
        ]
        result = self.sample.with_tensors(arguments).run()
        outputs = [leaf for leaf in tree_flatten(result)[0] if isinstance(leaf, torch.Tensor)]
        return [out.clone() if any(out is tensor for tensor in arguments) else out for out in outputs]

    def _lowered(self, given: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        return given.squeeze(0) if self.lifted and tensor.dim() == 0 else given


class Program(torch.nn.Module):
    """Samples side by side: takes the tensors of all, returns for each sample the list of its output tensors.

    ``held`` says for each sample which of its tensors, by position, are constants of the program and no inputs; by
    default none are. If ``lifted``, tensors of rank 0 are given as tensors of one element, for a converter whose
    programs take no inputs of rank 0.
    """

    def __init__(
        self, samples: Sequence[Sample], held: Sequence[Collection[int]] | None = None, lifted: bool = False
    ) -> None:
        super().__init__()
        self.held = held or [()] * len(samples)
        self.inputs = [
            tensor.detach().reshape(1) if lifted and tensor.dim() == 0 else tensor.detach()
            for sample, constants in zip(samples, self.held, strict=True)
            for position, tensor in enumerate(sample.tensors)
            if position not in constants
        ]
        self.counts = [
            len(sample.tensors) - len(constants) for sample, constants in zip(samples, self.held, strict=True)
        ]
        self.running: int | None = None
        """The sample that :meth:`forward` is at: the one to blame for its exception; None after it."""
        for index, (sample, constants) in enumerate(zip(samples, self.held, strict=True)):
            self.add_module(f"sample_{index}", _OneSample(sample, constants, lifted))

    def forward(self, *tensors: torch.Tensor) -> list[list[torch.Tensor]]:
        """Run every sample on its share of ``tensors``."""
        outputs, start = [], 0
        for index, count in enumerate(self.counts):
            self.running = index
            outputs.append(getattr(self, f"sample_{index}")(*tensors[start : start + count]))
            start += count
        self.running = None
        return outputs


class _Flat(torch.nn.Module):
    """A program whose outputs are one tuple, as ``torch.jit.trace`` wants them."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(output for share in self.program(*tensors) for output in share)


def export(samples: Sequence[Sample]) -> torch.export.ExportedProgram:
    """Export the samples as one program with static shapes. Raises whatever torch.export raises."""
    return exported(Program(samples))


def exported(program: Program, sizes: Sequence[Mapping[int, Any]] = ()) -> torch.export.ExportedProgram:
    """The program with static shapes, but for the dimensions of an input to which ``sizes`` gives a ``Dim``.

    Raises whatever torch.export raises.
    """
    shapes = {"tensors": tuple(map(dict, sizes))} if any(sizes) else None
    with torch.no_grad():
        return torch.export.export(program.eval(), tuple(program.inputs), dynamic_shapes=shapes)


def traced(program: Program) -> Any:
    """The program as TorchScript, all outputs in one tuple. Raises whatever torch.jit.trace raises."""
    with torch.no_grad():
        return torch.jit.trace(_Flat(program).eval(), tuple(program.inputs), check_trace=False)


def holders(program: torch.export.ExportedProgram, operations: Iterable[str]) -> dict[int, set[str]]:
    """Which samples hold which of the named operations (``aten.sort.default``), by index of the sample."""
    wanted = set(operations)
    found: dict[int, set[str]] = {}
    for node in program.graph.nodes:
        if node.op == "call_function" and str(node.target) in wanted:
            for index in samples_of(node):
                found.setdefault(index, set()).add(str(node.target))
    return found


def samples_of(node: Node) -> set[int]:
    """The indices of the samples that a node of an exported program belongs to: one, or none if it is shared."""
    stack: dict[str, Any] = node.meta.get("nn_module_stack") or {}
    return named_in(" ".join(str(path) for path, *_ in stack.values()))


def named_in(path: str) -> set[int]:
    """The indices of the samples that a path of modules names."""
    return {int(number) for number in _SUBMODULE.findall(path)}


def keeping(program: torch.export.ExportedProgram, outputs: Collection[int]) -> torch.export.ExportedProgram:
    """The exported program with the outputs at these positions alone, and what they need; its inputs all stay."""
    module = copy.deepcopy(program.graph_module)
    signature = copy.deepcopy(program.graph_signature)
    (end,) = (node for node in module.graph.nodes if node.op == "output")
    end.args = (tuple(value for position, value in enumerate(end.args[0]) if position in outputs),)
    signature.output_specs = [spec for position, spec in enumerate(signature.output_specs) if position in outputs]
    # a runtime assertion counts as impure, and would keep what was taken out
    module.graph.eliminate_dead_code(lambda node: node.op in ("placeholder", "output"))
    return torch.export.ExportedProgram(
        root=module,
        graph=module.graph,
        graph_signature=signature,
        state_dict=program.state_dict,
        range_constraints=program.range_constraints,
        module_call_graph=copy.deepcopy(program.module_call_graph),
        constants=program.constants,
        verifiers=program.verifiers,
    )
