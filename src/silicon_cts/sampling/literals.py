"""How is a tensor written down as Python, with its strides, its offset and what lies beside it in memory?"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any
from zlib import compress

import torch

_MOST_ELEMENTS = 512
"""Values are written out up to this many; more are packed."""


def lists(**named: Sequence[torch.Tensor]) -> str:
    """Python text that assigns each list of tensors to its name; it needs ``torch`` in scope, and no import besides."""
    small = sum(_memory(tensor)[0].numel() for tensors in named.values() for tensor in tensors) <= _MOST_ELEMENTS
    texts = [f"{name} = [\n{_lines(tensors, small)}]\n" for name, tensors in named.items()]
    return f"from math import inf, nan\n\n{'' if small else _UNPACK}{''.join(texts)}"


def _lines(tensors: Sequence[torch.Tensor], small: bool) -> str:
    return "".join(f"    {_tensor(tensor, small)},\n" for tensor in tensors)


def number(value: Any) -> str:
    """As ``repr``, but for complex numbers that ``repr`` writes so that Python cannot read them."""
    if isinstance(value, list):
        return f"[{', '.join(map(number, value))}]"
    return f"complex({value.real!r}, {value.imag!r})" if isinstance(value, complex) else repr(value)


def is_whole(tensor: torch.Tensor) -> bool:
    """Whether a tensor is contiguous and alone in its memory, without lazy bits: ``clone`` makes the same again."""
    return _memory(tensor)[1] == f"{{}}.reshape({tuple(tensor.shape)})"


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
        text = f"torch.tensor({number(memory.reshape(tensor.shape).tolist())}, dtype={memory.dtype})"
        text += f".reshape({tuple(tensor.shape)})" if 0 in tensor.shape else ""
        text += lazy.removeprefix(f"{{}}.reshape({tuple(tensor.shape)})")
    else:
        text = lazy.format(f"torch.tensor({number(memory.tolist())}, dtype={memory.dtype})")
    return text + (".requires_grad_()" if tensor.requires_grad else "")


_UNPACK = """import zlib
from base64 import b64decode


def unpack(text, dtype):
    memory = bytearray(zlib.decompress(b64decode(text)))
    return torch.frombuffer(memory, dtype=torch.uint8).view(dtype) if memory else torch.empty(0, dtype=dtype)


"""
