"""How are the windows of a convolution or a pooling taken out of a tensor, and put back?

Trailing dimensions are spatial: ``len(kernel)`` of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Windows:
    """Where the windows of a sliding operator lie: all per spatial dimension."""

    size: tuple[int, ...]
    """Of the input."""
    count: tuple[int, ...]
    """Of the windows: the size of the output."""
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    def padded(self, x: torch.Tensor, value: float = 0.0) -> torch.Tensor:
        """(..., *size) with the borders that the windows see: overhang of ``ceil_mode`` too, unseen rest cut."""
        return pad(
            x,
            [(p, needed - n - p) for p, needed, n in zip(self.padding, self._extent(), self.size, strict=True)],
            value,
        )

    def offsets(self) -> Iterator[tuple[int, ...]]:
        """Where each element of the kernel begins in the padded input, in row-major order."""
        steps = [[position * d for position in range(k)] for k, d in zip(self.kernel, self.dilation, strict=True)]
        return itertools.product(*steps)

    def take(self, padded: torch.Tensor, offset: Sequence[int]) -> torch.Tensor:
        """What one element of the kernel sees: (..., *count)."""
        lead = padded.ndim - len(self.kernel)
        for dim, (begin, n, s) in enumerate(zip(offset, self.count, self.stride, strict=True)):
            padded = torch.ops.aten.slice.Tensor(padded, lead + dim, begin, begin + (n - 1) * s + 1, s)
        return padded

    def put(self, seen: torch.Tensor, offset: Sequence[int]) -> torch.Tensor:
        """The transpose of :meth:`take` and :meth:`padded`: (..., *count) -> (..., *size), zero elsewhere."""
        wide = interleave(seen, self.stride)
        lead = wide.ndim - len(self.kernel)
        borders = [
            (begin - p, n + p - begin - wide.shape[lead + dim])
            for dim, (begin, p, n) in enumerate(zip(offset, self.padding, self.size, strict=True))
        ]
        return pad(wide, borders)

    def _extent(self) -> list[int]:
        each = zip(self.count, self.stride, self.dilation, self.kernel, strict=True)
        return [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in each]


def pad(x: torch.Tensor, borders: Sequence[tuple[int, int]], value: float = 0.0) -> torch.Tensor:
    """Add to (or, where negative, cut from) both ends of the trailing dimensions."""
    lead = x.ndim - len(borders)
    for dim, (before, after) in enumerate(borders):
        begin, end = max(-before, 0), x.shape[lead + dim] - max(-after, 0)
        if begin or end < x.shape[lead + dim]:
            x = torch.ops.aten.slice.Tensor(x, lead + dim, begin, end, 1)
    flat = [max(width, 0) for before, after in reversed(borders) for width in (before, after)]
    return torch.ops.aten.constant_pad_nd(x, flat, value) if any(flat) else x


def interleave(x: torch.Tensor, factors: Sequence[int]) -> torch.Tensor:
    """``factor - 1`` zeros between neighbours of each trailing dimension: n -> (n - 1) * factor + 1."""
    lead = x.ndim - len(factors)
    for dim, factor in enumerate(factors, start=lead):
        if factor > 1 and x.shape[dim] > 1:
            before, size, after = x.shape[:dim], x.shape[dim], x.shape[dim + 1 :]
            wide = x.reshape(math.prod(before), size, 1, math.prod(after))
            wide = torch.ops.aten.constant_pad_nd(wide, [0, 0, 0, factor - 1])
            wide = wide.reshape(*before, size * factor, *after)
            x = torch.ops.aten.slice.Tensor(wide, dim, 0, (size - 1) * factor + 1, 1)
    return x
