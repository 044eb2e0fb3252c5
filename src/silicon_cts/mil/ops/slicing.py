"""Which part of a tensor does a slice name?"""

import numpy as np

from ..registry import op
from ..values import Array


def slices(
    rank: int,
    begin: Array,
    end: Array,
    stride: Array | None,
    begin_mask: Array | None,
    end_mask: Array | None,
    squeeze_mask: Array | None,
) -> tuple[slice | int, ...]:
    """The numpy index of begin:end:stride; a masked begin or end is open, a squeezed dimension is one index."""
    steps = np.ones(rank, np.int64) if stride is None else stride
    open_begin, open_end, single = (
        np.zeros(rank, bool) if mask is None else mask for mask in (begin_mask, end_mask, squeeze_mask)
    )
    chosen: list[slice | int] = []
    for axis in range(rank):
        if single[axis]:
            chosen.append(0 if open_begin[axis] else int(begin[axis]))
        else:
            first = None if open_begin[axis] else int(begin[axis])
            last = None if open_end[axis] else int(end[axis])
            chosen.append(slice(first, last, int(steps[axis])))
    return tuple(chosen)


@op("slice_by_index")
def slice_by_index(
    x: Array,
    begin: Array,
    end: Array,
    stride: Array | None = None,
    begin_mask: Array | None = None,
    end_mask: Array | None = None,
    squeeze_mask: Array | None = None,
) -> Array:
    """The part begin:end:stride of `x`, as numpy understands it."""
    return np.asarray(x[slices(x.ndim, begin, end, stride, begin_mask, end_mask, squeeze_mask)])


@op("slice_by_size")
def slice_by_size(x: Array, begin: Array, size: Array) -> Array:
    """`size` elements of `x` from `begin` on, -1 for all that are left; a negative begin counts from the end."""
    chosen = []
    for length, first, number in zip(x.shape, begin, size, strict=True):
        start = int(first) + (length if first < 0 else 0)
        stop = length if number == -1 else start + int(number)
        if not 0 <= start <= stop <= length:
            raise IndexError(f"{int(number)} elements from {int(first)} on are outside of a dimension of size {length}")
        chosen.append(slice(start, stop))
    return x[tuple(chosen)]


@op("slice_update")
def slice_update(
    x: Array,
    update: Array,
    begin: Array,
    end: Array,
    stride: Array | None = None,
    begin_mask: Array | None = None,
    end_mask: Array | None = None,
    squeeze_mask: Array | None = None,
) -> Array:
    """`x` with `update` in place of its part begin:end:stride."""
    updated = x.copy()
    where = slices(x.ndim, begin, end, stride, begin_mask, end_mask, squeeze_mask)
    if updated[where].shape != update.shape:
        raise ValueError(f"the slice has shape {updated[where].shape}, the update {update.shape}")
    updated[where] = update
    return updated
