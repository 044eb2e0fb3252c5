"""Resizing, cropping and resampling of images."""

import numpy as np

from .. import by_hand
from ..programs import counting, f32
from .case import Const, case

PAIR = f32([[[0.0, 1.0]]])  # (1, 1, 2)
WIDE = f32([[[3.0, 7.0, 4.0]]])
TALL = f32([[[3.0], [7.0], [4.0]]])

# the points of the documentation, for two samples 0 and 1
GRID = {
    "STRICT_ALIGN_CORNERS": ([0, 0.25, 0.5, 0.75, 1], [0, 0.2, 0.4, 0.6, 0.8, 1]),
    "ALIGN_CORNERS": ([0, 0.25, 0.5, 0.75, 1], [0, 0.2, 0.4, 0.6, 0.8, 1]),
    "DEFAULT": ([0, 0.4, 0.8, 1, 1], [0, 1 / 3, 2 / 3, 1, 1, 1]),
    "OFFSET_CORNERS": ([0.1, 0.3, 0.5, 0.7, 0.9], [1 / 12, 0.25, 5 / 12, 7 / 12, 0.75, 11 / 12]),
    "UNALIGN_CORNERS": ([0, 0.1, 0.5, 0.9, 1], [0, 0, 1 / 3, 2 / 3, 1, 1]),
}
# the points for three samples when only one, or two, are wanted
FEWER = {
    "STRICT_ALIGN_CORNERS": ([0], [0, 2]),
    "ALIGN_CORNERS": ([1], [0, 2]),
    "DEFAULT": ([0], [0, 1.5]),
    "OFFSET_CORNERS": ([1], [0.5, 1.5]),
    "UNALIGN_CORNERS": ([1], [0.25, 1.75]),
}

