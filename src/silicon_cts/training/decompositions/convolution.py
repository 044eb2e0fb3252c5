"""What is a convolution, transposed or not, and its gradients, in convolutions without bias, dilation or transposition?

A weight that is trained is an input of the program, and Core ML takes such a weight only where the dilation is 1 and
nothing is transposed, and no bias that is not constant.
"""

# ruff: noqa: ARG001  (ATen says which arguments there are)

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from silicon_cts.training.decompositions.geometry import Windows, interleave, pad

Sizes = Sequence[int]


def convolution(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool,
    output_padding: Sizes,
    groups: int,
) -> Any:
    """``aten.convolution``; NotImplemented, which keeps the operator, where it is already plain."""
    spatial = weight.ndim - 2
    stride, padding, dilation, output_padding = (
        _each(value, spatial) for value in (stride, padding, dilation, output_padding)
    )
    if not transposed and bias is None and all(d == 1 for d in dilation):
        return NotImplemented
    made = (
        _transposed(x, weight, stride, padding, dilation, output_padding, groups)
        if transposed
        else _plain(x, weight, stride, padding, dilation, groups)
    )
    return made if bias is None else made + bias.reshape(1, -1, *[1] * spatial)


def convolution_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    bias_sizes: Sizes | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool,
    output_padding: Sizes,
    groups: int,
    output_mask: Sequence[bool],
) -> tuple[torch.Tensor | None, torch.Tensor | None, torch.Tensor | None]:
    """``aten.convolution_backward``: gradients of input, weight and bias, None where not wanted."""
    spatial = weight.ndim - 2
    stride, padding, dilation = (_each(value, spatial) for value in (stride, padding, dilation))
    grad_x = grad_weight = grad_bias = None
    if output_mask[0] and transposed:
        grad_x = _plain(grad, weight, stride, padding, dilation, groups)
    elif output_mask[0]:
        each = zip(x.shape[2:], grad.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True)
        missing = [n - ((m - 1) * s - 2 * p + d * (k - 1) + 1) for n, m, k, s, p, d in each]
        grad_x = _transposed(grad, weight, stride, padding, dilation, missing, groups)
    if output_mask[1]:
        wide, narrow = (grad, x) if transposed else (x, grad)
        windows = Windows(
            *(tuple(sizes) for sizes in (wide.shape[2:], narrow.shape[2:], weight.shape[2:], stride, padding, dilation))
        )
        grad_weight = _products(wide, narrow, windows, groups).reshape(weight.shape)
    if output_mask[2]:
        grad_bias = grad.sum([0, *range(2, grad.ndim)])
    return grad_x, grad_weight, grad_bias


def _plain(
    x: torch.Tensor, weight: torch.Tensor, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> torch.Tensor:
    ones, zeros = [1] * len(stride), [0] * len(stride)
    made: torch.Tensor = torch.ops.aten.convolution(
        x, interleave(weight, dilation), None, list(stride), list(padding), ones, False, zeros, groups
    )
    return made


def _transposed(
    x: torch.Tensor,
    weight: torch.Tensor,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    output_padding: Sizes,
    groups: int,
) -> torch.Tensor:
    """Spread by the stride, convolved with the weight (C_in, C_out / groups, ...) turned round."""
    inputs, outputs, *kernel = weight.shape
    turned = weight.reshape(groups, inputs // groups, outputs, -1).transpose(1, 2)
    turned = turned.reshape(groups * outputs, inputs // groups, *kernel).flip(list(range(2, weight.ndim)))
    reach = [d * (k - 1) - p for d, k, p in zip(dilation, kernel, padding, strict=True)]
    spread = pad(interleave(x, stride), [(r, r + extra) for r, extra in zip(reach, output_padding, strict=True)])
    nothing = [0] * len(kernel)
    return _plain(spread, turned, [1] * len(kernel), nothing, dilation, groups)


def _products(wide: torch.Tensor, narrow: torch.Tensor, windows: Windows, groups: int) -> torch.Tensor:
    """(groups, C_narrow / groups, C_wide / groups * elements of the kernel): one product of matrices a group."""
    padded = windows.padded(wide)
    seen = torch.stack([windows.take(padded, offset) for offset in windows.offsets()], dim=2)
    batch, places = len(wide), math.prod(windows.count)
    rows = narrow.reshape(batch, groups, -1, places).permute(1, 2, 0, 3).reshape(groups, -1, batch * places)
    columns = seen.reshape(batch, groups, -1, places).permute(1, 0, 3, 2).reshape(groups, batch * places, -1)
    return torch.bmm(rows, columns)


def _each(value: Sizes, count: int) -> list[int]:
    return list(value) if len(value) == count else list(value) * count
