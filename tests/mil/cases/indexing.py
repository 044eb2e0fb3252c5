"""Gathers, scatters and slices."""

import math

import numpy as np

from ..programs import counting, f32, i32
from .case import case

D = counting(2, 3, 4)
LOWEST = -(2**31)

GATHER = [
    case("gather", D[[1, 0, 1]], x=D, indices=i32(1, 0, 1)),
    case("gather", D[:, :, [3, 0]], "axis_negative", x=D, indices=i32(3, 0), axis=-1),
    case("gather", D[:, 2], "scalar", x=D, indices=i32(2), axis=1),
    case("gather", f32(6.0), "to_a_scalar", x=D[0, 1], indices=i32(2)),
    case("gather", D[:, [[0, 2], [1, 1]]], "matrix", x=D, indices=i32([[0, 2], [1, 1]]), axis=1),
    case(
        "gather",
        np.stack([D[0][:, [1, 0]], D[1][:, [3, 3]]]),
        "batch_dims",
        x=D,
        indices=i32([[1, 0], [3, 3]]),
        axis=2,
        batch_dims=1,
    ),
    case("gather", D[:, [2, 0]], "negative_ios16", x=D, indices=i32(-1, -3), axis=1, opset=16),
    case("gather", f32(math.nan, 6, math.nan), "undefined_is_nan", x=D[0, 1], indices=i32(-1, 2, 4)),
    case("gather", i32(LOWEST, 6), "undefined_int", x=D[0, 1].astype(np.int32), indices=i32(9, 2)),
    case(
        "gather", np.array([7, 5], np.int8), "int8", x=np.array([5, 6, 7], np.int8), indices=np.array([2, 0], np.uint8)
    ),
    case("gather", np.zeros((0, 4), np.float32), "no_indices", x=D[0], indices=np.zeros(0, np.int32)),
    case("gather_along_axis", f32([[0, 5, 10, 3], [4, 1, 6, 11]]), x=D[0], indices=i32([[0, 1, 2, 0], [1, 0, 1, 2]])),
    case(
        "gather_along_axis",
        f32([[3, 0], [5, 5], [8, 11]]),
        "axis",
        x=D[0],
        indices=i32([[3, 0], [1, 1], [0, 3]]),
        axis=-1,
    ),
    case(
        "gather_along_axis",
        f32([[3], [4], [11]]),
        "negative_ios16",
        x=D[0],
        indices=i32([[-1], [-4], [3]]),
        axis=1,
        opset=16,
    ),
    case("gather_nd", f32(6, 23), x=D, indices=i32([[0, 1, 2], [1, 2, 3]])),
    case("gather_nd", D[[1, 0], [0, 2]], "slices", x=D, indices=i32([[1, 0], [0, 2]])),
    case(
        "gather_nd",
        np.stack([D[0, [2, 0]], D[1, [1, 1]]]),
        "batch_dims",
        x=D,
        indices=i32([[[2], [0]], [[1], [1]]]),
        batch_dims=1,
    ),
    case("gather_nd", f32([math.nan] * 4), "undefined_is_nan", x=D, indices=i32(0, 3)),
]

T = f32([[1, 2, 3], [4, 5, 6]])
U = f32([[5, 6, 7], [8, 9, 10]])
MODES = {
    "add": [[9, 11, 13], [9, 11, 13]],
    "sub": [[-7, -7, -7], [-1, -1, -1]],
    "mul": [[8, 18, 30], [20, 30, 42]],
    "div": [[1 / 8, 2 / 9, 0.3], [0.8, 5 / 6, 6 / 7]],
    "max": [[8, 9, 10], [5, 6, 7]],
    "min": [[1, 2, 3], [4, 5, 6]],
    "update": [[8, 9, 10], [5, 6, 7]],
}