RESIZE = [
    case(
        "resize_bilinear",
        f32([[points]]),
        f"{mode}_{len(points)}",
        x=PAIR,
        target_size_height=1,
        target_size_width=len(points),
        sampling_mode=mode,
    )
    for mode, both in GRID.items()
    for points in both
]
RESIZE += [
    case(
        "resize_bilinear",
        f32([[by_hand.interpolate([3, 7, 4], points)]]),
        f"{mode}_{len(points)}_of_3",
        x=WIDE,
        target_size_height=1,
        target_size_width=len(points),
        sampling_mode=mode,
    )
    for mode, both in FEWER.items()
    for points in both
]
RESIZE += [
    case(
        "resize_bilinear",
        f32([[[v] for v in by_hand.interpolate([3, 7, 4], [0, 1.5])]]),
        "height",
        x=TALL,
        target_size_height=2,
        target_size_width=1,
    ),
    case(
        "resize_nearest_neighbor",
        f32([[[5, 5, 6, 6, 6]]]),
        x=f32([[[5, 6]]]),
        target_size_height=1,
        target_size_width=5,
    ),
    case("resize_nearest_neighbor", f32([[[3, 4], [3, 4]]]), "both", x=WIDE, target_size_height=2, target_size_width=2),
    case("resize", f32([[[0, 0.4, 0.8, 1, 1]]]), x=PAIR, shape=[9, 1, 5], resized_dims=np.uint32(2)),
    case(
        "resize",
        f32([[[0, 0.1, 0.5, 0.9, 1]]]),
        "runtime_zero_keeps",
        x=PAIR,
        shape=np.array([0, 5], np.int32),
        resized_dims=np.uint32(2),
        sampling_mode="UNALIGN_CORNERS",
    ),
    case(
        "resize",
        f32([[[-6, -6], [9, 9], [9, 9]]]),
        "nearest",
        x=f32([[[-6], [9]]]),
        shape=[1, 3, 2],
        resized_dims=np.uint32(2),
        interpolation_mode="NEAREST_NEIGHBOR",
    ),
    case(
        "resize",
        f32([[[3, 4]]]),
        "nearest_aligned",
        x=WIDE,
        shape=[2],
        resized_dims=np.uint32(1),
        interpolation_mode="NEAREST_NEIGHBOR",
        sampling_mode="ALIGN_CORNERS",
    ),
    case("resize", PAIR, "nothing", x=PAIR, shape=[9, 9], resized_dims=np.uint32(0)),
    case("upsample_nearest_neighbor", f32([[[3, 3, 7, 7, 4, 4]]]), x=WIDE, scale_factor_height=1, scale_factor_width=2),
    case(
        "upsample_nearest_neighbor",
        f32([[[3, 3, 7, 4]]]),
        "fraction",
        x=WIDE,
        scale_factor_height=1.0,
        scale_factor_width=1.5,
    ),
    case(
        "upsample_nearest_neighbor",
        f32([[[3], [3], [7], [7], [4], [4]]]),
        "height",
        x=TALL,
        scale_factor_height=2,
        scale_factor_width=1,
    ),
    case("upsample_bilinear", f32([[[0, 0.2, 0.4, 0.6, 0.8, 1]]]), x=PAIR, scale_factor_height=1, scale_factor_width=3),
    case(
        "upsample_bilinear",
        f32([[[0, 0.1, 0.5, 0.9, 1]]]),
        "fraction",
        x=PAIR,
        scale_factor_height=1.0,
        scale_factor_width=2.6,
        align_corners=False,
    ),
    case(
        "upsample_bilinear",
        f32([[[0, 0.5, 1, 1]]]),
        "no_half_pixels",
        x=PAIR,
        scale_factor_height=1,
        scale_factor_width=2,
        align_corners=False,
        half_pixel_centers=False,
    ),
    case(
        "upsample_bilinear",
        f32([[[0, 0.25, 0.75, 1]]]),
        "half_pixels",
        x=PAIR,
        scale_factor_height=1,
        scale_factor_width=2,
        align_corners=False,
        half_pixel_centers=True,
    ),
]
RESIZE += [
    case(
        "resize_nearest_neighbor",
        np.zeros((1, 0, 2, 2), np.float32),
        "no_channels",
        x=np.zeros((1, 0, 3, 3), np.float32),
        target_size_height=2,
        target_size_width=2,
    ),
]

Q = counting(1, 1, 4, 4, start=1)
TWO = np.concatenate([Q, Q + 100])


def plane(rows, columns):
    """The values of 1 + 4 row + column at the points."""
    return f32([[[[1 + 4 * r + c for c in columns] for r in rows]]])


def roi(*boxes):
    return Const(f32(boxes).reshape(len(boxes), 1, len(boxes[0]), 1, 1))


