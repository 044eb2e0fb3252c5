"""How is a sample written as plain Python that needs torch alone?"""

from __future__ import annotations

from base64 import b64encode
from operator import attrgetter
from typing import Any
from zlib import compress

import torch
from torch.utils._pytree import tree_map_only

from silicon_cts.catalog.operators import op_info
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import Sample, make

_MOST_ELEMENTS = 512
"""Values are written out up to this many; more are packed."""


def source(recipe: Recipe) -> str:
    """Python text that defines ``tensors`` (on the CPU) and ``run(*tensors)``, the call of the recipe."""
    sample = make(recipe)
    call = _public_name(recipe.operator, sample)
    arguments = _arguments(sample)
    small = sum(_memory(tensor)[0].numel() for tensor in sample.tensors) <= _MOST_ELEMENTS
    tensors = "".join(f"    {_tensor(tensor, small)},\n" for tensor in sample.tensors)
    begin = f"from math import inf, nan\n\n{'' if small else _UNPACK}tensors = [\n{tensors}]\n"
    if arguments is None:
        return _from_op_db(recipe, begin)
    names = "".join(f"t{index}, " for index in range(len(sample.tensors)))
    lookup = "" if call else f"\n{_LOOK_UP}op = {_entry(recipe)}\n"
    return f"{begin}{lookup}\n\ndef run({names}):\n    return {call or 'op.op'}({arguments})\n"


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


def _memory(tensor: torch.Tensor) -> tuple[torch.Tensor, str]:
    """The whole memory under a tensor, flat, and the text that makes the tensor of it."""
    plain, lazy = tensor.detach(), "{}"
    if plain.layout != torch.strided:
        return plain.to_dense().reshape(-1), "{}"
    if plain.is_neg():
        plain, lazy = torch._neg_view(plain), "torch._neg_view({})"
    if plain.is_conj():
        plain, lazy = plain.conj(), lazy.format("{}.conj()")
    elements = plain.untyped_storage().nbytes() // plain.element_size()
    if plain.is_contiguous() and elements == plain.numel():
        return plain.reshape(-1), lazy.format(f"{{}}.reshape({tuple(plain.shape)})")
    where = f"{tuple(plain.shape)}, {plain.stride()}, {plain.storage_offset()}"
    return plain.as_strided((elements,), (1,), 0), lazy.format(f"{{}}.as_strided({where})")


def _tensor(tensor: torch.Tensor, small: bool) -> str:
    memory, lazy = _memory(tensor)
    if not small:
        data = memory.contiguous().view(torch.uint8).numpy().tobytes() if memory.numel() else b""
        text = lazy.format(f'unpack("{b64encode(compress(data)).decode()}", {memory.dtype})')
    elif lazy.startswith("{}.reshape"):
        text = f"torch.tensor({_literal(memory.reshape(tensor.shape).tolist())}, dtype={memory.dtype})"
        text += f".reshape({tuple(tensor.shape)})" if 0 in tensor.shape else ""
        text += lazy.removeprefix(f"{{}}.reshape({tuple(tensor.shape)})")
    else:
        text = lazy.format(f"torch.tensor({_literal(memory.tolist())}, dtype={memory.dtype})")
    return text + (".requires_grad_()" if tensor.requires_grad else "")


def _literal(value: Any) -> str:
    """As ``repr``, but for complex numbers that ``repr`` writes so that Python cannot read them."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return f"complex({value.real!r}, {value.imag!r})" if isinstance(value, complex) else repr(value)


_UNPACK = """import zlib
from base64 import b64decode


def unpack(text, dtype):
    memory = bytearray(zlib.decompress(b64decode(text)))
    return torch.frombuffer(memory, dtype=torch.uint8).view(dtype) if memory else torch.empty(0, dtype=dtype)


"""
_LOOK_UP = "from torch.testing._internal.common_methods_invocations import op_db\n\n"


def _entry(recipe: Recipe) -> str:
    return f"next(op for op in op_db if op.full_name == {recipe.operator!r})"


def _from_op_db(recipe: Recipe, tensors: str) -> str:
    """For arguments that cannot be written out: everything but the tensors is what op_db makes."""
    return f"""\
{tensors}
import random

import numpy
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils._pytree import tree_flatten, tree_unflatten

op = {_entry(recipe)}
random.seed({recipe.seed})
numpy.random.seed({recipe.seed})
torch.manual_seed({recipe.seed})
wants_gradient = op.supports_autograd and torch.{recipe.dtype} in op.supported_backward_dtypes("cpu")
samples = list(op.sample_inputs_func(op, "cpu", torch.{recipe.dtype}, wants_gradient))
sample = samples[{recipe.sample}]
leaves, spec = tree_flatten(((sample.input, *sample.args), sample.kwargs))


def run(*tensors):
    given = iter(tensors)
    args, kwargs = tree_unflatten([next(given) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves], spec)
    return op.op(*args, **kwargs)
"""
