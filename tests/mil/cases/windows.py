"""Convolutions and pools: padding, strides, dilations, groups, 1 to 3 dimensions."""

import math

import numpy as np

from .. import by_hand
from ..programs import counting, f32, noise
from .case import Const, case

LINE, PICTURE, SOLID = noise(2, 4, 7), noise(1, 4, 6, 5), noise(1, 2, 4, 3, 5)


def conv(label, x, weight, pads, strides=None, dilations=None, groups=1, bias=None, **attributes):
    """A case of `conv` with the padding that its attributes come to."""
    rank = x.ndim - 2
    steps, spacing = strides or [1] * rank, dilations or [1] * rank
    given = {"strides": strides, "dilations": dilations, "bias": None if bias is None else Const(bias)}
    return case(
        "conv",
        by_hand.correlate(x, weight, pads, steps, spacing, groups, bias),
        label,
        tolerance=1e-5,
        x=x,
        weight=Const(weight),
        **{name: value for name, value in given.items() if value is not None},
        **({} if groups == 1 else {"groups": groups}),
        **attributes,
    )


CONV = [
    conv("1d_default", LINE, noise(3, 4, 2), [(0, 0)]),
    conv("2d_valid_bias", PICTURE, noise(3, 4, 3, 2), [(0, 0), (0, 0)], bias=f32(1, -2, 3), pad_type="valid"),
    conv("3d_strides", SOLID, noise(3, 2, 2, 1, 3), [(0, 0)] * 3, strides=[2, 1, 2]),
    conv("custom_uneven", PICTURE, noise(2, 4, 3, 3), [(1, 0), (2, 3)], pad_type="custom", pad=[1, 0, 2, 3]),
    conv("dilated", PICTURE, noise(2, 4, 2, 2), [(0, 0), (0, 0)], dilations=[3, 2]),
    conv("grouped", PICTURE, noise(6, 2, 2, 2), [(0, 0), (0, 0)], groups=2),
    conv("depthwise", PICTURE, noise(8, 1, 2, 2), [(0, 0), (0, 0)], groups=4, bias=noise(8)),
    # rows 6, kernel 3, stride 2: 3 windows reach over 7, one element of padding; columns 5: 3 windows over 7, two
    conv("same", PICTURE, noise(2, 4, 3, 3), [(0, 1), (1, 1)], strides=[2, 2], pad_type="same"),
    conv("same_lower", PICTURE, noise(2, 4, 3, 3), [(1, 0), (1, 1)], strides=[2, 2], pad_type="same_lower"),
    conv("same_even_kernel", PICTURE, noise(2, 4, 2, 4), [(0, 1), (1, 2)], pad_type="same"),
    conv("same_lower_even_kernel", PICTURE, noise(2, 4, 2, 4), [(1, 0), (2, 1)], pad_type="same_lower"),
    conv("same_dilated", PICTURE, noise(2, 4, 2, 3), [(1, 2), (2, 2)], dilations=[3, 2], pad_type="same"),
    conv("same_stride_beyond_kernel", PICTURE, noise(2, 4, 1, 1), [(0, 0), (0, 0)], strides=[3, 3], pad_type="same"),
    conv("pad_ignored_unless_custom", LINE, noise(3, 4, 2), [(0, 0)], pad_type="valid", pad=[5, 5]),
]

RUNTIME_WEIGHT = case(
    "conv",
    by_hand.correlate(LINE, noise(3, 4, 2, seed=5), [(0, 0)], [1], [1], 1),
    "runtime_weight",
    tolerance=1e-5,
    x=LINE,
    weight=noise(3, 4, 2, seed=5),
)

BYTES = np.random.default_rng(3).integers(0, 256, (3, 4, 2)).astype(np.uint8)
QUANTIZED = case(
    "conv_quantized",
    by_hand.correlate(LINE, BYTES.astype(np.float32) * np.float32(0.01) - 1, [(0, 0)], [1], [1], 1),
    tolerance=1e-5,
    x=LINE,
    weight=Const(BYTES),
    quantization_type="linear",
    quant_scale=np.float32(0.01),
    quant_bias=np.float32(-1),
)


