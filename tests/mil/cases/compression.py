"""Quantization and compressed constants."""

import numpy as np
from coremltools.converters.mil.mil import types

from ..programs import f32
from .case import Const, case

W = np.array([[0, 10, 255], [128, 1, 2]], np.uint8)


def bits(values, kind):
    """An array of integers below one byte, as coremltools holds them."""
    return Const(np.array(values).astype(types.nptype_from_builtin(types.string_to_builtin(kind))))


QUANTIZATION = [
    case(
        "quantize",
        np.array([-128, -1, 0, 2, 127], np.int8),
        input=f32(-999, -0.3, 0.2, 0.9, 999),
        scale=np.float32(0.5),
        output_dtype="int8",
    ),
    case(
        "quantize",
        np.array([[3, 3], [2, 2]], np.int8),
        "axis",
        input=f32([[2, 2], [4, 4]]),
        scale=Const(f32(1, 2)),
        zero_point=Const(np.array([1, 0], np.int8)),
        axis=np.int32(0),
        output_dtype="int8",
    ),
    case(
        "quantize",
        np.array([2, 2, 4], np.uint8),
        "halves_to_even",
        input=f32(0.5, -0.5, 1.5),
        scale=np.float32(1),
        zero_point=np.uint8(2),
        output_dtype="uint8",
    ),
    case("dequantize", f32(-64, 0.5), input=np.array([-128, 1], np.int8), scale=np.float32(0.5)),
    case(
        "dequantize",
        f32([[1, 2], [10, 20]]),
        "axis",
        input=np.array([[3, 4], [3, 4]], np.uint8),
        scale=Const(f32(1, 10)),
        zero_point=Const(np.array([2, 2], np.uint8)),
        axis=np.int32(-2),
    ),
]

MASK = [[1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1], [0, 1, 1, 0, 1, 0], [0, 0, 0, 1, 0, 0]]
PALETTE_OF_MASK = [2, 3, 3, 2, 3, 3, 2, 2, 3]
TALL_MASK = np.repeat(np.array(MASK), 2, axis=0)
TALL = np.zeros(TALL_MASK.shape)
TALL[::2][np.array(MASK) == 1] = PALETTE_OF_MASK
TALL[1::2][np.array(MASK) == 1] = [10 * value for value in PALETTE_OF_MASK]