CROP = [
    case("crop", Q[:, :, :3, 1:3], x=Q, crop_height=[0, 1], crop_width=[1, 1]),
    case(
        "crop_resize",
        plane([1, 2], [1, 2])[None],
        "aligned",
        x=Q,
        roi=roi([1, 1, 2, 2]),
        target_height=2,
        target_width=2,
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        plane([1.5], [1.5])[None],
        "aligned_1",
        x=Q,
        roi=roi([1, 1, 2, 2]),
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        plane([2, 1], [2, 1])[None],
        "inverted",
        x=Q,
        roi=roi([2, 2, 1, 1]),
        target_height=2,
        target_width=2,
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        plane([0, 1], [0, 1])[None],
        "normalized",
        x=Q,
        roi=roi([0, 0, 1 / 3, 1 / 3]),
        target_height=2,
        target_width=2,
        normalized_coordinates=True,
        sampling_mode="STRICT_ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        plane([1, 2], [0, 3])[None],
        "width_first_scaled",
        x=Q,
        roi=roi([0, 2, 6, 4]),
        target_height=2,
        target_width=2,
        spatial_scale=0.5,
        box_coordinate_mode="CORNERS_WIDTH_FIRST",
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        plane([1, 2], [0, 3])[None],
        "center_size",
        x=Q,
        roi=roi([1.5, 1.5, 1, 3]),
        target_height=2,
        target_width=2,
        box_coordinate_mode="CENTER_SIZE_HEIGHT_FIRST",
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        plane([0, 3], [1, 2])[None],
        "center_size_width_first",
        x=Q,
        roi=roi([1.5, 1.5, 1, 3]),
        target_height=2,
        target_width=2,
        box_coordinate_mode="CENTER_SIZE_WIDTH_FIRST",
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        plane([0.5, 1.5], [0.25, 0.75])[None],
        "offset",
        x=Q,
        roi=roi([0, 0, 2, 1]),
        target_height=2,
        target_width=2,
        sampling_mode="OFFSET_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        plane([0, 1.5], [0, 1])[None],
        "default",
        x=Q,
        roi=roi([0, 0, 2, 1]),
        target_height=2,
        target_width=2,
        opset=16,
    ),
    case(
        "crop_resize",
        np.stack([TWO[:, :, 1:3, 1:3], TWO[:, :, 0:2, 0:2]]),
        "all_images",
        x=TWO,
        roi=roi([1, 1, 2, 2], [0, 0, 1, 1]),
        target_height=2,
        target_width=2,
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        (TWO[1:, :, 1:3, 1:3])[None],
        "named_image",
        x=TWO,
        roi=roi([1, 1, 1, 2, 2]),
        target_height=2,
        target_width=2,
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        f32([[[[0, 1.75]], [[0, 101.75]]]]).reshape(1, 2, 1, 1, 2),
        "outside",
        x=TWO,
        roi=roi([0, -0.25, 0, 0.75]),
        target_height=1,
        target_width=2,
        sampling_mode="ALIGN_CORNERS",
        opset=16,
    ),
    case(
        "crop_resize",
        f32([3.1, 5.2, 10, 10, 10, 7.9, 10, 13.9, 2.2, 3.1, 9.4, 10.3]).reshape(3, 1, 2, 2),
        "boxes",
        x=Q,
        boxes=f32([[0.1, 0.3, 1.3, 1.0], [0.5, 1.8, 1.0, 0.3], [0.0, 0.4, 0.6, 0.7]]),
        box_indices=Const(np.zeros(3, np.int32)),
        target_height=2,
        target_width=2,
        normalized_coordinates=True,
        sampling_mode="ALIGN_CORNERS",
        pad_value=10.0,
        tolerance=1e-5,
    ),
    case(
        "crop_resize",
        TWO[:, :, 1:3, 1:3],
        "default_indices",
        x=TWO,
        boxes=f32([[1, 1, 2, 2], [1, 1, 2, 2]]),
        target_height=2,
        target_width=2,
        sampling_mode="ALIGN_CORNERS",
    ),
]

LINE = f32([[[[1, 2, 3]]]])  # one row of three pixels, read at columns -3 ... 5
PLACES = f32([[[[column, 0] for column in range(-3, 6)]]])
PADDED = {
    "constant": [9, 9, 9, 1, 2, 3, 9, 9, 9],
    "border": [1, 1, 1, 1, 2, 3, 3, 3, 3],
    "reflection": [2, 3, 2, 1, 2, 3, 2, 1, 2],
    "symmetric": [3, 2, 1, 1, 2, 3, 3, 2, 1],
}


def resample(
    label,
    expected,
    points,
    x=LINE,
    sampling="bilinear",
    padding="constant",
    value=9.0,
    mode="unnormalized",
    corners=True,
    **given,
):
    return case(
        "resample",
        expected,
        label,
        x=x,
        coordinates=points,
        sampling_mode=sampling,
        padding_mode=padding,
        padding_value=value,
        coordinates_mode=mode,
        align_corners=corners,
        tolerance=1e-5,
        **given,
    )


