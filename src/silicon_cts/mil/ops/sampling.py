"""At which points, and how, is an image sampled when it is resized?"""

import numpy as np

from ..errors import UnsupportedOperationError
from ..values import Array


def grid(mode: str, number: int, start: float, end: float) -> Array:
    """`number` points from `start` to `end`, the centres of the first and the last sample (float64).

    With X = end - start + 1 samples and N points:
        STRICT_ALIGN_CORNERS: (X - 1) / (N - 1) apart; ALIGN_CORNERS: the same, but a single point lies in the middle.
        DEFAULT: X / N apart. UNALIGN_CORNERS: X / N apart, half a point minus half a sample from the start.
        OFFSET_CORNERS: max(1, X - 1) / N apart, half of that from the start.
    """
    steps = np.arange(number, dtype=np.float64)
    length = abs(end - start)
    sign = 1.0 if end >= start else -1.0
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        middle = length / 2 if mode == "ALIGN_CORNERS" else 0.0
        points = np.full(number, middle) if number == 1 else steps * length / (number - 1)
    elif mode == "DEFAULT":
        points = steps * (length + 1) / number
    elif mode == "UNALIGN_CORNERS":
        points = (steps + 0.5) * (length + 1) / number - 0.5
    elif mode == "OFFSET_CORNERS":
        points = (steps + 0.5) * max(1.0, length) / number
    else:
        raise UnsupportedOperationError(f"sampling_mode {mode!r}")
    return start + sign * np.clip(points, 0.0, length)


def linear(x: Array, points: Array, axis: int) -> Array:
    """`x` at the `points` along `axis`, linear between neighbours."""
    low = np.floor(points).astype(np.int64)
    shape = [-1 if other == axis % x.ndim else 1 for other in range(x.ndim)]
    weight = (points - low).astype(np.float32).reshape(shape)
    last = x.shape[axis] - 1
    below, above = (np.take(x, np.clip(at, 0, last), axis) for at in (low, low + 1))
    return np.where(weight == 0, below, below * (1 - weight) + above * weight)


def nearest(x: Array, points: Array, axis: int) -> Array:
    """`x` at the sample nearest to each of the `points` along `axis`; the even one of two."""
    return np.take(x, np.clip(np.rint(points).astype(np.int64), 0, x.shape[axis] - 1), axis)
