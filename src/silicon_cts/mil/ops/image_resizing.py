"""What does a resized, cropped or upsampled image look like? (`affine` and `resample`: see `resampling`.)"""

import numpy as np

from ..errors import UnsupportedOperationError
from ..registry import op
from ..values import Array
from . import sampling


def _resized(x: Array, sizes: tuple[int, ...], mode: str, *, nearest: bool = False) -> Array:
    """`x` with its last dimensions resized to `sizes`."""
    interpolate = sampling.nearest if nearest else sampling.linear
    for axis, size in zip(range(-len(sizes), 0), sizes, strict=True):
        x = interpolate(x, sampling.grid(mode, size, 0.0, float(x.shape[axis] - 1)), axis)
    return x


def _scaled_sizes(x: Array, *factors: Array | float) -> tuple[int, ...]:
    return tuple(
        int(np.floor(np.float32(factor) * np.float32(size)))
        for factor, size in zip(factors, x.shape[-len(factors) :], strict=True)
    )


@op("upsample_nearest_neighbor")
def upsample_nearest_neighbor(
    x: Array, scale_factor_height: Array | float = 1, scale_factor_width: Array | float = 1
) -> Array:
    """`x` with its last two dimensions scaled; every new element is that of the sample it lies in.

    By the factor or by the sizes, which are rounded: the documentation does not say. Unsupported where that matters.
    """
    factors = (float(scale_factor_height), float(scale_factor_width))
    sizes = _scaled_sizes(x, *factors)
    for axis, factor, size in zip((-2, -1), factors, sizes, strict=True):
        own = x.shape[axis]
        by_factor = np.minimum(np.floor(np.arange(size) / factor).astype(np.int64), own - 1)
        if not np.array_equal(by_factor, np.arange(size) * own // max(size, 1)):
            raise UnsupportedOperationError(
                f"{own} elements scaled by {factor:g} to {size}: the documentation does not say which are taken"
            )
        x = np.take(x, by_factor, axis)
    return x


@op("upsample_bilinear")
def upsample_bilinear(
    x: Array,
    scale_factor_height: Array | float = 1,
    scale_factor_width: Array | float = 1,
    align_corners: Array | bool = True,
    half_pixel_centers: Array | bool | None = None,
) -> Array:
    """`x` with its last two dimensions scaled, linear in between."""
    halves = not align_corners if half_pixel_centers is None else bool(half_pixel_centers)
    if align_corners and halves:
        raise UnsupportedOperationError("align_corners and half_pixel_centers exclude each other")
    mode = "STRICT_ALIGN_CORNERS" if align_corners else "UNALIGN_CORNERS" if halves else "DEFAULT"
    return _resized(x, _scaled_sizes(x, scale_factor_height, scale_factor_width), mode)


@op("resize_nearest_neighbor")
def resize_nearest_neighbor(x: Array, target_size_height: Array, target_size_width: Array) -> Array:
    """`x` with its last two dimensions resized; every new element is the sample nearest to a point of mode DEFAULT."""
    return _resized(x, (int(target_size_height), int(target_size_width)), "DEFAULT", nearest=True)


@op("resize_bilinear")
def resize_bilinear(
    x: Array, target_size_height: Array | int = 1, target_size_width: Array | int = 1, sampling_mode: str = "DEFAULT"
) -> Array:
    """`x` with its last two dimensions resized, linear in between."""
    return _resized(x, (int(target_size_height), int(target_size_width)), sampling_mode)


@op("resize")
def resize(
    x: Array, shape: Array, resized_dims: Array, interpolation_mode: str = "LINEAR", sampling_mode: str = "DEFAULT"
) -> Array:
    """`x` with its last `resized_dims` dimensions resized to the last sizes in `shape`; 0 keeps the size."""
    number = int(resized_dims)
    if number == 0:
        return x
    if interpolation_mode not in ("LINEAR", "NEAREST_NEIGHBOR"):
        raise UnsupportedOperationError(f"interpolation_mode {interpolation_mode!r}")
    wanted = zip(shape[-number:], x.shape[-number:], strict=True)
    sizes = tuple(int(size) or own for size, own in wanted)
    return _resized(x, sizes, sampling_mode, nearest=interpolation_mode == "NEAREST_NEIGHBOR")


@op("crop")
def crop(x: Array, crop_height: Array, crop_width: Array) -> Array:
    """`x` without the first and the last elements of its last two dimensions."""
    (top, bottom), (left, right) = crop_height.reshape(-1).tolist(), crop_width.reshape(-1).tolist()
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


@op("crop_resize")
def crop_resize(
    x: Array,
    roi: Array | None = None,
    boxes: Array | None = None,
    box_indices: Array | None = None,
    target_height: Array | int = 1,
    target_width: Array | int = 1,
    normalized_coordinates: Array | bool = False,
    spatial_scale: Array | float = 1.0,
    box_coordinate_mode: str = "CORNERS_HEIGHT_FIRST",
    sampling_mode: str = "DEFAULT",
    pad_value: Array | float = 0.0,
) -> Array:
    """Boxes of `x` (B, C, H, W), each resized to the target size, `pad_value` outside of the image.

    Until iOS16 `roi` is (N, 1, 4, 1, 1), for (N, B, C, h, w), or (N, 1, 5, 1, 1) with the image first, for
    (N, 1, C, h, w). From iOS17 on `boxes` is (N, 4), with the image in `box_indices`, for (N, C, h, w).
    """
    whole = roi if boxes is None else boxes
    if whole is None:
        raise ValueError("needs roi or boxes")
    table = whole.reshape(len(whole), -1).astype(np.float64)
    if box_indices is not None:
        images = [[int(image)] for image in box_indices]
    elif boxes is not None:
        images = [[image] for image in range(len(table))]
    else:
        images = [list(range(len(x))) if len(row) == 4 else [int(row[0])] for row in table]
    sizes = (int(target_height), int(target_width))
    extent = np.array([x.shape[2] - 1, x.shape[3] - 1]) if normalized_coordinates else np.ones(2)
    crops = [
        _crop(
            x[chosen],
            _corners(row[-4:], box_coordinate_mode) * extent * float(spatial_scale),
            sizes,
            sampling_mode,
            pad_value,
        )
        for chosen, row in zip(images, table, strict=True)
    ]
    number = len(x) if roi is not None and table.shape[1] == 4 else 1
    stacked = np.stack(crops) if crops else np.zeros((0, number, x.shape[1], *sizes), x.dtype)
    return stacked if boxes is None else stacked[:, 0]


def _corners(box: Array, mode: str) -> Array:
    """The first and the last corner of a box, each as (row, column)."""
    first, second = box[:2], box[2:]
    if mode.endswith("WIDTH_FIRST"):
        first, second = first[::-1], second[::-1]
    if mode.startswith("CENTER_SIZE"):
        first, second = first - second / 2, first + second / 2
    return np.stack([first, second])


def _crop(images: Array, corners: Array, sizes: tuple[int, ...], mode: str, pad_value: Array | float) -> Array:
    """The part of `images` (B, C, H, W) between the corners, resized to `sizes`, `pad_value` outside of the image."""
    outside = np.zeros(sizes, bool)
    for axis, size in enumerate(sizes):
        points = sampling.grid(mode, size, float(corners[0, axis]), float(corners[1, axis]))
        beyond = (points < 0) | (points > images.shape[axis + 2] - 1)
        outside |= np.expand_dims(beyond, 1 - axis)
        images = sampling.linear(images, points, axis + 2)
    return np.where(outside, np.float32(pad_value), images)
