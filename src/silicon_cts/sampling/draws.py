"""Which random integers does a recipe stand for, the same on every machine and with every version of NumPy?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

_UNSIGNED = 2**64 - 1
_MOST_PERMUTED = 2**16


class Draws:
    """Random integers from the raw output of PCG64, which NumPy promises never to change (NEP 19)."""

    def __init__(self, *seed: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([number & _UNSIGNED for number in seed]))

    def _raw(self, *shape: int) -> npt.NDArray[Any]:
        count = math.prod(shape)
        raw: npt.NDArray[Any] = self._bits.random_raw(count) if count else np.empty(0, np.uint64)
        return raw.reshape(shape)

    def integers(self, below: int, *shape: int) -> torch.Tensor:
        """Integers of ``range(below)``, each as likely."""
        raw, divisor = self._raw(*shape), np.uint64(below)
        return torch.from_numpy((raw - raw // divisor * divisor).astype(np.int64))  # three times as fast as by %

    def permutation(self, count: int) -> torch.Tensor:
        """``range(count)`` in any order."""
        return torch.from_numpy(_order(self._raw(count)))

    def picks(self, below: int, count: int) -> torch.Tensor:
        """``count`` integers of ``range(below)``: each of them once in any order before any comes again, then any.

        Of more than 2^16, any at once.
        """
        first = torch.empty(0, dtype=torch.int64)
        if below <= _MOST_PERMUTED:
            first = torch.from_numpy(_order(self._raw(below), count))
        return torch.cat([first, self.integers(below, count - len(first))])


def _order(raw: npt.NDArray[Any], most: int | None = None) -> npt.NDArray[np.int64]:
    """Indices of the numbers, or of so many of the smallest, in rising order; of equal ones, in order."""
    some = np.arange(len(raw))
    if most is not None and most < len(raw) // 2:
        some = np.flatnonzero(raw <= np.partition(raw, most)[most])
    order: npt.NDArray[np.int64] = some[raw[some].argsort()]
    if (raw[order[1:]] == raw[order[:-1]]).any():  # the fast way to sort does not keep these in order
        order = some[raw[some].argsort(kind="stable")]
    return order[:most]
