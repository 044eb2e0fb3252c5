"""How can a tensor lie in memory, and how does it keep that when its memory changes?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.recipe import RecipeError


def over_memory(tensor: torch.Tensor, change: Callable[[torch.Tensor], torch.Tensor], offset: int = 0) -> torch.Tensor:
    """``change`` applied to the whole memory under a tensor, seen again with the same size, strides and offset.

    ``offset`` more elements lie before it in what ``change`` returns.

    ``change`` gets a flat tensor and returns one with as many elements, of any dtype or on any device, in memory of its
    own. Lazy conjugate and negative bits and ``requires_grad`` are kept; a tensor that is not strided is only changed.
    """
    plain = tensor.detach()
    if plain.layout != torch.strided:
        return change(plain).requires_grad_(tensor.requires_grad)
    plain = plain.conj() if tensor.is_conj() else plain
    plain = torch._neg_view(plain) if plain.is_neg() else plain
    elements = plain.untyped_storage().nbytes() // plain.element_size()
    memory = change(torch.as_strided(plain, (elements,), (1,), 0))
    changed = memory.as_strided(plain.size(), plain.stride(), plain.storage_offset() + offset)
    changed = torch._neg_view(changed) if tensor.is_neg() else changed
    changed = changed.conj() if tensor.is_conj() else changed
    return changed.detach().requires_grad_(tensor.requires_grad)


Layout = Callable[[torch.Tensor], torch.Tensor]


_SIGNALLING = {
    torch.float16: (0xFD00, torch.int16),
    torch.bfloat16: (0xFFA0, torch.int16),
    torch.float32: (0xFFA0_0000, torch.int32),
    torch.float64: (0xFFF4_0000_0000_0000, torch.int64),
}
"""The bits of a negative signalling NaN, and integers of that size: what is computed of it has other bits, if only that
it is quiet (IEEE 754-2019, 6.2), or positive."""


def garbage(dtype: torch.dtype, count: int) -> torch.Tensor:
    """Memory that nobody may read or write: flat. What is read of it is NaN, or an integer near a limit, and neither
    stays as it is where an operator is applied to it."""
    if dtype.is_complex:
        return torch.view_as_complex(garbage(dtype.to_real(), 2 * count).view(count, 2))
    if dtype in _SIGNALLING:
        bits, integers = _SIGNALLING[dtype]
        return torch.full((count,), bits - 2 ** torch.iinfo(integers).bits, dtype=integers).view(dtype)
    if dtype.is_floating_point:
        return torch.full((count,), float("nan"), dtype=dtype)
    if dtype == torch.bool:
        return torch.ones(count, dtype=dtype)
    limits = torch.iinfo(dtype)
    return torch.full((count,), limits.min + 2 if limits.min else limits.max, dtype=dtype)


_MOST_GARBAGE = 2**20
"""Elements of garbage beside a tensor that has none itself."""


def _within(tensor: torch.Tensor, room: Sequence[int], view: Layout) -> torch.Tensor:
    """The tensor's values in ``view`` of new memory of size ``room`` that is garbage elsewhere.

    An empty tensor has no place in that memory, which may be huge: 3 for each of the elements that it would have.
    """
    if not tensor.numel() and math.prod(room) > _MOST_GARBAGE:
        return _contiguous(tensor)
    place = view(garbage(tensor.dtype, math.prod(room)).reshape(tuple(room)))
    return place.copy_(tensor)


def _reordered(tensor: torch.Tensor, order: Sequence[int]) -> torch.Tensor:
    """The same tensor with dimension ``order[0]`` outermost in memory, and so on."""
    back = sorted(range(tensor.ndim), key=order.__getitem__)
    return tensor.permute(*order).clone(memory_format=torch.contiguous_format).permute(*back)


def _contiguous(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.clone(memory_format=torch.contiguous_format)


def _transposed(tensor: torch.Tensor) -> torch.Tensor:
    return _contiguous(tensor.mT).mT


def _permuted(tensor: torch.Tensor) -> torch.Tensor:
    """The first dimension innermost: unlike a reversal, this is no mirror image of itself."""
    return _reordered(tensor, [*range(1, tensor.ndim), 0])


def _sliced(tensor: torch.Tensor) -> torch.Tensor:
    *outer, last = tensor.shape
    return _within(tensor, [*outer, 2 * last + 3], lambda room: room[..., 3 : 2 * last + 3 : 2])


def _narrowed(tensor: torch.Tensor) -> torch.Tensor:
    *outer, last = tensor.shape
    return _within(tensor, [*outer, last + 3], lambda room: room[..., 1 : last + 1])


def _offset(tensor: torch.Tensor) -> torch.Tensor:
    count = tensor.numel()
    return _within(tensor, [count + 6], lambda room: room[3 : count + 3].view(tensor.shape))


def _first_for_all(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    return _contiguous(tensor.narrow(dim, 0, 1)).expand(tensor.shape)


def _expanded(tensor: torch.Tensor) -> torch.Tensor:
    """The first slice for all of the first dimension that has more than one."""
    return _first_for_all(tensor, next(dim for dim, size in enumerate(tensor.shape) if size > 1))


def _expanded_last(tensor: torch.Tensor) -> torch.Tensor:
    """The first element for all of the last dimension that has more than one, as an index is expanded over channels."""
    return _first_for_all(tensor, max(dim for dim, size in enumerate(tensor.shape) if size > 1))


def _channels_last(tensor: torch.Tensor) -> torch.Tensor:
    return _reordered(tensor, [0, *range(2, tensor.ndim), 1])


def _channels_last_sliced(tensor: torch.Tensor) -> torch.Tensor:
    batch, channels, *space = tensor.shape
    back = [0, tensor.ndim - 1, *range(1, tensor.ndim - 1)]
    return _within(tensor, [batch, *space, channels + 3], lambda room: room.permute(*back)[:, 1 : channels + 1])


def _conjugate(tensor: torch.Tensor) -> torch.Tensor:
    return _contiguous(tensor.conj().resolve_conj()).conj()


def _negative(tensor: torch.Tensor) -> torch.Tensor:
    """Part by part: of complex zeros, the CPU negates some to zeros of the same sign."""
    if tensor.is_complex():
        return torch._neg_view(torch.view_as_complex(-torch.view_as_real(_contiguous(tensor))))
    return torch._neg_view(_contiguous(-tensor))


LAYOUTS: dict[str, Layout] = {
    "contiguous": _contiguous,
    "transposed": _transposed,
    "permuted": _permuted,
    "sliced": _sliced,
    "narrowed": _narrowed,
    "offset": _offset,
    "expanded": _expanded,
    "expanded_last": _expanded_last,
    "channels_last": _channels_last,
    "channels_last_sliced": _channels_last_sliced,
    "conjugate": _conjugate,
    "negative": _negative,
}
"""By name: the same tensor in new memory. ``offset`` makes of a 0-dim tensor a view of one element of many."""

SHARED = ("expanded", "expanded_last")
"""Layouts in which several elements lie in one place: they alone change values, and no answer fits into them."""

_APPLIES: dict[str, Callable[[tuple[int, ...], torch.dtype], bool]] = {
    "contiguous": lambda _shape, _dtype: True,
    "transposed": lambda shape, _: len(shape) >= 2,
    "permuted": lambda shape, _: len(shape) >= 3,
    "sliced": lambda shape, _: len(shape) >= 1,
    "narrowed": lambda shape, _: len(shape) >= 1,
    "offset": lambda _shape, _dtype: True,
    "expanded": lambda shape, _: 0 not in shape and any(size > 1 for size in shape),
    "expanded_last": lambda shape, _: 0 not in shape and sum(size > 1 for size in shape) > 1,
    "channels_last": lambda shape, _: len(shape) in (4, 5),
    "channels_last_sliced": lambda shape, _: len(shape) in (4, 5),
    "conjugate": lambda _, dtype: dtype.is_complex,
    "negative": lambda _, dtype: dtype.is_complex or dtype.is_floating_point,
}


def applicable(shape: Sequence[int], dtype: torch.dtype) -> tuple[str, ...]:
    """The layouts that a tensor of that shape and dtype can have, in the order of :data:`LAYOUTS`."""
    return tuple(name for name in LAYOUTS if _APPLIES[name](tuple(shape), dtype))


def lay_out(tensor: torch.Tensor, name: str) -> torch.Tensor:
    """The same values, dtype and ``requires_grad`` in new memory. Raises RecipeError if the layout does not fit."""
    if name not in LAYOUTS:
        raise RecipeError(f"no layout {name!r}; there are {', '.join(LAYOUTS)}")
    if tensor.layout != torch.strided or name not in applicable(tensor.shape, tensor.dtype):
        raise RecipeError(f"a tensor of shape {tuple(tensor.shape)} and {tensor.dtype} cannot lie {name}")
    plain = tensor.detach().resolve_conj().resolve_neg()
    return LAYOUTS[name](plain).requires_grad_(tensor.requires_grad)


def apply(sample: Sample, names: Sequence[str]) -> Sample:
    """The same call with each tensor lying as named. Raises RecipeError for a wrong name or number of them."""
    if len(names) != len(sample.tensors):
        raise RecipeError(f"{len(names)} layouts for {len(sample.tensors)} tensors")
    return sample.with_tensors([lay_out(tensor, name) for tensor, name in zip(sample.tensors, names, strict=True)])
