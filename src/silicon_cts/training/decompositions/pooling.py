"""What are the gradients of pooling, in slices, comparisons and padding?"""

# ruff: noqa: ARG001  (ATen says which arguments there are)

from __future__ import annotations

from collections.abc import Sequence

import torch

from silicon_cts.training.decompositions.geometry import Windows

Sizes = Sequence[int]


def max_pool_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
    indices: torch.Tensor,
) -> torch.Tensor:
    """``aten.max_pool2d_with_indices_backward``, 3-D too: each gradient goes to the first maximum of its window.

    The indices are not read: Core ML's pooling gives none.
    """
    windows = _windows(grad, x, kernel, stride, padding, dilation)
    padded = windows.padded(x, float("-inf"))
    seen = [(offset, windows.take(padded, offset)) for offset in windows.offsets()]
    best = seen[0][1]
    for _, values in seen[1:]:
        best = torch.maximum(best, values)
    total, free = torch.zeros_like(x), torch.ones_like(grad, dtype=torch.bool)
    for offset, values in seen:
        here = torch.logical_and(values == best, free)
        free = torch.logical_and(free, torch.logical_not(here))
        total = total + windows.put(torch.where(here, grad, torch.zeros_like(grad)), offset)
    return total


def avg_pool_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> torch.Tensor:
    """``aten.avg_pool2d_backward``, 3-D too: each gradient is shared by its window."""
    windows = _windows(grad, x, kernel, stride, padding, [1])
    if divisor_override is not None:
        share = grad / divisor_override
    else:
        share = grad / _counts(windows, grad, count_include_pad)
    total = torch.zeros_like(x)
    for offset in windows.offsets():
        total = total + windows.put(share, offset)
    return total


def _counts(windows: Windows, grad: torch.Tensor, count_include_pad: bool) -> torch.Tensor:
    """How many elements each window holds: inside the input, or inside its padding too; never the overhang."""
    border = windows.padding if count_include_pad else (0,) * len(windows.size)
    size = tuple(n + 2 * b for n, b in zip(windows.size, border, strict=True))
    rest = tuple(p - b for p, b in zip(windows.padding, border, strict=True))
    counted = Windows(size, windows.count, windows.kernel, windows.stride, rest, windows.dilation)
    inside = counted.padded(torch.ones(size, dtype=grad.dtype, device=grad.device))
    total = torch.zeros(windows.count, dtype=grad.dtype, device=grad.device)
    for offset in counted.offsets():
        total = total + counted.take(inside, offset)
    return total


def _windows(
    grad: torch.Tensor, x: torch.Tensor, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Windows:
    spatial = x.ndim - 2 if x.ndim > 3 else x.ndim - 1
    kernel = _each(kernel, spatial)
    each = [kernel, _each(stride or kernel, spatial), _each(padding, spatial), _each(dilation, spatial)]
    return Windows(tuple(x.shape[-spatial:]), tuple(grad.shape[-spatial:]), *map(tuple, each))


def _each(value: Sizes, count: int) -> list[int]:
    return list(value) if len(value) == count else list(value) * count
