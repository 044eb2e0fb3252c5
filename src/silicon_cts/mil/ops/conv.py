"""What does a convolution give?"""

from collections.abc import Sequence
from itertools import product as combinations
from typing import Any

import numpy as np

from ..arithmetic import Call, round_to_half
from ..errors import UnsupportedOperationError
from ..kernels import correlate, spread
from ..kernels import pad as padded
from ..registry import op
from ..values import Array
from .activation import per_channel
from .windows import Pads, extents, integers, padding


@op("conv")
def conv(
    call: Call,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    strides: Array | None = None,
    pad_type: str = "valid",
    pad: Array | None = None,
    dilations: Array | None = None,
    groups: Array | int = 1,
) -> Array:
    """The correlation of `x` (n, C_in, *D) with `weight` (C_out, C_in / groups, *K), plus the bias."""
    rank = x.ndim - 2
    steps = [1] * rank if strides is None else integers(strides)
    spacing = [1] * rank if dilations is None else integers(dilations)
    pads = padding(pad_type, pad, x.shape[2:], extents(weight.shape[2:], spacing), steps)
    if not call.half_sums:
        return correlate(x, weight, bias, steps, pads, spacing, int(groups))
    result = _correlate_in_half(x, weight, steps, pads, spacing, int(groups))
    return result if bias is None else result + per_channel(bias, result)


@op("conv_quantized")
def conv_quantized(
    call: Call,
    x: Array,
    weight: Array,
    quantization_type: str,
    quant_scale: Array,
    quant_bias: Array,
    nbits: Array | int = 8,
    bias: Array | None = None,
    strides: Array | None = None,
    pad_type: str = "valid",
    pad: Array | None = None,
    dilations: Array | None = None,
    groups: Array | int = 1,
) -> Array:
    """The convolution with `weight * quant_scale + quant_bias`; one scale, or one for every output channel."""
    if quantization_type != "linear" or int(nbits) != 8:
        raise UnsupportedOperationError(f"{quantization_type!r} with {int(nbits)} bits: the packing is not documented")
    scale, offset = (np.reshape(part, (-1, *[1] * (weight.ndim - 1))) for part in (quant_scale, quant_bias))
    dense = (weight * scale + offset).astype(np.float32)
    shift = None if bias is None else bias.astype(np.float32)
    return conv(call, x, dense, shift, strides, pad_type, pad, dilations, groups)


@op("conv_transpose")
def conv_transpose(
    call: Call,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    pad: Array | None = None,
    output_shape: Array | None = None,
    pad_type: str = "valid",
    strides: Array | None = None,
    dilations: Array | None = None,
    groups: Array | int = 1,
) -> Array:
    """The transpose of `conv`, with `weight` (C_in, C_out / groups, *K).

    Every element of `x` is spread over the output; `pad` elements are then cut from either end, for "same" as many as
    leave `D * stride` (or `output_shape`), an odd one at the end. Where `output_shape` goes beyond, nothing was spread.
    """
    rank = x.ndim - 2
    steps = [1] * rank if strides is None else integers(strides)
    spacing = [1] * rank if dilations is None else integers(dilations)
    if call.half_sums:
        full = _spread_in_half(x, weight, steps, spacing, int(groups))
    else:
        full = spread(x, weight, steps, spacing, int(groups))
    custom = padding("custom", pad, x.shape[2:], [], [])
    for axis, size in enumerate(full.shape[2:]):
        wanted = None if output_shape is None else int(output_shape[axis + 2])
        if pad_type == "same":
            length = x.shape[axis + 2] * steps[axis] if wanted is None else wanted
            start = max(0, size - length) // 2
        else:
            start, end = custom[axis] if pad_type == "custom" else (0, 0)
            length = size - start - end if wanted is None else wanted
        full = _window(full, axis + 2, start, length)
    return full if bias is None else full + per_channel(bias, full)


def _window(x: Array, axis: int, start: int, length: int) -> Array:
    """`length` elements of `x` from `start` on along `axis`, zeros beyond its end."""
    part = np.take(x, range(start, min(start + length, x.shape[axis])), axis)
    missing = length - part.shape[axis]
    return padded(part, [(0, missing if other == axis else 0) for other in range(x.ndim)], 0.0) if missing else part


def _correlate_in_half(
    x: Array, weight: Array, strides: Sequence[int], pads: Pads, dilations: Sequence[int], groups: int
) -> Array:
    """The correlation with a float16 accumulator: one multiply-add after the other over channels and taps."""
    source = padded(x, pads, 0.0)
    kernel = weight.shape[2:]
    sizes = [
        (size - reach) // stride + 1
        for size, reach, stride in zip(source.shape[2:], extents(kernel, dilations), strides, strict=True)
    ]
    grouped = source.reshape(x.shape[0], groups, -1, 1, *source.shape[2:])
    weights = weight.reshape(groups, -1, *weight.shape[1:])
    total = np.zeros((x.shape[0], groups, weights.shape[1], *sizes), np.float32)
    ones = (1,) * len(sizes)
    for channel in range(weight.shape[1]):
        for tap in combinations(*map(range, kernel)):
            where: tuple[Any, ...] = tuple(
                slice(at * dilation, at * dilation + (size - 1) * stride + 1, stride)
                for at, dilation, size, stride in zip(tap, dilations, sizes, strides, strict=True)
            )
            place: tuple[Any, ...] = (..., *tap)
            factor = weights[:, :, channel][place].reshape(groups, -1, *ones)
            total = round_to_half(total + grouped[:, :, channel][(..., *where)] * factor)
    return total.reshape(x.shape[0], -1, *sizes)


def _spread_in_half(x: Array, weight: Array, strides: Sequence[int], dilations: Sequence[int], groups: int) -> Array:
    """The transposed correlation with a float16 accumulator: `x` with gaps, correlated with the turned kernel."""
    spaced = np.zeros(
        (*x.shape[:2], *((size - 1) * stride + 1 for size, stride in zip(x.shape[2:], strides, strict=True))),
        np.float32,
    )
    spaced[:, :, *(slice(None, None, stride) for stride in strides)] = x
    kernel = weight.shape[2:]
    turned = np.flip(weight, tuple(range(2, weight.ndim))).reshape(groups, -1, weight.shape[1], *kernel)
    swapped = np.swapaxes(turned, 1, 2).reshape(-1, weight.shape[0] // groups, *kernel)
    pads = [(reach - 1, reach - 1) for reach in extents(kernel, dilations)]
    return _correlate_in_half(spaced, swapped, [1] * len(kernel), pads, dilations, groups)