BLOCK = np.arange(24, dtype=np.int8).reshape(2, 3, 4)
BLOCK_SCALE = f32([[[1, 2]], [[3, 4]]])
BLOCK_OFFSET = np.array([[[0, 1]], [[2, 3]]], np.int8)
BLOCKED = np.zeros((2, 3, 4), np.float32)
for place in np.ndindex(2, 3, 4):
    block = (place[0], 0, place[2] // 2)
    BLOCKED[place] = BLOCK_SCALE[block] * (float(BLOCK[place]) - float(BLOCK_OFFSET[block]))

CONSTEXPR = [
    case(
        "constexpr_affine_dequantize",
        (W.astype(np.float32) - 128) * np.float32(0.5),
        "scalar",
        quantized_data=Const(W),
        zero_point=np.uint8(128),
        scale=np.float32(0.5),
        axis=0,
        opset=16,
    ),
    case(
        "constexpr_affine_dequantize",
        (W.astype(np.float32) - f32(0, 1, 2)) * f32(1, 2, 3),
        "axis",
        quantized_data=Const(W),
        zero_point=Const(np.array([0, 1, 2], np.uint8)),
        scale=Const(f32(1, 2, 3)),
        axis=-1,
        opset=16,
    ),
    case(
        "constexpr_affine_dequantize",
        ((W.astype(np.float32) - 3) * np.float32(np.float16(0.1))).astype(np.float16),
        "half",
        quantized_data=Const(W),
        zero_point=np.uint8(3),
        scale=np.float16(0.1),
        axis=0,
        opset=16,
    ),
    case(
        "constexpr_cast", f32(np.float16(0.1), 2), source_val=Const(np.array([0.1, 2], np.float16)), output_dtype="fp32"
    ),
    # the example of the documentation: 2 bits, the lowest first: 0, 3, 2, 1, 3
    case(
        "constexpr_lut_to_dense",
        f32(10, 40, 30, 20, 40),
        "packed",
        indices=Const(np.array([0b01101100, 0b11], np.uint8)),
        lut=Const(f32(10, 20, 30, 40)),
        shape=Const(np.array([5], np.uint32)),
        opset=16,
    ),
    # 6 bits: 1 = 000001 and 33 = 100001: bytes 01000001 and xxxx1000
    case(
        "constexpr_lut_to_dense",
        f32(1, 33),
        "packed_across_bytes",
        indices=Const(np.array([0b01000001, 0b1000], np.uint8)),
        lut=Const(np.arange(64, dtype=np.float32)),
        shape=Const(np.array([2], np.uint32)),
        opset=16,
    ),
    case(
        "constexpr_lut_to_dense",
        np.array([[9, 13], [13, 1], [5, 1], [26, 2], [18, 10], [2, 26]], np.float16),
        "groups",
        indices=bits([[2, 3], [3, 0], [1, 0], [3, 0], [2, 1], [0, 3]], "uint2"),
        lut=Const(np.array([1, 5, 9, 13, 2, 10, 18, 26], np.float16).reshape(2, 1, 4, 1)),
    ),
    case(
        "constexpr_lut_to_dense",
        np.array(
            [[[1, 1], [2, 2], [3, 3], [4, 1], [5, 2], [6, 3]], [[4, 4], [5, 5], [6, 6], [1, 1], [2, 2], [3, 3]]],
            np.int8,
        ),
        "vectors",
        indices=bits([[[0, 0], [1, 0]], [[1, 1], [0, 0]]], "uint1"),
        lut=Const(np.array([1, 2, 3, 4, 5, 6], np.int8).reshape(1, 1, 1, 2, 3)),
        vector_axis=np.int32(1),
    ),
    case(
        "constexpr_lut_to_dense",
        np.array([[[1, 2, 3, 1, 2, 3], [4, 5, 6, 1, 2, 3]], [[4, 5, 6, 4, 5, 6], [1, 2, 3, 1, 2, 3]]], np.int8),
        "vectors_last",
        indices=bits([[[0, 0], [1, 0]], [[1, 1], [0, 0]]], "uint1"),
        lut=Const(np.array([1, 2, 3, 4, 5, 6], np.int8).reshape(1, 1, 1, 2, 3)),
        vector_axis=np.int32(-1),
    ),
    case(
        "constexpr_sparse_to_dense",
        f32(0, 0, 7, 8, 0),
        "packed",
        nonzero_data=Const(f32(7, 8)),
        mask=Const(np.array([0b01100], np.uint8)),
        shape=Const(np.array([5], np.uint32)),
        opset=16,
    ),
    case(
        "constexpr_sparse_to_dense",
        f32([[0, 7], [8, 0]]),
        nonzero_data=Const(f32(7, 8)),
        mask=bits([[0, 1], [1, 0]], "uint1"),
    ),
    case(
        "constexpr_lut_to_sparse",
        (np.array(MASK, np.uint8), np.array(PALETTE_OF_MASK, np.float16)),
        indices_mask=bits(MASK, "uint1"),
        indices_nonzero_data=bits([0, 1, 1, 0, 1, 1, 0, 0, 1], "uint1"),
        lut=Const(np.array([2, 3], np.float16).reshape(1, 1, 2, 1)),
    ),
    case(
        "constexpr_lut_to_sparse",
        (TALL_MASK.astype(np.uint8), TALL[TALL_MASK == 1].astype(np.float16)),
        "vectors",
        indices_mask=bits(MASK, "uint1"),
        indices_nonzero_data=bits([0, 1, 1, 0, 1, 1, 0, 0, 1], "uint1"),
        lut=Const(np.array([2, 20, 3, 30], np.float16).reshape(1, 1, 2, 2)),
        vector_axis=np.int32(0),
    ),
    case(
        "constexpr_sparse_blockwise_shift_scale",
        (
            np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], np.uint8),
            f32(0.9, 1.8, 0.2, 0.4, 0.6, 0.9, 1.2, 0.7, 1.4),
        ),
        data_mask=bits([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], "uint1"),
        nonzero_data=Const(np.array([10, 11, 3, 4, 5, 6, 7, 8, 9], np.int8)),
        scale=Const(f32([[0.1, 0.2, 0.3, 0.4]])),
        offset=Const(np.array([[1, 2, 3, 4]], np.int8)),
    ),
    case(
        "constexpr_blockwise_shift_scale",
        BLOCKED,
        data=Const(BLOCK),
        scale=Const(BLOCK_SCALE),
        offset=Const(BLOCK_OFFSET),
    ),
    case(
        "constexpr_blockwise_shift_scale",
        f32([[-8, 7]]) * np.float32(0.5),
        "int4",
        data=bits([[-8, 7]], "int4"),
        scale=Const(f32([[0.5]])),
    ),
]

CASES = QUANTIZATION + CONSTEXPR
