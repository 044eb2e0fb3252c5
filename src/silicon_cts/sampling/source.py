"""How is a sample written as plain Python that needs torch alone?"""

from __future__ import annotations

from operator import attrgetter

import torch
from torch.utils._pytree import tree_map_only

from silicon_cts.catalog.operators import op_info
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import Sample, make

_MOST_ELEMENTS = 512
"""Values are written out up to this many; more are made again by op_db, which is part of torch."""


def source(recipe: Recipe) -> str:
    """Python text that defines ``tensors`` (on the CPU) and ``run(*tensors)``, the call of the recipe."""
    sample = make(recipe)
    call = _public_name(recipe.operator, sample)
    small = sum(tensor.numel() for tensor in sample.tensors) <= _MOST_ELEMENTS
    arguments = _arguments(sample) if small and call else None
    if arguments is None:
        return _from_op_db(recipe)
    tensors = "".join(f"    {_tensor(tensor)},\n" for tensor in sample.tensors)
    names = "".join(f"t{index}, " for index in range(len(sample.tensors)))
    return (
        f"from math import inf, nan\n\ntensors = [\n{tensors}]\n\n\ndef run({names}):\n    return {call}({arguments})\n"
    )


def _public_name(operator: str, sample: Sample) -> str | None:
    """``torch.nn.functional.gelu`` if that is the very function called; None for op_db's own lambdas."""
    name = op_info(operator).name
    for candidate in (f"torch.{name}", f"torch.Tensor.{name}"):
        try:
            if attrgetter(candidate.removeprefix("torch."))(torch) is sample.call:
                return candidate
        except AttributeError:
            continue
    return None


class _Name:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


_PLAIN = (int, float, complex, str, bool, type(None), slice, torch.dtype, torch.layout, torch.memory_format, type(...))


def _arguments(sample: Sample) -> str | None:
    names = iter(range(len(sample.leaves)))
    for leaf in sample.leaves:
        if not isinstance(leaf, (*_PLAIN, torch.Tensor, torch.device)):
            return None
    args, kwargs = sample.arguments()
    args, kwargs = tree_map_only(torch.Tensor, lambda _: _Name(f"t{next(names)}"), (args, kwargs))
    args, kwargs = tree_map_only(torch.device, lambda device: _Name(f"torch.device({str(device)!r})"), (args, kwargs))
    return ", ".join([*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())])


def _tensor(tensor: torch.Tensor) -> str:
    values = tensor.detach().resolve_conj().resolve_neg()
    text = f"torch.tensor({values.tolist()!r}, dtype={values.dtype})"
    if 0 in tensor.shape:
        text += f".reshape({tuple(tensor.shape)})"
    if tensor.layout == torch.strided and tensor.numel() > 1 and not tensor.is_contiguous():
        text += _with_strides(tensor)
    return text + (".requires_grad_()" if tensor.requires_grad else "")


def _with_strides(tensor: torch.Tensor) -> str:
    """Put the values into memory with the same strides; expanded dimensions are expanded again."""
    size, stride = tuple(tensor.shape), tuple(tensor.stride())
    if 0 in stride:
        index = ", ".join(":1" if step == 0 else ":" for step in stride)
        return f"[{index}].expand({size})"
    permutation = sorted(range(tensor.ndim), key=lambda dim: -stride[dim])
    inverse = [permutation.index(dim) for dim in range(tensor.ndim)]
    return f".permute({permutation}).contiguous().permute({inverse})"


def _from_op_db(recipe: Recipe) -> str:
    return f"""\
import random

import numpy
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils._pytree import tree_flatten, tree_unflatten

op = next(op for op in op_db if op.full_name == {recipe.operator!r})
random.seed({recipe.seed})
numpy.random.seed({recipe.seed})
torch.manual_seed({recipe.seed})
wants_gradient = op.supports_autograd and torch.{recipe.dtype} in op.supported_backward_dtypes("cpu")
samples = list(op.sample_inputs_func(op, "cpu", torch.{recipe.dtype}, wants_gradient))
sample = samples[{recipe.sample}]
leaves, spec = tree_flatten(((sample.input, *sample.args), sample.kwargs))
tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]


def run(*tensors):
    given = iter(tensors)
    args, kwargs = tree_unflatten([next(given) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves], spec)
    return op.op(*args, **kwargs)
"""
