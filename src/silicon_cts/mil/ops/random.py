"""Which numbers do the random operations draw?

Only their distribution is documented. A `seed` gives the same numbers at every evaluation, a negative one (the default)
others every time.
"""

import numpy as np

from ..errors import UnsupportedOperationError
from ..registry import op
from ..values import Array


def _generator(seed: Array | int) -> np.random.Generator:
    return np.random.default_rng(int(seed) if int(seed) >= 0 else None)


def _shape(shape: Array) -> list[int]:
    return [int(size) for size in shape]


@op("random_bernoulli")
def random_bernoulli(shape: Array, prob: Array | float = 0.5, seed: Array | int = -1) -> Array:
    """1 with probability `prob`, else 0."""
    return (_generator(seed).random(_shape(shape)) < float(prob)).astype(np.float32)


@op("random_categorical")
def random_categorical(x: Array, mode: str = "logits", size: Array | int = 1, seed: Array | int = -1) -> Array:
    """`size` indices for every vector along the last axis of `x`, which holds probabilities or their logarithms."""
    if mode not in ("logits", "probs"):
        raise UnsupportedOperationError(f"mode {mode!r}")
    weights = np.exp(x - x.max(axis=-1, keepdims=True)) if mode == "logits" else x
    limits = np.cumsum(weights.astype(np.float64), axis=-1)
    limits = limits / limits[..., -1:]
    draws = _generator(seed).random((*x.shape[:-1], int(size)))
    return np.asarray(np.sum(draws[..., None] >= limits[..., None, :], axis=-1))


@op("random_normal")
def random_normal(
    shape: Array, mean: Array | float = 0.0, stddev: Array | float = 1.0, seed: Array | int = -1
) -> Array:
    """Normally distributed."""
    return _generator(seed).normal(float(mean), float(stddev), _shape(shape)).astype(np.float32)


@op("random_uniform")
def random_uniform(shape: Array, low: Array | float = 0.0, high: Array | float = 1.0, seed: Array | int = -1) -> Array:
    """Uniformly distributed from `low` on, below `high`."""
    drawn = _generator(seed).random(_shape(shape), np.float32) * np.float32(high - low) + np.float32(low)
    return np.asarray(np.minimum(drawn, np.nextafter(np.float32(high), np.float32(low))))
