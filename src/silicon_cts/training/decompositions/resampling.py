"""What are adaptive pooling and upsampling, and their gradients? One matrix a dimension, and its transpose.

The matrix is what PyTorch's own one-dimensional operator makes of the unit vectors, so no formula is repeated here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.utils._python_dispatch import _disable_current_modes

Sizes = Sequence[int]
Matrix = Callable[[int, int, torch.Tensor], torch.Tensor]
"""(size of the input, size of the output, tensor whose dtype and device it takes) -> (output, input)."""


def adaptive_avg_pool(x: torch.Tensor, output_size: Sizes) -> torch.Tensor:
    """``aten._adaptive_avg_pool2d``."""
    return _apply(x, [_averages(n, m, x) for n, m in zip(x.shape[-len(output_size) :], output_size, strict=True)])


def adaptive_avg_pool_backward(grad: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """``aten._adaptive_avg_pool2d_backward``."""
    sizes = zip(x.shape[-2:], grad.shape[-2:], strict=True)
    return _apply(grad, [_averages(n, m, x).T for n, m in sizes])


def upsample_nearest(x: torch.Tensor, output_size: Sizes, *scales: float | None) -> torch.Tensor:
    """``aten.upsample_nearest2d``."""
    sizes = zip(x.shape[2:], output_size, scales or [None] * len(output_size), strict=True)
    return _apply(x, [_nearest(n, m, scale, x) for n, m, scale in sizes])


def upsample_nearest_backward(
    grad: torch.Tensor, output_size: Sizes, input_size: Sizes, *scales: float | None
) -> torch.Tensor:
    """``aten.upsample_nearest2d_backward``."""
    sizes = zip(input_size[2:], output_size, scales or [None] * len(output_size), strict=True)
    return _apply(grad, [_nearest(n, m, scale, grad).T for n, m, scale in sizes])


def upsample_linear(x: torch.Tensor, output_size: Sizes, align_corners: bool, *scales: float | None) -> torch.Tensor:
    """``aten.upsample_bilinear2d``."""
    sizes = zip(x.shape[2:], output_size, scales or [None] * len(output_size), strict=True)
    return _apply(x, [_linear(n, m, align_corners, scale, x) for n, m, scale in sizes])


def upsample_linear_backward(
    grad: torch.Tensor, output_size: Sizes, input_size: Sizes, align_corners: bool, *scales: float | None
) -> torch.Tensor:
    """``aten.upsample_bilinear2d_backward``."""
    sizes = zip(input_size[2:], output_size, scales or [None] * len(output_size), strict=True)
    return _apply(grad, [_linear(n, m, align_corners, scale, grad).T for n, m, scale in sizes])


def _apply(x: torch.Tensor, matrices: Sequence[torch.Tensor]) -> torch.Tensor:
    """Each matrix (output, input) to its trailing dimension."""
    for dim, matrix in enumerate(matrices, start=x.ndim - len(matrices)):
        x = torch.matmul(x.transpose(dim, -1), matrix.T).transpose(dim, -1)
    return x


def _averages(inputs: int, outputs: int, like: torch.Tensor) -> torch.Tensor:
    return _of_unit_vectors(inputs, like, lambda unit: torch.nn.functional.adaptive_avg_pool1d(unit, outputs))


def _nearest(inputs: int, outputs: int, scale: float | None, like: torch.Tensor) -> torch.Tensor:
    return _of_unit_vectors(inputs, like, lambda unit: torch.ops.aten.upsample_nearest1d(unit, [outputs], scale))


def _linear(inputs: int, outputs: int, align: bool, scale: float | None, like: torch.Tensor) -> torch.Tensor:
    return _of_unit_vectors(inputs, like, lambda unit: torch.ops.aten.upsample_linear1d(unit, [outputs], align, scale))


def _of_unit_vectors(count: int, like: torch.Tensor, operator: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    with _disable_current_modes():
        return operator(torch.eye(count, dtype=torch.float64)[None])[0].T.to(like.dtype).contiguous()
