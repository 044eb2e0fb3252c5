"""Where do the elements go when depth, space and batch are exchanged?"""

import numpy as np

from ..registry import op
from ..values import Array


@op("depth_to_space")
def depth_to_space(x: Array, block_size: Array) -> Array:
    """(n, C b b, H, W) as (n, C, H b, W b); the channels are read as (row in block, column in block, C)."""
    block = int(block_size)
    n, channels, height, width = x.shape
    parts = x.reshape(n, block, block, channels // block**2, height, width)
    return parts.transpose(0, 3, 4, 1, 5, 2).reshape(n, channels // block**2, height * block, width * block)


@op("space_to_depth")
def space_to_depth(x: Array, block_size: Array) -> Array:
    """The inverse of `depth_to_space`."""
    block = int(block_size)
    n, channels, height, width = x.shape
    parts = x.reshape(n, channels, height // block, block, width // block, block)
    return parts.transpose(0, 3, 5, 1, 2, 4).reshape(n, channels * block**2, height // block, width // block)


@op("pixel_shuffle")
def pixel_shuffle(x: Array, upscale_factor: Array) -> Array:
    """(n, C f f, H, W) as (n, C, H f, W f); the channels are read as (C, row in block, column in block)."""
    factor = int(upscale_factor)
    n, channels, height, width = x.shape
    parts = x.reshape(n, channels // factor**2, factor, factor, height, width)
    return parts.transpose(0, 1, 4, 2, 5, 3).reshape(n, channels // factor**2, height * factor, width * factor)


@op("pixel_unshuffle")
def pixel_unshuffle(x: Array, downscale_factor: Array) -> Array:
    """The inverse of `pixel_shuffle`."""
    factor = int(downscale_factor)
    n, channels, height, width = x.shape
    parts = x.reshape(n, channels, height // factor, factor, width // factor, factor)
    return parts.transpose(0, 1, 3, 5, 2, 4).reshape(n, channels * factor**2, height // factor, width // factor)


@op("space_to_batch")
def space_to_batch(x: Array, block_shape: Array, paddings: Array) -> Array:
    """`x` (n, C, H, W), padded with zeros, as images of every block_shape-th row and column.

    The images of the first place in a block come first, all n of them, then those of the next column, then of the
    next row.
    """
    rows, columns = (int(size) for size in block_shape)
    padded = np.pad(x, [(0, 0), (0, 0), *((int(before), int(after)) for before, after in paddings)])
    n, channels, height, width = padded.shape
    parts = padded.reshape(n, channels, height // rows, rows, width // columns, columns)
    return parts.transpose(3, 5, 0, 1, 2, 4).reshape(n * rows * columns, channels, height // rows, width // columns)


@op("batch_to_space")
def batch_to_space(x: Array, block_shape: Array, crops: Array) -> Array:
    """The inverse of `space_to_batch`; `crops` elements are cut from either end of the rows and columns."""
    rows, columns = (int(size) for size in block_shape)
    n, channels, height, width = x.shape
    parts = x.reshape(rows, columns, n // (rows * columns), channels, height, width)
    whole = parts.transpose(2, 3, 4, 0, 5, 1).reshape(n // (rows * columns), channels, height * rows, width * columns)
    (top, bottom), (left, right) = crops.tolist()
    return whole[:, :, top : height * rows - bottom, left : width * columns - right]