SCATTER = [
    *(
        case("scatter", f32(result), mode, data=T, indices=i32(1, 0), updates=U, axis=0, mode=mode)
        for mode, result in MODES.items()
    ),
    *(
        case("scatter_nd", f32(result), mode, data=T, indices=i32([[1], [0]]), updates=U, mode=mode)
        for mode, result in MODES.items()
    ),
    *(
        case(
            "scatter_along_axis",
            f32(result),
            mode,
            data=T,
            indices=i32([[1, 1, 1], [0, 0, 0]]),
            updates=U,
            axis=0,
            mode=mode,
        )
        for mode, result in MODES.items()
    ),
    case("scatter", f32(MODES["add"]), "default_mode_of_the_builder", data=T, indices=i32(1, 0), updates=U),
    case(
        "scatter",
        f32([[1, 2, 33], [4, 5, 66]]),
        "axis",
        data=T,
        indices=i32([2]),
        updates=f32([[30], [60]]),
        axis=-1,
        mode="add",
    ),
    case(
        "scatter",
        f32([[11, 2, 3], [24, 5, 6]]),
        "repeated_add",
        data=T,
        indices=i32(0, 0),
        updates=f32([[4, 6], [10, 10]]),
        axis=1,
        mode="add",
    ),
    case(
        "scatter",
        f32([[6, 2, 3], [10, 5, 6]]),
        "repeated_update_last_wins",
        data=T,
        indices=i32(0, 0),
        updates=f32([[4, 6], [9, 10]]),
        axis=1,
        mode="update",
    ),
    case(
        "scatter",
        f32([[1, 2, 3], [5, 6, 7]]),
        "negative_ios16",
        data=T,
        indices=i32([-1]),
        updates=U[:1],
        mode="update",
        opset=16,
    ),
    case("scatter", T, "undefined_is_dropped", data=T, indices=i32(-1, 2), updates=U, mode="update"),
    case("scatter", i32(2, 20), "int_div", data=i32(5, 20), indices=i32([0]), updates=i32([2]), mode="div"),
    case(
        "scatter_nd",
        f32([[1, 12, 3], [4, 5, 26]]),
        "elements",
        data=T,
        indices=i32([[0, 1], [1, 2], [0, 1]]),
        updates=f32(4, 20, 6),
        mode="add",
    ),
    case(
        "scatter_along_axis",
        f32([[1, 2, 18], [4, 25, 6]]),
        "repeated",
        data=T,
        indices=i32([[2, 2], [1, 1]]),
        updates=f32([[5, 10], [9, 11]]),
        axis=1,
        mode="add",
    ),
    case(
        "scatter_along_axis",
        f32([[9, 2, 3], [4, 5, 7]]),
        "update_axis_negative",
        data=T,
        indices=i32([[0], [2]]),
        updates=f32([[9], [7]]),
        axis=-1,
        mode="update",
    ),
]

SLICE = [
    case("slice_by_index", D[0:2:1, 1:3, 0:4:2], x=D, begin=[0, 1, 0], end=[2, 3, 4], stride=[1, 1, 2]),
    case("slice_by_index", D[:, -2:, :-1], "negative", x=D, begin=[0, -2, 0], end=[2, 3, -1]),
    case(
        "slice_by_index",
        D[:, ::-1, 1:],
        "masks",
        x=D,
        begin=[9, 9, 1],
        end=[9, 9, 9],
        stride=[1, -1, 1],
        begin_mask=[True, True, False],
        end_mask=[True, True, True],
    ),
    case(
        "slice_by_index",
        D[:, ::-2],
        "backwards",
        x=D,
        begin=[0, 2, 0],
        end=[2, 0, 4],
        stride=[1, -2, 1],
        end_mask=[False, True, False],
    ),
    case(
        "slice_by_index", D[1, :, -1], "squeeze", x=D, begin=[1, 0, -1], end=[0, 3, 0], squeeze_mask=[True, False, True]
    ),
    case(
        "slice_by_index", f32(23.0), "to_a_scalar", x=D, begin=[1, 2, 3], end=[0, 0, 0], squeeze_mask=[True, True, True]
    ),
    case("slice_by_index", np.zeros((0, 3, 4), np.float32), "empty", x=D, begin=[1, 0, 0], end=[1, 3, 4]),
    case("slice_by_index", D[0:1, 0:2], "runtime", x=D[0], begin=i32(0, 0), end=i32(1, 2)),
    case("slice_by_index", np.array([True]), "bool", x=np.array([False, True]), begin=[1], end=[2]),
    case("slice_by_size", D[:, 1:3, 2:3], x=D, begin=[0, 1, 2], size=[2, 2, 1]),
    case("slice_by_size", D[1:, :, 2:], "rest", x=D, begin=[1, 0, 2], size=[-1, 3, -1]),
    case("slice_by_size", D[0, :0], "nothing", x=D[0], begin=[1, 0], size=[0, 4]),
    case(
        "slice_update",
        f32([[0, 9, 2, 8], [4, 5, 6, 7], [8, 7, 10, 6]]),
        x=D[0],
        update=f32([[9, 8], [7, 6]]),
        begin=[0, 1],
        end=[3, 4],
        stride=[2, 2],
    ),
    case(
        "slice_update",
        f32([[0, 1, 2, 3], [1, 2, 3, 4], [8, 9, 10, 11]]),
        "squeeze",
        x=D[0],
        update=f32(1, 2, 3, 4),
        begin=[1, 0],
        end=[0, 4],
        squeeze_mask=[True, False],
    ),
    case(
        "slice_update",
        f32([[3, 2], [0, 0]]),
        "masks",
        x=np.zeros((2, 2), np.float32),
        update=f32([[2, 3]]),
        begin=[0, 7],
        end=[1, 7],
        stride=[1, -1],
        begin_mask=[False, True],
        end_mask=[False, True],
    ),
]
SLICE[7] = case("slice_by_index", D[0, 0:1, 0:2], "runtime", x=D[0], begin=i32(0, 0), end=i32(1, 2))

CASES = GATHER + SCATTER + SLICE
