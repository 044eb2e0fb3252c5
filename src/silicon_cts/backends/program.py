"""How do many samples become one exportable program?

Ahead-of-time backends pay 0.2 s and more for an export, whatever it holds, so a batch of samples shares one. Each
sample is a submodule of its own: the graph then says of every operation which sample it belongs to, so that a refusal
that names operations can be blamed on the samples that hold them, without exporting again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch.fx import Node
from torch.utils._pytree import tree_flatten

from silicon_cts.sampling.sample import Sample

_SUBMODULE = re.compile(r"sample_(\d+)")


class _OneSample(torch.nn.Module):
    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self.sample = sample

    def forward(self, *tensors: torch.Tensor) -> list[torch.Tensor]:
        result = self.sample.with_tensors(tensors).run()
        outputs = [leaf for leaf in tree_flatten(result)[0] if isinstance(leaf, torch.Tensor)]
        return [out.clone() if any(out is tensor for tensor in tensors) else out for out in outputs]


class Program(torch.nn.Module):
    """Samples side by side: takes the tensors of all, returns for each sample the list of its output tensors."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        super().__init__()
        self.counts = [len(sample.tensors) for sample in samples]
        for index, sample in enumerate(samples):
            self.add_module(f"sample_{index}", _OneSample(sample))

    def forward(self, *tensors: torch.Tensor) -> list[list[torch.Tensor]]:
        """Run every sample on its share of ``tensors``."""
        outputs, start = [], 0
        for index, count in enumerate(self.counts):
            outputs.append(getattr(self, f"sample_{index}")(*tensors[start : start + count]))
            start += count
        return outputs


def export(samples: Sequence[Sample]) -> torch.export.ExportedProgram:
    """Export the samples as one program with static shapes. Raises whatever torch.export raises."""
    inputs = tuple(tensor.detach() for sample in samples for tensor in sample.tensors)
    with torch.no_grad():
        return torch.export.export(Program(samples).eval(), inputs)


def holders(program: torch.export.ExportedProgram, operations: Iterable[str]) -> dict[int, set[str]]:
    """Which samples hold which of the named operations (``aten.sort.default``), by index of the sample."""
    wanted = set(operations)
    found: dict[int, set[str]] = {}
    for node in program.graph.nodes:
        if node.op == "call_function" and str(node.target) in wanted:
            for index in _samples_of(node):
                found.setdefault(index, set()).add(str(node.target))
    return found


def _samples_of(node: Node) -> set[int]:
    stack: dict[str, Any] = node.meta.get("nn_module_stack") or {}
    paths = " ".join(str(path) for path, *_ in stack.values())
    return {int(number) for number in _SUBMODULE.findall(paths)}
