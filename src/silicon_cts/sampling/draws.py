"""Which random integers does a recipe stand for, the same on every machine and with every version of NumPy?"""

from __future__ import annotations

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
        count = int(np.prod(shape, dtype=np.int64))
        raw: npt.NDArray[Any] = self._bits.random_raw(count) if count else np.empty(0, np.uint64)
        return raw.reshape(shape)

    def integers(self, below: int, *shape: int) -> torch.Tensor:
        """Integers of ``range(below)``, each as likely."""
        return torch.from_numpy((self._raw(*shape) % np.uint64(below)).astype(np.int64))

    def permutation(self, count: int) -> torch.Tensor:
        """``range(count)`` in any order."""
        return torch.from_numpy(self._raw(count).argsort(kind="stable"))

    def picks(self, below: int, count: int) -> torch.Tensor:
        """``count`` integers of ``range(below)``: each of them once in any order before any comes again, then any.

        Of more than 2^16, any at once.
        """
        first = self.permutation(below)[:count] if below <= _MOST_PERMUTED else self.integers(below, 0)
        return torch.cat([first, self.integers(below, count - len(first))])
