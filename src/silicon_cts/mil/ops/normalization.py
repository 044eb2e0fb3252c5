"""What does a normalization give?"""

import numpy as np

from ..arithmetic import Call
from ..kernels import normalize_channels
from ..registry import op
from ..values import Array
from .activation import per_channel


@op("batch_norm")
def batch_norm(
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: Array | float = 1e-5,
) -> Array:
    """`x` (n, C, *D) normalized with a mean and a variance for every channel."""
    return normalize_channels(x, mean, variance, gamma, beta, float(epsilon))


@op("instance_norm")
def instance_norm(
    call: Call, x: Array, gamma: Array | None = None, beta: Array | None = None, epsilon: Array | float = 1e-5
) -> Array:
    """`x` (n, C, *D) normalized over D, for every image and channel on its own."""
    normalized = _normalized(call, x, tuple(range(2, x.ndim)), epsilon)
    scale, shift = (None if part is None else per_channel(part, x) for part in (gamma, beta))
    return _scaled(normalized, scale, shift)


@op("layer_norm")
def layer_norm(
    call: Call,
    x: Array,
    axes: Array | None = None,
    gamma: Array | None = None,
    beta: Array | None = None,
    epsilon: Array | float = 1e-5,
) -> Array:
    """`x` normalized over `axes` (all by default), with a scale and an offset for every element of these axes."""
    over = tuple(range(x.ndim)) if axes is None else tuple(sorted({int(axis) % x.ndim for axis in axes}))
    shape = [size if axis in over else 1 for axis, size in enumerate(x.shape)]
    scale, shift = (None if part is None else part.reshape(shape) for part in (gamma, beta))
    return _scaled(_normalized(call, x, over, epsilon), scale, shift)


@op("l2_norm")
def l2_norm(call: Call, x: Array, epsilon: Array | float = 1e-6) -> Array:
    """`x` over the square root of the sum of squares (plus epsilon) of its last three dimensions."""
    return x / np.sqrt(call.sum(np.square(x), (-3, -2, -1), keepdims=True) + np.float32(epsilon))


@op("local_response_norm")
def local_response_norm(
    call: Call, x: Array, size: Array, alpha: Array | float = 1e-4, beta: Array | float = 0.75, k: Array | float = 1.0
) -> Array:
    """x / (k + alpha / size * s)^beta, where s sums the squares of `size` neighbouring channels around each.

    For an even size the odd neighbour is the one before.
    """
    width, channels = int(size), x.shape[1]
    squares = np.square(x)
    sums = np.stack(
        [call.sum(squares[:, max(0, at - width // 2) : at + (width - 1) // 2 + 1], (1,)) for at in range(channels)],
        axis=1,
    )
    base = np.float32(k) + np.float32(alpha) / np.float32(width) * sums
    return np.asarray(x / np.power(base, np.float32(beta)))


def _normalized(call: Call, x: Array, axes: tuple[int, ...], epsilon: Array | float) -> Array:
    centred = x - call.mean(x, axes, keepdims=True)
    variance = call.mean(np.square(centred), axes, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + np.float32(epsilon)))


def _scaled(x: Array, gamma: Array | None, beta: Array | None) -> Array:
    scaled = x if gamma is None else x * gamma
    return scaled if beta is None else scaled + beta
