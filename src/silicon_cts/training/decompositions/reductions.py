"""How is a tensor reduced without a result of no dimensions?

Apple's Core AI 1.0.0b3 aborts the process on a reduction to a tensor of no dimensions: here a reduction keeps its
dimensions, and a view drops them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

Dims = Sequence[int] | None


def sum_all(x: torch.Tensor, *, dtype: torch.dtype | None = None) -> torch.Tensor:
    """``aten.sum.default``."""
    made: torch.Tensor = sum_dims(x, None, dtype=dtype)
    return made


def sum_dims(x: torch.Tensor, dims: Dims, keepdim: bool = False, *, dtype: torch.dtype | None = None) -> Any:
    """``aten.sum.dim_IntList``; NotImplemented, which keeps the operator, where it keeps its dimensions."""
    if dtype is None and not (x.is_floating_point() or x.is_complex()):
        dtype = torch.int64
    x = x if dtype is None or x.dtype == dtype else x.to(dtype)
    if keepdim and dims:
        return NotImplemented
    dims = _all(x, dims)
    made = torch.ops.aten.sum.dim_IntList(x, dims, True) if dims else x
    return made if keepdim else made.reshape(_without(x, dims))


def mean_all(x: torch.Tensor, *, dtype: torch.dtype | None = None) -> torch.Tensor:
    """``aten.mean.default``."""
    return mean_dims(x, None, dtype=dtype)


def mean_dims(x: torch.Tensor, dims: Dims, keepdim: bool = False, *, dtype: torch.dtype | None = None) -> torch.Tensor:
    """``aten.mean.dim``: the sum over the count."""
    x = x if dtype is None else x.to(dtype)
    dims = _all(x, dims)
    count = 1
    for dim in dims:
        count *= x.shape[dim]
    return torch.sum(x, dims, keepdim) / count if dims else x


def var_mean(
    x: torch.Tensor, dims: Dims = None, *, correction: float | None = None, keepdim: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """``aten.var_mean.correction``: the mean of the squares of what is left when the mean is taken off."""
    dims = _all(x, dims)
    centre = torch.mean(x, dims, True)
    away = x - centre
    count = 1
    for dim in dims:
        count *= x.shape[dim]
    variance = torch.sum(away * away, dims, keepdim) / max(count - (1 if correction is None else correction), 0)
    return variance, centre if keepdim else centre.reshape(_without(x, dims))


def _all(x: torch.Tensor, dims: Dims) -> list[int]:
    return sorted({dim % x.ndim for dim in dims}) if dims else list(range(x.ndim))


def _without(x: torch.Tensor, dims: Sequence[int]) -> list[int]:
    return [size for dim, size in enumerate(x.shape) if dim not in dims]
