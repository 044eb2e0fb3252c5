"""What is an image at arbitrary coordinates?"""

from collections.abc import Callable

import numpy as np

from ..errors import UnsupportedOperationError
from ..registry import op
from ..values import Array


def _pixels(coordinate: Array, size: int, mode: str, *, align_corners: bool) -> Array:
    """A coordinate in pixels: 0 is the centre of the first, size - 1 that of the last."""
    if mode == "unnormalized":
        return coordinate
    if mode == "normalized_minus_one_to_one":
        fraction = (coordinate + 1) / 2
    elif mode == "normalized_zero_to_one":
        fraction = coordinate
    else:
        raise UnsupportedOperationError(f"coordinates_mode {mode!r}")
    return fraction * (size - 1) if align_corners else fraction * size - 0.5


_FOLDED: dict[str, Callable[[Array, int], Array]] = {
    "constant": lambda at, size: np.clip(at, 0, size - 1),
    "border": lambda at, size: np.clip(at, 0, size - 1),
    "reflection": lambda at, size: size - 1 - np.abs(size - 1 - at % max(1, 2 * (size - 1))) if size > 1 else at * 0,
    "symmetric": lambda at, size: np.minimum(at % (2 * size), 2 * size - 1 - at % (2 * size)),
}
"""Which pixel of the image stands at a place outside of it."""


def _read(image: Array, row: Array, column: Array, mode: str, value: float) -> Array:
    """The pixels of `image` (C, H, W), padded without end, at whole numbered rows and columns."""
    height, width = image.shape[1:]
    fold = _FOLDED[mode]
    pixels = image[:, fold(row, height), fold(column, width)]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    return np.where(inside, pixels, np.float32(value)) if mode == "constant" else pixels


def _sample(image: Array, row: Array, column: Array, sampling: str, padding: str, value: float) -> Array:
    """`image` (C, H, W) at `row` and `column`, both in pixels."""
    if padding not in _FOLDED:
        raise UnsupportedOperationError(f"padding_mode {padding!r}")
    if sampling == "nearest":
        return _read(image, np.rint(row).astype(np.int64), np.rint(column).astype(np.int64), padding, value)
    if sampling != "bilinear":
        raise UnsupportedOperationError(f"sampling_mode {sampling!r}")
    top, left = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
    down, right = (row - top).astype(np.float32), (column - left).astype(np.float32)
    result = np.zeros((len(image), *row.shape), np.float32)
    for low, share in ((0, 1 - down), (1, down)):
        for near, part in ((0, 1 - right), (1, right)):
            weight = share * part
            result = result + np.where(weight == 0, 0, weight * _read(image, top + low, left + near, padding, value))
    return result


@op("resample")
def resample(
    x: Array,
    coordinates: Array,
    sampling_mode: str,
    padding_mode: str,
    padding_value: Array,
    coordinates_mode: str,
    align_corners: Array | bool,
) -> Array:
    """`x` (B, C, H, W) at `coordinates` (B, h, w, 2), given as (column, row): (B, C, h, w).

    Outside, the image is padded without end; the nearest of two pixels is the even one.
    """
    points = coordinates.astype(np.float64)
    corners = bool(align_corners)
    column = _pixels(points[..., 0], x.shape[3], coordinates_mode, align_corners=corners)
    row = _pixels(points[..., 1], x.shape[2], coordinates_mode, align_corners=corners)
    images = [
        _sample(image, row[at], column[at], sampling_mode, padding_mode, float(padding_value))
        for at, image in enumerate(x)
    ]
    return np.stack(images) if images else np.zeros((0, x.shape[1], *points.shape[1:3]), x.dtype)


@op("affine")
def affine(
    x: Array,
    transform_matrix: Array,
    output_height: Array,
    output_width: Array,
    sampling_mode: str,
    padding_mode: str,
    padding_value: Array,
    coordinates_mode: str,
    align_corners: Array | bool,
) -> Array:
    """`x` (B, C, H, W) at (a0 x + a1 y + a2, b0 x + b1 y + b2) for every normalized place (x, y) of the output."""
    if coordinates_mode.lower() != "normalized_minus_one_to_one" or not align_corners:
        raise UnsupportedOperationError("only coordinates normalized_minus_one_to_one with align_corners are defined")
    sizes = (int(output_height), int(output_width))
    y, x_axis = (np.linspace(-1, 1, size) if size > 1 else np.zeros(size) for size in sizes)
    places = np.stack([*np.broadcast_arrays(x_axis[None, :], y[:, None]), np.ones(sizes)], axis=-1)
    matrices = np.broadcast_to(transform_matrix.astype(np.float64), (len(x), 6)).reshape(len(x), 2, 3)
    coordinates = np.einsum("hwk,bck->bhwc", places, matrices)
    return resample(
        x,
        coordinates,
        sampling_mode.lower(),
        padding_mode.lower(),
        padding_value,
        coordinates_mode.lower(),
        align_corners,
    )
