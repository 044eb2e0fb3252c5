"""How is one tensor or number of a call changed apart from the others?

What the CPU takes is another right call: a tensor broadcasts, a number stands where a tensor stood. What it refuses
must be refused. Which of the two it is, the CPU says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from silicon_cts.catalog.traits import look_up
from silicon_cts.sampling.call import Sample, is_floating
from silicon_cts.sampling.recipe import RecipeError

Change = Callable[[torch.Tensor, int], torch.Tensor]
"""From a tensor and a number to a tensor."""


def _longer(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    """One more element along a dimension."""
    if not tensor.ndim or not tensor.numel():
        raise RecipeError("a tensor without elements, or of rank 0, has no dimension to lengthen")
    return torch.cat([tensor, tensor.narrow(dim % tensor.ndim, 0, 1)], dim % tensor.ndim)


def _deeper(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    """One more dimension, of size 2."""
    return torch.stack([tensor, tensor], dim % (tensor.ndim + 1))


def _flatter(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    """One dimension less."""
    if not tensor.ndim or not tensor.numel():
        raise RecipeError("a tensor without elements, or of rank 0, has no dimension to take away")
    return tensor.select(dim % tensor.ndim, 0)


def _empty(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    """No elements along a dimension."""
    if not tensor.ndim:
        raise RecipeError("a tensor of rank 0 has no dimension to empty")
    return tensor.narrow(dim % tensor.ndim, 0, 0)


def _integer(tensor: torch.Tensor, _: int) -> torch.Tensor:
    """Floating numbers become integers, and integers floating numbers."""
    return tensor.real.to(torch.int64) if is_floating(tensor) else tensor.float()


def _with_last(tensor: torch.Tensor, value: int) -> torch.Tensor:
    """The last index is another."""
    if is_floating(tensor) or tensor.dtype == torch.bool or not tensor.numel():
        raise RecipeError("only integers can be indices")
    changed = tensor.clone()
    changed.view(-1)[-1] = value
    return changed


def _singular(tensor: torch.Tensor, zero: int) -> torch.Tensor:
    """The last row of each square matrix is the first one, or all of it is 0."""
    if tensor.ndim < 2 or tensor.shape[-1] != tensor.shape[-2] or not tensor.numel() or tensor.dtype == torch.bool:
        raise RecipeError("only square matrices can be singular")
    changed = torch.zeros_like(tensor) if zero else tensor.clone()
    changed[..., -1, :] = changed[..., 0, :]
    return changed


def _single(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    """One element along a dimension."""
    if not tensor.ndim or not tensor.numel():
        raise RecipeError("a tensor without elements, or of rank 0, has no dimension to shorten")
    return tensor.narrow(dim % tensor.ndim, 0, 1)


def _row(tensor: torch.Tensor, _: int) -> torch.Tensor:
    """The first row alone: rank 1."""
    if tensor.ndim < 2 or not tensor.numel():
        raise RecipeError("a tensor without elements, or of rank 1 and less, has no rows")
    return tensor.reshape(-1, tensor.shape[-1])[0]


def _column(tensor: torch.Tensor, _: int) -> torch.Tensor:
    """All elements in one column: rank 2."""
    return tensor.reshape(-1, 1)


def _deep(tensor: torch.Tensor, _: int) -> torch.Tensor:
    """Rank 5, by dimensions behind the others: of size 2, then 1."""
    if not 0 < tensor.ndim < 5:
        raise RecipeError("a tensor of rank 0, or of rank 5 and more, is not made deep")
    twice = torch.stack([tensor, tensor], -1)
    return twice.reshape(*twice.shape, *[1] * (5 - twice.ndim))


OF_TENSORS: dict[str, Change] = {
    "column": _column,
    "deep": _deep,
    "row": _row,
    "single": _single,
    "longer": _longer,
    "deeper": _deeper,
    "flatter": _flatter,
    "empty": _empty,
    "other_kind": _integer,
    "index": _with_last,
    "singular": _singular,
}
"""By name, with the number of the tensor and a dimension, an index or a flag: ``("longer", 1, -1)``."""
NUMBER = "number"
"""A number stands in the place of a tensor: its first element."""
NUMBERS = "numbers"
"""Numbers stand in the places of all tensors but the first."""
_OPERANDS = 3
"""Tensors that change their rank: those behind them are statistics and weights, or more of the same."""
BROADCASTS = ("single", "flatter", "deeper", "row", "column", "deep")
"""Changes that leave many calls right."""
MISTAKES = ("longer", "flatter", "empty", "deeper")
"""Changes that make many calls wrong."""
ARGUMENT = "argument"
"""A whole number among the arguments is another: ``("argument", 0, 7)`` is the first of them."""

_COMPARES = "the CPU kernel compares each index with the size before it uses it"
INDEXED: dict[str, str] = {
    **dict.fromkeys(("gather", "scatter", "scatter_add", "scatter_reduce.*", "take", "take_along_dim"), _COMPARES),
    **dict.fromkeys(("index_add", "index_copy", "index_fill", "index_put", "index_select"), _COMPARES),
    **dict.fromkeys(("index_reduce.*", "__getitem__", "put", "nn.functional.embedding"), _COMPARES),
    **dict.fromkeys(("nn.functional.nll_loss", "nn.functional.cross_entropy", "nn.functional.one_hot"), _COMPARES),
}
"""Operators that may be given an index out of range, by glob; others might write outside of their memory."""


def integers(sample: Sample) -> list[int]:
    """Positions among the leaves of the whole numbers, those in sizes and lists too."""
    return [at for at, leaf in enumerate(sample.leaves) if type(leaf) is int]


def right(sample: Sample) -> dict[str, list[tuple[str | int, ...]]]:
    """The changes that may leave a call right, by name: another rank, broadcasting, and numbers for tensors."""
    tensors = sample.tensors
    found: dict[str, list[tuple[str | int, ...]]] = {}
    for which, tensor in enumerate(tensors[:_OPERANDS]):
        ends = (0, -1) if tensor.ndim > 1 else (0,)
        for name in BROADCASTS:
            found.setdefault(name, []).extend(
                (name, which, dim) for dim in (ends if name in ("single", "deeper") else (0,))
            )
    if len(tensors) > 1:
        found[NUMBER] = [(NUMBER, which, 0) for which in range(len(tensors))]
    if len(tensors) > 2:
        found[NUMBERS] = [(NUMBERS, 0, 0)]
    return found


def wrong(sample: Sample, operator: str) -> dict[str, list[tuple[str | int, ...]]]:
    """The changes that may make a call wrong, by name: of every tensor at its ends, of indices and numbers."""
    found: dict[str, list[tuple[str | int, ...]]] = {}

    def add(name: str, which: int, *numbers: int) -> None:
        found.setdefault(name, []).extend((name, which, number) for number in numbers)

    reach = sorted({size for tensor in sample.tensors for size in tensor.shape})
    for which, tensor in enumerate(sample.tensors):
        for name in MISTAKES:
            add(name, which, -1, 0)
        add("other_kind", which, 0)
        if is_floating(tensor) and tensor.ndim > 1 and tensor.shape[-1] == tensor.shape[-2]:
            add("singular", which, 0, 1)
        if look_up(INDEXED, operator) is not None and not is_floating(tensor) and tensor.dtype != torch.bool:
            add("index", which, *reach, *(-size - 1 for size in reach))
    ranks = {tensor.ndim for tensor in sample.tensors}
    for which, place in enumerate(integers(sample)):
        now = sample.leaves[place]
        near = {*ranks, *(-rank - 1 for rank in ranks), *(size + 1 for size in reach), -now - 1, now + 3, -1}
        add(ARGUMENT, which, *sorted(near - {now}))
    return found


def apply(sample: Sample, change: Sequence[str | int]) -> Sample:
    """The call with the change. Raises RecipeError for one that there is not or that the call cannot have."""
    name, *numbers = change
    which, number = [*(int(one) for one in numbers), 0, 0][:2]
    if name == ARGUMENT:
        return _with_leaf(sample, integers(sample), which, number, "whole numbers")
    tensors = sample.tensors
    if name in (NUMBER, NUMBERS):
        for at in (which,) if name == NUMBER else range(len(tensors) - 1, 0, -1):
            sample = _with_leaf(sample, sample.tensor_positions, at, _first(tensors, at), "tensors")
        return sample
    if name not in OF_TENSORS:
        raise RecipeError(f"no change {name!r}; there are {', '.join([*OF_TENSORS, NUMBER, NUMBERS, ARGUMENT])}")
    if not 0 <= which < len(tensors):
        raise RecipeError(f"the call has {len(tensors)} tensors; no {which}")
    tensor = tensors[which]
    changed = OF_TENSORS[str(name)](tensor.detach(), number).clone(memory_format=torch.contiguous_format)
    changed = changed.requires_grad_(tensor.requires_grad and is_floating(changed))
    return sample.with_tensors([changed if at == which else one for at, one in enumerate(tensors)])


def _first(tensors: Sequence[torch.Tensor], which: int) -> complex:
    element = tensors[which].detach().reshape(-1)[:1].tolist() if which < len(tensors) else [0]
    if not element:
        raise RecipeError("a tensor without elements has no first one")
    value: complex = element[0]
    return value


def _with_leaf(sample: Sample, places: Sequence[int], which: int, value: complex, what: str) -> Sample:
    if not 0 <= which < len(places):
        raise RecipeError(f"the call has {len(places)} {what}; no {which}")
    leaves = [value if at == places[which] else leaf for at, leaf in enumerate(sample.leaves)]
    return replace(sample, leaves=tuple(leaves))
