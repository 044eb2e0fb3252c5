"""Operations that fill, count, sort, join, split and reshape tensors."""

import math

import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813

from ..programs import counting, f32, i32
from .case import Const, case

M = f32([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
S = f32([[3, 1, 2], [9, 9, 8]])
NAN = math.nan


def tuple_of(op, **fixed):
    """A builder that passes its variables on as the tuple `values`."""
    return lambda **variables: getattr(mb, op)(values=tuple(variables.values()), **fixed)


FILL = [
    case("band_part", f32([[1, 2, 0], [4, 5, 6], [7, 8, 9]]), x=M, lower=-1, upper=1),
    case("band_part", f32([[1, 0, 0], [0, 5, 0], [0, 0, 9]]), "diagonal", x=M, lower=0, upper=0),
    case("band_part", f32([[1, 2], [4, 5], [0, 8]])[None], "tall", x=M[None, :, :2], lower=1, upper=-1),
    case("band_part", np.array([[True, False], [True, True]]), "bool", x=np.ones((2, 2), bool), lower=-1, upper=0),
    case(
        "band_part", f32([[1, 0], [NAN, 4]]), "outside_is_zero_not_nan", x=f32([[1, NAN], [NAN, 4]]), lower=-1, upper=0
    ),
    case("cumsum", f32([[1, 2, 3], [5, 7, 9], [12, 15, 18]]), x=M),
    case("cumsum", f32([[1, 3, 6], [4, 9, 15], [7, 15, 24]]), "axis", x=M, axis=-1),
    case("cumsum", f32([[0, 1, 3], [0, 4, 9], [0, 7, 15]]), "exclusive", x=M, axis=1, exclusive=True),
    case("cumsum", f32([[6, 5, 3], [15, 11, 6], [24, 17, 9]]), "reverse", x=M, axis=1, reverse=True),
    case(
        "cumsum",
        f32([[5, 3, 0], [11, 6, 0], [17, 9, 0]]),
        "exclusive_reverse",
        x=M,
        axis=1,
        exclusive=True,
        reverse=True,
    ),
    case("cumsum", i32(1, 3, 6), "int", x=i32(1, 2, 3)),
    case("fill", f32([[7, 7], [7, 7]]), shape=[2, 2], value=7.0),
    case("fill", f32([0, 0, 0]), "runtime_shape", shape=i32([3])),
    case("fill", np.array([True]), "bool", shape=[1], value=True),
    case("fill_like", i32([[4, 4, 4]]), ref_tensor=S[:1], value=np.int32(4)),
    case("fill_like", f32([0, 0]), "default", ref_tensor=i32(1, 2)),
    case("non_zero", i32([[0, 1], [1, 0]]), x=f32([[0, 2], [-1, 0]])),
    case("non_zero", np.zeros((0, 1), np.int32), "none", x=np.zeros(3, bool)),
    case("one_hot", i32([[0, 1, 0], [1, 0, 0]]), indices=i32(1, 0), one_hot_vector_size=3),
    case(
        "one_hot",
        f32([[-1, 5], [5, -1]]),
        "values_axis",
        indices=i32(1, 0),
        one_hot_vector_size=2,
        axis=0,
        on_value=5.0,
        off_value=-1.0,
    ),
    case("one_hot", i32([[0, 0], [0, 0], [0, 1]]), "outside_is_nowhere", indices=i32(-1, 7, 1), one_hot_vector_size=2),
    case("one_hot", i32([[[0, 1], [1, 0]]]), "rank_2_axis", indices=i32([[1, 0]]), one_hot_vector_size=2, axis=-2),
    case("one_hot", i32([[0, 1]]), "runtime_size", indices=i32([1]), one_hot_vector_size=i32(2)),
    case("range_1d", f32(1, 3, 5), start=f32(1), end=f32(6), step=f32(2)),
    case("range_1d", i32(5, 3, 1), "down", start=i32(5), end=i32(0), step=i32(-2)),
    case("range_1d", np.zeros(0, np.int32), "none", start=i32(5), end=i32(5), step=i32(1)),
    case("range_1d", f32(0, 0.1, 0.2), "fraction", start=f32(0), end=f32(0.3), step=f32(0.1)),
    case("tile", f32([[3, 1, 2, 3, 1, 2], [9, 9, 8, 9, 9, 8]]), x=S, reps=[1, 2]),
    case("tile", f32(1, 2, 1, 2), "runtime", x=f32(1, 2), reps=i32([2])),
    case("shape", i32(2, 3), x=S),
    case("identity", S, x=S),
]
FILL[26] = case(
    "range_1d",
    (np.arange(4) * np.float32(0.1)).astype(np.float32),
    "fraction",
    start=f32(0),
    end=f32(0.35),
    step=f32(0.1),
)

PAD = [
    case("pad", f32([[0, 3, 1, 2, 0, 0], [0, 9, 9, 8, 0, 0]]), "last", x=S, pad=[1, 2]),
    case(
        "pad",
        f32([[7, 7, 7, 7], [7, 3, 1, 2], [7, 9, 9, 8]]),
        "constant",
        x=S,
        pad=[1, 0, 1, 0],
        mode="constant",
        constant_val=7.0,
    ),
    case("pad", f32([[2, 1, 3, 1, 2, 1], [8, 9, 9, 9, 8, 9]]), "reflect", x=S, pad=[2, 1], mode="reflect"),
    case("pad", f32([[3, 3, 3, 1, 2, 2], [9, 9, 9, 9, 8, 8]]), "replicate", x=S, pad=[2, 1], mode="replicate"),
    case("pad", f32([[3, 1, 2, 0], [9, 9, 8, 0]]), "runtime", x=S, pad=i32(0, 0, 0, 1)),
]

SORT = [
    case("argsort", i32([[0, 2, 1], [0, 1, 2]]), "descending", x=S),
    case("argsort", i32([[1, 2, 0], [2, 0, 1]]), "ascending", x=S, ascending=True),
    case("argsort", i32([[1, 1, 1], [0, 0, 0]]), "axis", x=S, axis=0),
    case("argsort", i32(1, 0, 2), "least_int", x=i32(0, 5, -(2**31))),
    case("topk", (f32([[3, 2], [9, 9]]), i32([[0, 2], [0, 1]])), x=S, k=2),
    case("topk", (f32([[1], [8]]), i32([[1], [2]])), "ascending", x=S, k=1, ascending=True),
    case("topk", (f32([[9, 9, 8]]), i32([[1, 1, 1]])), "axis", x=S, k=1, axis=0),
    case("topk", f32([[3, 2], [9, 9]]), "values_only", x=S, k=2, return_indices=False),
    case("topk", (f32([[3], [9]]), np.array([[0], [0]], np.uint16)), "uint16", x=S, output_indices_dtype="uint16"),
    case("topk", (f32([[3, 2, 1], [9, 9, 8]]), i32([[0, 2, 1], [0, 1, 2]])), "all", x=S, k=-1),
    case("topk", (np.array([255, 1], np.uint8), i32(1, 2)), "unsigned", x=np.array([0, 255, 1], np.uint8), k=2),
]

C1, C2 = f32([[1, 2], [3, 4], [5, 6]]), f32([[7, 8], [9, 10], [11, 12]])
JOIN = [
    case("concat", np.array([*C1.tolist(), *C2.tolist()], np.float32), builder=tuple_of("concat", axis=0), a=C1, b=C2),
    case(
        "concat",
        f32([[1, 2, 7], [3, 4, 9], [5, 6, 11]]),
        "axis",
        builder=tuple_of("concat", axis=-1),
        a=C1,
        b=C2[:, :1],
    ),
    case(
        "concat",
        f32([[1, 2], [7, 8], [3, 4], [9, 10], [5, 6], [11, 12]]),
        "interleave",
        builder=tuple_of("concat", axis=0, interleave=True),
        a=C1,
        b=C2,
    ),
    case(
        "concat",
        f32([[1, 7, 2, 8], [3, 9, 4, 10], [5, 11, 6, 12]]),
        "interleave_last",
        builder=tuple_of("concat", axis=-1, interleave=True),
        a=C1,
        b=C2,
    ),
    case("concat", i32(4, 5), "scalars", builder=tuple_of("concat", axis=0), a=i32(4), b=i32(5)),
    case("stack", np.stack([C1, C2]), builder=tuple_of("stack", axis=0), a=C1, b=C2),
    case(
        "stack",
        f32([[[1, 7], [2, 8]], [[3, 9], [4, 10]], [[5, 11], [6, 12]]]),
        "last",
        builder=tuple_of("stack", axis=-1),
        a=C1,
        b=C2,
    ),
    case("split", (C1[:, :1], C1[:, 1:]), x=C1, num_splits=2, axis=1),
    case("split", (C1[:1], C1[1:]), "sizes", x=C1, split_sizes=[1, 2], axis=-2),
    case("split", (C1[:2], C1[2:]), "both", x=C1, num_splits=2, split_sizes=[2, 1], axis=0),
    case("split", C1, "one", x=C1, num_splits=1, axis=0),
]

V = counting(2, 3, 4)
RESHAPE = [
    case("expand_dims", V[None, :, None, :, :], "axes", x=V, axes=[0, 2]),
    case("expand_dims", V[..., None, None], "negative", x=V, axes=[-1, -2]),
    case("expand_dims", f32([3.0]), "scalar", x=f32(3.0), axes=[0]),
    case("flatten2d", V.reshape(2, 12), x=V),
    case("flatten2d", V.reshape(6, 4), "negative", x=V, axis=-1),
    case("flatten2d", V.reshape(1, 24), "axis_0", x=V, axis=0),
    case("reshape", V.reshape(4, 6), x=V, shape=[4, 6]),
    case("reshape", V.reshape(2, 12), "rest", x=V, shape=[2, -1]),
    case("reshape", V.reshape(2, 3, 2, 2)[:, :, 0], "zero", x=V[:, :, :2], shape=[0, -1, 2]),
    case("reshape", V.reshape(2, 12, 1), "zero_ios15", x=V, shape=[0, -1, 1], opset=15),
    case("reshape", V[0].reshape(1, 1, 3, 4), "zero_right_aligned", x=V[0], shape=[1, 0, -1, 0]),
    case("reshape", V.reshape(6, 4), "runtime", x=V, shape=i32(6, 4)),
    case("reshape", np.zeros((3, 0, 1), np.float32), "empty", x=np.zeros((0, 3, 1), np.float32), shape=i32(3, -1, 1)),
    case(
        "reshape_like",
        V.reshape(3, 4, 2),
        builder=lambda x, a, b: mb.reshape_like(
            x=x, ref_tensors=(a, b), begins=(0, 1), ends=(2, 0), end_masks=(False, True)
        ),
        x=V,
        a=np.zeros((3, 4, 9), np.float32),
        b=np.zeros((7, 2), bool),
    ),
    case("reverse", V[::-1, ::-1, ::-1], "all", x=V),
    case("reverse", V[::-1, :, ::-1], "axes", x=V, axes=[0, -1]),
    case(
        "reverse_sequence",
        f32([[2, 1, 3], [6, 5, 4]]),
        x=f32([[1, 2, 3], [4, 5, 6]]),
        lengths=i32(2, 3),
        seq_axis=1,
        batch_axis=0,
    ),
    case(
        "reverse_sequence",
        f32([[1, 5], [4, 2], [3, 6]]).reshape(3, 2),
        "batch_last",
        x=f32([[1, 6], [4, 2], [3, 5]]),
        lengths=i32(0, 3),
        seq_axis=0,
        batch_axis=-1,
    ),
    case("squeeze", f32([1, 2]), x=f32([[[1], [2]]])),
    case("squeeze", f32([[1], [2]]), "axes", x=f32([[[1], [2]]]), axes=[0]),
    case("squeeze", f32([[1], [2]]), "ignores_larger_dimensions", x=f32([[[1], [2]]]), axes=[0, 1]),
    case("squeeze", f32(5.0), "to_a_scalar", x=f32([[5]]), axes=[-1, 0]),
    case("transpose", V.transpose(2, 0, 1), x=V, perm=[2, 0, 1]),
    case("transpose", V.transpose(2, 1, 0), "negative", x=V, perm=[-1, 1, 0]),
    case("sliding_windows", f32([[0, 1], [1, 2], [2, 3]]), x=f32(0, 1, 2, 3), axis=0, size=2),
    case("sliding_windows", np.stack([V[:, 0:2], V[:, 1:3]], axis=1), "axis", x=V, axis=-2, size=2),
    case("sliding_windows", f32([[0, 1], [3, 4]]), "stride", x=f32(0, 1, 2, 3, 4, 5), axis=0, size=2, stride=3),
]

BLOCKS = counting(1, 8, 1, 2)
PADDED = f32([[[[1, 2, 3, 4], [5, 6, 7, 8]]], [[[9, 10, 11, 12], [13, 14, 15, 16]]]])
BATCHES = f32([[0, 1, 3], [0, 9, 11], [0, 2, 4], [0, 10, 12], [0, 5, 7], [0, 13, 15], [0, 6, 8], [0, 14, 16]])[
    :, None, None
]
# channels 0 to 7 as (row in block, column in block, C): C = 0 has channels 0, 2, 4, 6
DEPTH = f32([[[0, 4, 1, 5], [8, 12, 9, 13]], [[2, 6, 3, 7], [10, 14, 11, 15]]])[None]
# as (C, row in block, column in block): C = 0 has channels 0, 1, 2, 3
SHUFFLED = f32([[[0, 2, 1, 3], [4, 6, 5, 7]], [[8, 10, 9, 11], [12, 14, 13, 15]]])[None]
REARRANGE = [
    case("depth_to_space", DEPTH, x=BLOCKS, block_size=2),
    case("space_to_depth", BLOCKS, x=DEPTH, block_size=2),
    case("pixel_shuffle", SHUFFLED, x=BLOCKS, upscale_factor=2),
    case("pixel_unshuffle", BLOCKS, x=SHUFFLED, downscale_factor=np.uint32(2)),
    case("space_to_batch", BATCHES, x=PADDED, block_shape=[2, 2], paddings=Const(i32([[0, 0], [2, 0]]))),
    case("batch_to_space", PADDED, x=BATCHES, block_shape=[2, 2], crops=Const(i32([[0, 0], [2, 0]]))),
]

BOXES = f32([[[0, 0, 2, 2], [0.5, 0, 2, 2], [10, 10, 2, 2], [0, 0, 2, 2]]])
SCORES = f32([[[0.9, 0.1], [0.8, 0.0], [0.3, 0.2], [0.1, 0.7]]])
KEPT = f32([[[0, 0, 2, 2], [10, 10, 2, 2], [0, 0, 0, 0]]])
KEPT_SCORES = f32([[[0.9, 0.1], [0.3, 0.2], [0, 0]]])
APART = (f32([[[0, 0, 2, 2], [0, 0, 2, 2]]]), f32([[[0.9, 0.1], [0.1, 0.7]]]), i32([[0, 3]]))
SUPPRESSION = [
    # 0 and 1 share 1.5 x 2 = 3 of 5: 0.6; 0 and 3 are the same
    case(
        "non_maximum_suppression",
        (KEPT, KEPT_SCORES, i32([[0, 2, -1]]), i32([2])),
        "ios16",
        boxes=BOXES,
        scores=SCORES,
        iou_threshold=0.5,
        score_threshold=0.0,
        max_boxes=3,
        opset=16,
    ),
    case(
        "non_maximum_suppression",
        (KEPT[:, :1], KEPT_SCORES[:, :1], i32([[0]]), i32([1])),
        "score_threshold",
        boxes=BOXES,
        scores=SCORES,
        iou_threshold=0.5,
        score_threshold=0.5,
        max_boxes=1,
        opset=16,
    ),
    case(
        "non_maximum_suppression",
        (*APART, i32([2])),
        "per_class",
        boxes=BOXES,
        scores=SCORES,
        iou_threshold=0.5,
        score_threshold=0.5,
        max_boxes=2,
        per_class_suppression=True,
        opset=16,
    ),
    case(
        "non_maximum_suppression",
        (BOXES[:, [0, 3]], f32([[[0.1, 0.9], [0.8, 0.2]]]), i32([[0, 3]]), i32([2])),
        "per_class_best_is_the_last_class",
        boxes=BOXES,
        scores=f32([[[0.1, 0.9], [0.0, 0.7], [0.0, 0.1], [0.8, 0.2]]]),
        iou_threshold=0.5,
        score_threshold=0.5,
        max_boxes=2,
        per_class_suppression=True,
        opset=16,
    ),
    case(
        "non_maximum_suppression",
        (KEPT.swapaxes(1, 2), KEPT_SCORES.swapaxes(1, 2), i32([[0, 2, -1]])),
        "ios17",
        boxes=BOXES.swapaxes(1, 2).copy(),
        scores=SCORES.swapaxes(1, 2).copy(),
        iou_threshold=0.5,
        max_boxes=3,
    ),
    case(
        "non_maximum_suppression",
        (BOXES[:, :2], SCORES[:, :2], i32([[0, 1]]), i32([2])),
        "just_at_the_threshold",
        boxes=BOXES,
        scores=SCORES,
        iou_threshold=0.6,
        score_threshold=0.0,
        max_boxes=2,
        opset=16,
    ),
]

CASES = FILL + PAD + SORT + JOIN + RESHAPE + REARRANGE + SUPPRESSION
