"""What does a shape that was never seen before cost: how long does its first call take, how much memory stays for good?

A device that compiles a graph for every shape and keeps it (MPS does) grows with the number of shapes, until a server
whose requests differ in length runs out of memory.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from silicon_cts.benchmarks.table import FLOAT32, New, Row

SHAPES = 64
"""New shapes in one benchmark."""
_SETTLED = SHAPES // 4
"""Those after which allocators have what they need of their own."""


@dataclass(frozen=True, kw_only=True)
class Growing(Row):
    """An operator whose arguments are larger by one each time."""

    longer: Callable[[New, int], tuple[Any, ...]]
    """The arguments of the n-th shape, all small, so that what grows is not they."""


def _row(operator: str, longer: Callable[[New, int], tuple[Any, ...]], call: Callable[..., Any]) -> Growing:
    return Growing(
        operator,
        f"{SHAPES}shapes",
        lambda new: longer(new, 0),
        call,
        trains=False,
        dtypes=FLOAT32,
        longer=longer,
    )


ROWS: tuple[Growing, ...] = (
    _row("add", lambda new, n: (new(32 + n, 64), new(32 + n, 64)), torch.add),
    _row("softmax", lambda new, n: (new(32 + n, 64),), lambda x: F.softmax(x, -1)),
    _row("linear", lambda new, n: (new(32 + n, 64), new(64, 64)), F.linear),
    _row("conv2d", lambda new, n: (new(1, 4, 32 + n, 16), new(4, 4, 3, 3)), F.conv2d),
)


class Growth:
    """The arguments of one new shape after the other, and the memory that is held when each of them is gone."""

    def __init__(self, row: Growing, new: New, held: Callable[[], float]) -> None:
        self._row, self._new, self._memory = row, new, held
        self._held: list[float] = []

    def next(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments of a call, as pytest-benchmark's ``setup`` gives them."""
        self._look()
        return self._row.longer(self._new, len(self._held)), {}

    def _look(self) -> None:
        gc.collect(0)
        self._held.append(self._memory())

    def bytes(self) -> float:
        """That each shape left behind, now that the last one was called."""
        self._look()
        return slope(self._held[_SETTLED:])


def slope(held: Sequence[float]) -> float:
    """Growth from one to the next: the median over all pairs, so that what an allocator takes at once is no leak."""
    from scipy.stats import theilslopes

    return float(theilslopes(held).slope)