def transpose(label, x, weight, cuts, strides=None, dilations=None, groups=1, bias=None, grown=(), **attributes):
    """A case of `conv_transpose`: the full result, cut at either end of every dimension."""
    rank = x.ndim - 2
    full = by_hand.spread(x, weight, strides or [1] * rank, dilations or [1] * rank, groups)
    for axis, more in enumerate(grown):
        full = np.pad(full, [(0, more if other == axis + 2 else 0) for other in range(x.ndim)])
    where = tuple(slice(a, size - b) for (a, b), size in zip(cuts, full.shape[2:], strict=True))
    expected = full[(slice(None), slice(None), *where)]
    if bias is not None:
        expected = expected + bias.reshape(-1, *[1] * rank)
    given = {"strides": strides, "dilations": dilations, "bias": None if bias is None else Const(bias)}
    return case(
        "conv_transpose",
        expected,
        label,
        tolerance=1e-5,
        x=x,
        weight=Const(weight),
        **{name: value for name, value in given.items() if value is not None},
        **({} if groups == 1 else {"groups": groups}),
        **attributes,
    )


TRANSPOSE = [
    transpose("1d_default", LINE, noise(4, 3, 2), [(0, 0)]),
    transpose("2d_strides_bias", PICTURE, noise(4, 2, 3, 2), [(0, 0)] * 2, strides=[2, 3], bias=f32(1, -2)),
    transpose("3d", SOLID, noise(2, 3, 2, 2, 1), [(0, 0)] * 3, strides=[1, 2, 1]),
    transpose(
        "custom", PICTURE, noise(4, 2, 3, 3), [(1, 0), (2, 1)], strides=[2, 2], pad_type="custom", pad=[1, 0, 2, 1]
    ),
    transpose("grouped", PICTURE, noise(4, 3, 2, 2), [(0, 0)] * 2, groups=2),
    transpose("dilated", PICTURE, noise(4, 2, 2, 2), [(0, 0)] * 2, dilations=[2, 3]),
    # rows: (6 - 1) 2 + 3 = 13 for 12: one cut at the end; columns: (5 - 1) 2 + 4 = 12 for 10: one at either end
    transpose("same", PICTURE, noise(4, 2, 3, 4), [(0, 1), (1, 1)], strides=[2, 2], pad_type="same"),
    transpose(
        "output_shape",
        PICTURE,
        noise(4, 2, 3, 3),
        [(1, 0), (1, 1)],
        strides=[2, 2],
        pad_type="custom",
        pad=[1, 1, 1, 1],
        output_shape=[1, 2, 12, 9],
    ),
    transpose(
        "output_shape_beyond",
        PICTURE,
        noise(4, 2, 1, 1),
        [(0, 0), (0, 0)],
        strides=[2, 2],
        grown=(1, 1),
        bias=f32(1, -2),
        output_shape=[1, 2, 12, 10],
    ),
]


def largest(elements, _):
    return max(elements)


def mean_with_padding(elements, padding):
    return sum(elements) / (len(elements) + padding)


def mean(elements, _):
    return sum(elements) / len(elements)


def norm(elements, _):
    return math.sqrt(sum(v * v for v in elements))


def pool(op, label, x, sizes, strides, pads, out, fold, **attributes):
    """A case of a pool: its windows, its padding and its output size worked out by hand."""
    return case(
        op,
        by_hand.pool(x, sizes, strides, pads, out, fold),
        label,
        tolerance=1e-5,
        x=x,
        kernel_sizes=sizes,
        strides=strides,
        **attributes,
    )


