"""What does a tensor look like with other dimensions?"""

import numpy as np

from ..arithmetic import Call
from ..registry import op
from ..values import Array

_RIGHT_ALIGNED_ZEROS = 17


@op("expand_dims")
def expand_dims(x: Array, axes: Array) -> Array:
    """`x` with a dimension of size 1 at each of `axes` of the result."""
    return np.expand_dims(x, tuple(int(axis) for axis in axes))


@op("flatten2d")
def flatten2d(x: Array, axis: Array | int = 1) -> Array:
    """`x` with the dimensions before `axis`, and those from it on, made one."""
    at = int(axis)
    before, after = x.shape[:at], x.shape[at:]
    return x.reshape(int(np.prod(before, dtype=np.int64)), int(np.prod(after, dtype=np.int64)))


@op("reshape")
def reshape(call: Call, x: Array, shape: Array) -> Array:
    """The elements of `x` in `shape`; -1 is what is left, 0 the size of the same dimension of `x`.

    Until iOS16 0 needs the same rank; from iOS17 on the dimensions are matched from the last, 0 without a match is 1.
    """
    wanted = [int(size) for size in shape]
    if 0 in wanted:
        if call.opset >= _RIGHT_ALIGNED_ZEROS:
            sizes = (1,) * max(0, len(wanted) - x.ndim) + x.shape[max(0, x.ndim - len(wanted)) :]
        elif len(wanted) == x.ndim:
            sizes = x.shape
        else:
            raise ValueError(f"shape {wanted} has a 0 but not the rank of {x.shape}")
        wanted = [size or own for size, own in zip(wanted, sizes, strict=True)]
    return x.reshape(wanted)


@op("reshape_like")
def reshape_like(
    x: Array,
    ref_tensors: tuple[Array, ...],
    begins: tuple[Array, ...],
    ends: tuple[Array, ...],
    end_masks: tuple[Array, ...],
) -> Array:
    """The elements of `x` in the sizes from `begins[i]` to `ends[i]` (the last if masked) of `ref_tensors[i]`."""
    wanted: tuple[int, ...] = ()
    for reference, begin, end, masked in zip(ref_tensors, begins, ends, end_masks, strict=True):
        wanted += reference.shape[int(begin) : None if masked else int(end)]
    return x.reshape(wanted)


@op("reverse")
def reverse(x: Array, axes: Array | None = None) -> Array:
    """`x` backwards along `axes`, all if there are none given."""
    return np.flip(x, None if axes is None else tuple(int(axis) for axis in axes))


@op("reverse_sequence")
def reverse_sequence(x: Array, lengths: Array, seq_axis: Array | int = 0, batch_axis: Array | int = 0) -> Array:
    """`x` with the first `lengths[i]` elements along `seq_axis` backwards, in the i-th slice along `batch_axis`."""
    sequence, batch = int(seq_axis) % x.ndim, int(batch_axis) % x.ndim
    if sequence == batch:
        raise ValueError(f"seq_axis and batch_axis are the same dimension {batch}")
    rows = np.moveaxis(x, batch, 0).copy()
    along = sequence + (sequence < batch)
    for row, length in zip(rows, lengths, strict=True):
        start = np.moveaxis(row, along - 1, 0)[: int(length)]
        start[...] = start[::-1].copy()
    return np.moveaxis(rows, 0, batch)


@op("squeeze")
def squeeze(x: Array, axes: Array | None = None) -> Array:
    """`x` without its dimensions of size 1, or without those of them that are in `axes`."""
    chosen = range(x.ndim) if axes is None else [int(axis) % x.ndim for axis in axes]
    return x.reshape([size for axis, size in enumerate(x.shape) if size != 1 or axis not in chosen])


@op("transpose")
def transpose(x: Array, perm: Array) -> Array:
    """`x` with its dimensions in the order `perm`."""
    return np.transpose(x, [int(axis) for axis in perm])


@op("sliding_windows")
def sliding_windows(x: Array, axis: Array, size: Array, stride: Array | int = 1) -> Array:
    """All windows of `size` elements along `axis`, `stride` apart; a new axis after it runs over the window."""
    along = int(axis) % x.ndim
    windows = np.lib.stride_tricks.sliding_window_view(x, int(size), axis=along)
    apart = windows[(slice(None),) * along + (slice(None, None, int(stride)),)]
    return np.moveaxis(apart, -1, along + 1)
