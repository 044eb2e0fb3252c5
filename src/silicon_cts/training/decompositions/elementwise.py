"""Which elementwise operators and views have another name, or a gap, in an inference converter?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

_aten = torch.ops.aten


def view(x: torch.Tensor, size: Sequence[int]) -> Any:
    """``aten.view``: to no dimensions by way of (1,), the one way that Core AI 1.0.0b3 takes."""
    if size or x.ndim == 0:
        return NotImplemented
    return _aten.squeeze.dims(x if x.ndim == 1 else _aten.view(x, [1]), [0])


def squeeze(x: torch.Tensor, *dims: Any) -> Any:
    """``aten.squeeze`` in all its overloads: a view."""
    asked = range(x.ndim) if not dims else [dims[0]] if isinstance(dims[0], int) else dims[0]
    gone = {dim % x.ndim for dim in asked} if x.ndim else set()
    left = [size for dim, size in enumerate(x.shape) if dim not in gone or size != 1]
    return NotImplemented if x.ndim == 1 and not left else x.reshape(left)


def as_strided(x: torch.Tensor, size: Sequence[int], stride: Sequence[int], offset: int | None = None) -> Any:
    """``aten.as_strided`` where it says no more than the shape: a view."""
    dense, expected = 1, []
    for n in reversed(size):
        expected.append(dense)
        dense *= n
    plain = list(stride) == expected[::-1] and not offset and dense == x.numel() and x.is_contiguous()
    return x.reshape(list(size)) if plain else NotImplemented


def split(x: torch.Tensor, size: int, dim: int = 0) -> list[torch.Tensor]:
    """``aten.unsafe_split.Tensor``: slices."""
    total = x.shape[dim]
    return [_aten.slice.Tensor(x, dim, start, min(start + size, total), 1) for start in range(0, total, size)]


def bitwise_and(x: torch.Tensor, y: torch.Tensor) -> Any:
    """``aten.bitwise_and.Tensor`` of bools, which Core ML's converter only knows as logical."""
    return torch.logical_and(x, y) if x.dtype == y.dtype == torch.bool else NotImplemented


def bitwise_or(x: torch.Tensor, y: torch.Tensor) -> Any:
    """``aten.bitwise_or.Tensor``, the same."""
    return torch.logical_or(x, y) if x.dtype == y.dtype == torch.bool else NotImplemented


def bitwise_not(x: torch.Tensor) -> Any:
    """``aten.bitwise_not``, the same."""
    return torch.logical_not(x) if x.dtype == torch.bool else NotImplemented


def clamp_min(x: torch.Tensor, low: float) -> torch.Tensor:
    """``aten.clamp_min``, on whose Python number coremltools 9.0 fails."""
    return torch.clamp(x, min=low)


def binary_cross_entropy_with_logits(
    x: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
    pos_weight: torch.Tensor | None = None,
    reduction: int = 1,
) -> torch.Tensor:
    """``aten.binary_cross_entropy_with_logits``: log(1 + exp(-x)) with the exponent kept negative."""
    soft = torch.relu(-x) + torch.log1p(torch.exp(-torch.abs(x)))
    if pos_weight is not None:
        soft = soft * (1 + (pos_weight - 1) * target)
    loss = (1 - target) * x + soft
    if weight is not None:
        loss = loss * weight
    return loss.mean() if reduction == 1 else loss.sum() if reduction == 2 else loss
