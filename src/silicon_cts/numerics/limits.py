"""What becomes of an answer whose steps have the range of the precision, and not that of float64?

A right kernel may leave the range of its dtype on the way to a number that is in it, and each leaves it elsewhere:
infinity less infinity where the products are added up one way, a number the other way, or with one rounding for both
(a fused multiply-add). The wide answer and the CPU's are two ways; here are the one that PyTorch documents, an operator
as its decomposition into smaller ones, and, of normalisations, that of every compiler: one factor and one shift.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch._decomp import decomposition_table
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from silicon_cts.numerics.budget import smallest_subnormal

Steps = Mapping[Any, Callable[..., Any]]
"""By ATen kernel, what computes the same in several kernels."""


class Limited(TorchDispatchMode):
    """Every result of every ATen kernel is infinite beyond the largest number of ``dtype``, and 0 below the least.

    Kernels in ``steps`` are taken apart first: what they do on the way has that range, too.
    """

    def __init__(self, dtype: torch.dtype, steps: Steps) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._dtype, self._steps = dtype, steps

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the kernel, or its steps, and cut off what it made."""
        if func in self._steps:
            with Limited(self._dtype, {}):
                return self._steps[func](*args, **(kwargs or {}))
        result = func(*args, **(kwargs or {}))
        if any(one.alias_info is not None for one in func._schema.returns):
            return result
        return tree_map_only(torch.Tensor, self._cut, result)

    def _cut(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dtype != torch.float64 or tensor.layout != torch.strided or tensor._is_zerotensor():
            return tensor
        sizes = tensor.abs()
        cut = torch.where(sizes > torch.finfo(self._dtype).max, torch.copysign(_INFINITY, tensor), tensor)
        return torch.where(sizes < smallest_subnormal(self._dtype), torch.copysign(_ZERO, tensor), cut)


def _folded(
    given: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Batch normalisation as ``x * scale + shift``, where a compiler puts it into the convolution before it."""
    kernel = torch.ops.aten.native_batch_norm.default
    _, mean, rstd = kernel(given, weight, bias, running_mean, running_var, training, momentum, eps)
    center, scale = mean, rstd
    if not training and running_mean is not None and running_var is not None:
        center, scale = running_mean, (running_var + eps).rsqrt()
    scale = scale if weight is None else scale * weight
    shift = -center * scale if bias is None else bias - center * scale
    channels = (1, -1, *[1] * (given.dim() - 2))
    return given * scale.view(channels) + shift.view(channels), mean, rstd


_INFINITY, _ZERO = torch.tensor(torch.inf, dtype=torch.float64), torch.tensor(0.0, dtype=torch.float64)
WAYS: Sequence[Steps] = (decomposition_table, {torch.ops.aten.native_batch_norm.default: _folded})
"""Ways to compute the same that a right kernel may take."""
