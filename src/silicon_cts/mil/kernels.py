"""Which parts are computed by torch kernels, for speed, and with exactly which meaning?

Only functions whose meaning is plain arithmetic and agrees with the MIL documentation word for word: a matrix product,
a correlation without padding rules of its own, the largest or the sum of every window. Padding, output sizes and
defaults are decided before, from the documentation.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .values import Array

if TYPE_CHECKING:
    import torch


def tensor(x: Array) -> "torch.Tensor":
    """A torch tensor with the memory of `x`, or of a copy where torch cannot use that."""
    import torch

    if not x.flags.writeable or any(stride < 0 for stride in x.strides):
        x = x.copy()
    return torch.from_numpy(x)


def array(x: "torch.Tensor") -> Array:
    """The numpy array with the memory of `x`."""
    converted: Array = x.numpy()
    return converted


def matmul(x: Array, y: Array) -> Array:
    """The matrix product with numpy's rules for vectors and leading dimensions."""
    import torch

    if x.dtype != np.float32 or y.dtype != np.float32 or 0 in (*x.shape, *y.shape):
        return np.asarray(np.matmul(x, y))
    return array(torch.matmul(tensor(x), tensor(y)))


def pad(x: Array, pads: Sequence[tuple[int, int]], fill: float) -> Array:
    """`x` with `pads[i]` elements `fill` before and after the i-th of its last `len(pads)` dimensions."""
    if not any(map(any, pads)):
        return x
    shape = [*x.shape[: -len(pads)]]
    where: list[slice] = [slice(None)] * len(shape)
    for (before, after), size in zip(pads, x.shape[-len(pads) :], strict=True):
        shape.append(before + size + after)
        where.append(slice(before, before + size))
    padded = np.full(shape, fill, x.dtype)
    padded[tuple(where)] = x
    return padded


def correlate(
    x: Array,
    weight: Array,
    bias: Array | None,
    strides: Sequence[int],
    pads: Sequence[tuple[int, int]],
    dilations: Sequence[int],
    groups: int,
) -> Array:
    """The correlation of `x` (n, C_in, *D), padded with zeros, with `weight` (C_out, C_in / groups, *K)."""
    import torch

    function = {1: torch.conv1d, 2: torch.conv2d, 3: torch.conv3d}[len(pads)]
    even = all(before == after for before, after in pads)
    source = tensor(x if even else pad(x, pads, 0.0))
    padding = [before for before, _ in pads] if even else [0] * len(pads)
    with torch.inference_mode():
        return array(
            function(
                source,
                tensor(weight),
                None if bias is None else tensor(bias),
                list(strides),
                padding,
                list(dilations),
                groups,
            )
        )


def spread(x: Array, weight: Array, strides: Sequence[int], dilations: Sequence[int], groups: int) -> Array:
    """Every element of `x` (n, C_in, *D) times `weight` (C_in, C_out / groups, *K), added up at its stride."""
    import torch
    from torch.nn import functional

    function = {
        1: functional.conv_transpose1d,
        2: functional.conv_transpose2d,
        3: functional.conv_transpose3d,
    }[len(strides)]
    with torch.inference_mode():
        return array(
            function(tensor(x), tensor(weight), stride=tuple(strides), groups=groups, dilation=tuple(dilations))
        )


def window_maximum(x: Array, sizes: Sequence[int], strides: Sequence[int]) -> Array:
    """The largest element of every window of `x` (n, C, *D)."""
    import torch
    from torch.nn import functional

    function = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}[len(sizes)]
    with torch.inference_mode():
        return array(function(tensor(x), tuple(sizes), tuple(strides)))


def window_sum(x: Array, sizes: Sequence[int], strides: Sequence[int]) -> Array:
    """The sum of every window of `x` (n, C, *D)."""
    import torch
    from torch.nn import functional

    with torch.inference_mode():
        if len(sizes) == 3:
            return array(functional.avg_pool3d(tensor(x), tuple(sizes), tuple(strides), divisor_override=1))
        source = tensor(x[:, :, None] if len(sizes) == 1 else x)
        lift = (1,) * (2 - len(sizes))
        sums = array(functional.avg_pool2d(source, (*lift, *sizes), (*lift, *strides), divisor_override=1))
        return sums[:, :, 0] if len(sizes) == 1 else sums


def normalize_channels(
    x: Array, mean: Array, variance: Array, gamma: Array | None, beta: Array | None, epsilon: float
) -> Array:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, with one of each for every channel (axis 1)."""
    import torch
    from torch.nn import functional

    with torch.inference_mode():
        return array(
            functional.batch_norm(
                tensor(x),
                tensor(mean),
                tensor(variance),
                None if gamma is None else tensor(gamma),
                None if beta is None else tensor(beta),
                eps=epsilon,
            )
        )
