"""What does a pool give?"""

from itertools import product as combinations

import numpy as np

from ..arithmetic import Call, round_to_half
from ..kernels import pad as padded
from ..kernels import window_maximum, window_sum
from ..registry import op
from ..values import Array
from .windows import count, integers, padding


class _Windows:
    """Where the windows of a pool lie over `x`, and how far they reach beyond input and padding."""

    def __init__(
        self,
        x: Array,
        kernel_sizes: Array,
        strides: Array | None,
        pad_type: str,
        pad: Array | None,
        ceil_mode: Array | bool,
    ) -> None:
        self.sizes = integers(kernel_sizes)
        self.strides = [1] * len(self.sizes) if strides is None else integers(strides)
        self.lengths = x.shape[2:]
        self.pads = padding(pad_type.lower(), pad, self.lengths, self.sizes, self.strides)
        self.counts = [
            count(length, before, after, window, stride, ceil=bool(ceil_mode))
            for length, (before, after), window, stride in zip(
                self.lengths, self.pads, self.sizes, self.strides, strict=True
            )
        ]

    def fill(self, x: Array, value: float) -> Array:
        """`x` with `value` around it, just as far as the windows reach."""
        reach = [
            (number - 1) * stride + window
            for number, stride, window in zip(self.counts, self.strides, self.sizes, strict=True)
        ]
        around = [
            (before, max(0, end - before - length))
            for end, (before, _), length in zip(reach, self.pads, self.lengths, strict=True)
        ]
        return padded(x, around, value)

    def populations(self, *, with_padding: bool) -> Array:
        """How many elements of the input (and of its padding) every window holds, in a shape of the output."""
        populations = np.ones((1,) * len(self.sizes), np.float32)
        for axis, (length, (before, after)) in enumerate(zip(self.lengths, self.pads, strict=True)):
            starts = np.arange(self.counts[axis]) * self.strides[axis] - before
            low, high = (-before, length + after) if with_padding else (0, length)
            inside = np.minimum(starts + self.sizes[axis], high) - np.maximum(starts, low)
            shape = [1] * len(self.sizes)
            shape[axis] = -1
            populations = populations * np.maximum(inside, 0).astype(np.float32).reshape(shape)
        return populations

    def sums(self, call: Call, x: Array) -> Array:
        """The sum of every window, zeros around the input."""
        source = self.fill(x, 0.0)
        return self._fold_in_half(source) if call.half_sums else window_sum(source, self.sizes, self.strides)

    def _fold_in_half(self, source: Array) -> Array:
        total = np.zeros((*source.shape[:2], *self.counts), np.float32)
        for tap in combinations(*map(range, self.sizes)):
            where = tuple(
                slice(at, at + (number - 1) * stride + 1, stride)
                for at, number, stride in zip(tap, self.counts, self.strides, strict=True)
            )
            total = round_to_half(total + source[:, :, *where])
        return total


@op("avg_pool")
def avg_pool(
    call: Call,
    x: Array,
    kernel_sizes: Array,
    pad_type: str,
    strides: Array | None = None,
    pad: Array | None = None,
    exclude_padding_from_average: Array | bool = False,
    ceil_mode: Array | bool = False,
) -> Array:
    """The mean of every window of `x` (n, C, *D).

    Padding counts as zeros unless it is excluded; what a window of `ceil_mode` has beyond the padding never counts.
    """
    windows = _Windows(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    return windows.sums(call, x) / windows.populations(with_padding=not exclude_padding_from_average)


@op("l2_pool")
def l2_pool(
    call: Call,
    x: Array,
    kernel_sizes: Array,
    pad_type: str,
    strides: Array | None = None,
    pad: Array | None = None,
    ceil_mode: Array | bool = False,
) -> Array:
    """The square root of the sum of squares of every window of `x` (n, C, *D)."""
    return np.sqrt(_Windows(x, kernel_sizes, strides, pad_type, pad, ceil_mode).sums(call, np.square(x)))


@op("max_pool")
def max_pool(
    x: Array,
    kernel_sizes: Array,
    pad_type: str,
    strides: Array | None = None,
    pad: Array | None = None,
    ceil_mode: Array | bool = False,
) -> Array:
    """The largest element of every window of `x` (n, C, *D); padding is never the largest."""
    windows = _Windows(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    return window_maximum(windows.fill(x, -np.inf), windows.sizes, windows.strides)
