"""What is observed of a sample when one aspect of its operator is asked for?

An aspect is a function from a sample to the tensors that it leaves behind. The same function runs on the device, on the
CPU as the yardstick and in float64 as the oracle, so that what is compared is the same by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_flatten

from silicon_cts.catalog.dtypes import DTYPES, name_of, wide
from silicon_cts.sampling.layout import over_memory
from silicon_cts.sampling.sample import Sample

Observed = list[torch.Tensor | None]
"""One entry an output; None where a differentiable input got no gradient."""


def _outputs(result: Any) -> list[torch.Tensor]:
    """The tensors of a result, sparse ones made dense, Python numbers as 0-dim tensors (float64, int64, bool)."""
    outputs = []
    for leaf in tree_flatten(result)[0]:
        if isinstance(leaf, torch.Tensor):
            outputs.append(leaf if leaf.layout == torch.strided else leaf.to_dense())
        elif isinstance(leaf, bool | int | float | complex):
            outputs.append(torch.tensor(leaf, dtype=_python_dtype(leaf)))
    return outputs


def _python_dtype(number: complex) -> torch.dtype:
    kinds = {bool: torch.bool, int: torch.int64, float: torch.float64, complex: torch.complex128}
    return kinds[type(number)]


def forward(sample: Sample, _seed: int) -> Observed:
    """The outputs of one call."""
    with torch.no_grad():
        return [output.detach() for output in _outputs(sample.run())]


def cotangent(output: torch.Tensor, seed: int) -> torch.Tensor:
    """A random ``grad_output`` for ``output``: multiples of 1/128 in [-1, 1], exact in every floating dtype.

    Exact values mean that backend, yardstick and oracle are given the same cotangent without any rounding between
    them. Integers from NumPy's PCG64 are the same on every machine. Ones everywhere would hide a backward that
    ignores its ``grad_output``.
    """
    generator = np.random.default_rng(seed)
    parts = 2 if output.is_complex() else 1
    drawn = torch.from_numpy(generator.integers(-128, 129, (parts, *output.shape)) / 128)
    values = torch.complex(drawn[0], drawn[1]) if parts == 2 else drawn[0]
    return values.to(output.dtype).to(output.device)  # first the dtype: a device may have no float64


def gradient(sample: Sample, seed: int) -> Observed:
    """The gradient of each differentiable input under random cotangents; empty if nothing is differentiable."""
    inputs = [tensor for tensor in sample.tensors if tensor.requires_grad]
    outputs = [out for out in _outputs(sample.process_output(sample.run())) if out.requires_grad]
    if not inputs or not outputs:
        return []
    cotangents = [cotangent(output.detach(), seed + index) for index, output in enumerate(outputs)]
    return list(torch.autograd.grad(outputs, inputs, cotangents, allow_unused=True))


ASPECTS: dict[str, Callable[..., Observed]] = {"forward": forward, "gradient": gradient}
"""What can be asked of an operator. An aspect is added here and as one thin test in ``suites/operators``."""


def to_wide(sample: Sample) -> Sample:
    """The same call in the oracle's precision: tensors and ``dtype=`` arguments in float64 or complex128."""

    def widen(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and (leaf.is_floating_point() or leaf.is_complex()):
            target = DTYPES[wide(name_of(leaf.dtype))].torch
            return over_memory(leaf, lambda memory: memory.to(target))
        if isinstance(leaf, torch.dtype) and name_of(leaf) in DTYPES:
            return DTYPES[wide(name_of(leaf))].torch
        return leaf

    return sample.replace(widen)


def to_device(sample: Sample, device: str) -> Sample:
    """The same call with its tensors (memory, strides and offset kept) and ``device=`` arguments on ``device``."""
    target = torch.device(device)

    def move(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor):
            return over_memory(leaf, lambda memory: memory.to(target))
        if isinstance(leaf, torch.device) or (isinstance(leaf, str) and leaf in ("cpu", "cpu:0")):
            return target
        return leaf

    return sample.replace(move)


def draws_random_numbers(sample: Sample) -> bool:
    """Whether this very call takes numbers from the CPU's generator (dropout with p = 0 does not)."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Watch(TorchDispatchMode):
        drew: bool = False

        def __torch_dispatch__(self, func: Any, types: Any, args: Iterable[Any] = (), kwargs: Any = None) -> Any:
            before = torch.default_generator.get_state()
            result = func(*args, **(kwargs or {}))
            self.drew = self.drew or not torch.equal(before, torch.default_generator.get_state())
            return result

    with Watch() as watch, torch.no_grad():  # type: ignore[no-untyped-call]
        sample.run()
    return bool(watch.drew)
