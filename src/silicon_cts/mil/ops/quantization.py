"""What do `quantize` and `dequantize` give?"""

import numpy as np

from ..registry import op
from ..values import Array

_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}


def along(parameter: Array, rank: int, axis: Array | int | None) -> Array:
    """A scalar, or a vector with an element for every place along `axis` of a tensor of `rank`, to broadcast."""
    if parameter.ndim == 0 or axis is None:
        return parameter.reshape(())
    return parameter.reshape([-1 if other == int(axis) % rank else 1 for other in range(rank)])


@op("quantize")
def quantize(
    input: Array,  # noqa: A002  the name in MIL
    scale: Array,
    output_dtype: str,
    zero_point: Array | None = None,
    axis: Array | None = None,
) -> Array:
    """round(input / scale) + zero_point, held within the output type; halves round to even."""
    rounded = np.rint(input / along(scale, input.ndim, axis))
    shifted = rounded if zero_point is None else rounded + along(zero_point, input.ndim, axis).astype(np.float32)
    return np.clip(shifted, *_RANGES[output_dtype])


@op("dequantize")
def dequantize(
    input: Array,  # noqa: A002  the name in MIL
    scale: Array,
    zero_point: Array | None = None,
    axis: Array | None = None,
) -> Array:
    """Scale * (input - zero_point)."""
    shifted = input.astype(np.float32)
    if zero_point is not None:
        shifted = shifted - along(zero_point, input.ndim, axis).astype(np.float32)
    return along(scale, input.ndim, axis) * shifted