NEGATIVE = -counting(1, 2, 6, 5, start=1)
POOL = [
    pool("max_pool", "1d", LINE, [3], [2], [(0, 0)], [3], largest, pad_type="valid"),
    pool("max_pool", "2d_strides", PICTURE, [2, 3], [1, 2], [(0, 0)] * 2, [5, 2], largest, pad_type="valid"),
    pool("max_pool", "3d", SOLID, [2, 2, 2], [2, 1, 1], [(0, 0)] * 3, [2, 2, 4], largest, pad_type="valid"),
    pool(
        "max_pool",
        "padding_is_never_largest",
        NEGATIVE,
        [3, 3],
        [2, 2],
        [(1, 2), (1, 0)],
        [4, 2],
        largest,
        pad_type="custom",
        pad=[1, 2, 1, 0],
    ),
    pool("max_pool", "same", PICTURE, [3, 3], [2, 2], [(0, 1), (1, 1)], [3, 3], largest, pad_type="same"),
    pool("max_pool", "same_lower", PICTURE, [3, 3], [2, 2], [(1, 0), (1, 1)], [3, 3], largest, pad_type="same_lower"),
    # rows 6, kernel 3, stride 2: ceil(3 / 2) + 1 = 3; columns 5: exactly 2
    pool("max_pool", "ceil", PICTURE, [3, 3], [2, 2], [(0, 0)] * 2, [3, 2], largest, pad_type="valid", ceil_mode=True),
    pool("avg_pool", "1d", LINE, [3], [2], [(0, 0)], [3], mean, pad_type="valid"),
    pool("avg_pool", "2d", PICTURE, [2, 3], [1, 2], [(0, 0)] * 2, [5, 2], mean, pad_type="valid"),
    pool("avg_pool", "3d", SOLID, [2, 2, 2], [2, 1, 1], [(0, 0)] * 3, [2, 2, 4], mean, pad_type="valid"),
    pool(
        "avg_pool",
        "3d_padded",
        SOLID,
        [2, 2, 3],
        [1, 1, 2],
        [(1, 0), (0, 1), (2, 2)],
        [4, 3, 4],
        mean_with_padding,
        pad_type="custom",
        pad=[1, 0, 0, 1, 2, 2],
    ),
    pool(
        "avg_pool",
        "padding_counts",
        PICTURE,
        [3, 3],
        [2, 2],
        [(1, 1), (1, 0)],
        [3, 2],
        mean_with_padding,
        pad_type="custom",
        pad=[1, 1, 1, 0],
    ),
    pool(
        "avg_pool",
        "padding_excluded",
        PICTURE,
        [3, 3],
        [2, 2],
        [(1, 1), (1, 0)],
        [3, 2],
        mean,
        pad_type="custom",
        pad=[1, 1, 1, 0],
        exclude_padding_from_average=True,
    ),
    pool("avg_pool", "same", PICTURE, [3, 3], [2, 2], [(0, 1), (1, 1)], [3, 3], mean_with_padding, pad_type="same"),
    pool(
        "avg_pool",
        "same_excluded",
        PICTURE,
        [3, 3],
        [2, 2],
        [(0, 1), (1, 1)],
        [3, 3],
        mean,
        pad_type="same",
        exclude_padding_from_average=True,
    ),
    pool(
        "avg_pool",
        "ceil_beyond_does_not_count",
        PICTURE,
        [3, 3],
        [2, 2],
        [(0, 0)] * 2,
        [3, 2],
        mean,
        pad_type="valid",
        ceil_mode=True,
    ),
    # rows 6 + 2, kernel 3, stride 2: ceil(5 / 2) + 1 = 4, which starts at 6 < 7; columns 5 + 2: exactly 3
    pool(
        "avg_pool",
        "ceil_padded",
        PICTURE,
        [3, 3],
        [2, 2],
        [(1, 1), (1, 1)],
        [4, 3],
        mean_with_padding,
        pad_type="custom",
        pad=[1, 1, 1, 1],
        ceil_mode=True,
    ),
    pool(
        "avg_pool",
        "ceil_padded_excluded",
        PICTURE,
        [3, 3],
        [2, 2],
        [(1, 1), (1, 1)],
        [4, 3],
        mean,
        pad_type="custom",
        pad=[1, 1, 1, 1],
        ceil_mode=True,
        exclude_padding_from_average=True,
    ),
    # 7 + 2, kernel 2, stride 4: ceil(7 / 4) + 1 = 3, which would start at 8 >= 7 + 1: one less
    pool(
        "avg_pool",
        "ceil_without_a_window_in_padding",
        LINE,
        [2],
        [4],
        [(1, 1)],
        [2],
        mean_with_padding,
        pad_type="custom",
        pad=[1, 1],
        ceil_mode=True,
    ),
    pool("l2_pool", "1d", LINE, [3], [2], [(0, 0)], [3], norm, pad_type="valid"),
    pool(
        "l2_pool",
        "2d_padded",
        PICTURE,
        [2, 3],
        [1, 2],
        [(1, 0), (1, 1)],
        [6, 3],
        norm,
        pad_type="custom",
        pad=[1, 0, 1, 1],
    ),
]

CASES = [*CONV, RUNTIME_WEIGHT, QUANTIZED, *TRANSPOSE, *POOL]