RESAMPLE = [
    resample(f"{name}_{how}", f32([[[row]]]), PLACES, sampling=how, padding=name)
    for name, row in PADDED.items()
    for how in ("bilinear", "nearest")
]
RESAMPLE += [
    resample(
        "between", f32([[[[1.25, 2.5, 0.75, 1.5]]]]), f32([[[[0.25, 0], [1.5, 0], [-0.25, 0], [2.5, 0]]]]), value=0.0
    ),
    resample("nearest_between", f32([[[[1, 3, 3]]]]), f32([[[[0.4, 0], [1.6, 0.2], [2.4, 0]]]]), sampling="nearest"),
    resample(
        "minus_one_to_one",
        f32([[[[1, 2, 3]]]]),
        f32([[[[-1, -1], [0, 0], [1, 1]]]]),
        mode="normalized_minus_one_to_one",
    ),
    resample("zero_to_one", f32([[[[1, 2, 3]]]]), f32([[[[0, 0], [0.5, 0], [1, 0]]]]), mode="normalized_zero_to_one"),
    # edges of pixels instead of centres: the first centre lies at 1/6 of the width, -2/3 of the range from -1 to 1
    resample(
        "minus_one_to_one_edges",
        f32([[[[1, 2, 3]]]]),
        f32([[[[-2 / 3, 0], [0, 0], [2 / 3, 0]]]]),
        mode="normalized_minus_one_to_one",
        corners=False,
    ),
    resample(
        "zero_to_one_edges",
        f32([[[[1, 2, 3]]]]),
        f32([[[[1 / 6, 0.5], [0.5, 0.5], [5 / 6, 0.5]]]]),
        mode="normalized_zero_to_one",
        corners=False,
    ),
    resample("column_then_row", plane([2], [1]), f32([[[[1, 2]]]]), x=Q),
    resample("both", plane([1.5], [0.25]), f32([[[[0.25, 1.5]]]]), x=Q),
    resample("images", np.stack([Q[0, :, :1, :1], Q[0, :, 1:2, 1:2] + 100]), f32([[[[0, 0]]], [[[1, 1]]]]), x=TWO),
    resample("int8", plane([2], [1]), np.array([[[[1, 2]]]], np.int8), x=Q),
    resample("nan_outside_is_not_read", f32([[[[1.0]]]]), f32([[[[0, 0]]]]), x=f32([[[[1, np.nan]]]])),
]


def affine(label, expected, matrix, height, width, x=Q):
    return case(
        "affine",
        expected,
        label,
        x=x,
        transform_matrix=f32(matrix),
        output_height=height,
        output_width=width,
        sampling_mode="bilinear",
        padding_mode="constant",
        padding_value=0.0,
        coordinates_mode="normalized_minus_one_to_one",
        align_corners=True,
        tolerance=1e-5,
    )


AFFINE = [
    affine("identity", Q, [[1, 0, 0, 0, 1, 0]], 4, 4),
    affine("smaller", plane([0, 3], [0, 1.5, 3]), [[1, 0, 0, 0, 1, 0]], 2, 3),
    affine("half", plane([0.75, 2.25], [0.75, 2.25]), [[0.5, 0, 0, 0, 0.5, 0]], 2, 2),
    affine("mirrored", Q[..., ::-1], [[-1, 0, 0, 0, 1, 0]], 4, 4),
    affine("transposed", Q.swapaxes(2, 3), [[0, 1, 0, 1, 0, 0]], 4, 4),
    affine(
        "moved_out", f32([[[[4, 0, 0, 0], [8, 0, 0, 0], [12, 0, 0, 0], [16, 0, 0, 0]]]]), [[1, 0, 2, 0, 1, 0]], 4, 4
    ),
    affine(
        "one_for_each", np.concatenate([Q, Q[..., ::-1] + 100]), [[1, 0, 0, 0, 1, 0], [-1, 0, 0, 0, 1, 0]], 4, 4, x=TWO
    ),
]

CASES = RESIZE + CROP + RESAMPLE + AFFINE
