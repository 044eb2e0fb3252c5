"""What does a gather give?"""

import numpy as np

from ..arithmetic import Call
from ..registry import op
from ..values import Array
from .indices import resolve, resolve_along, resolve_tuples


@op("gather")
def gather(
    call: Call,
    x: Array,
    indices: Array,
    axis: Array | int = 0,
    batch_dims: Array | int = 0,
    validate_indices: Array | bool = False,
) -> Array:
    """The slices of `x` at `indices` along `axis`, the first `batch_dims` dimensions paired one to one."""
    along, batch = int(axis) % x.ndim, int(batch_dims)
    rows = resolve(call, indices, x.shape[along], validate=bool(validate_indices))
    if batch == 0:
        return np.moveaxis(
            rows.take(np.moveaxis(x, along, 0)), tuple(range(indices.ndim)), _places(along, indices.ndim)
        )
    lead = x.shape[:batch]
    inner = [gather(call, x[at], indices[at], along - batch, 0, validate_indices) for at in np.ndindex(*lead)]
    shape = x.shape[:along] + indices.shape[batch:] + x.shape[along + 1 :]
    return np.stack(inner).reshape(shape) if inner else np.zeros(shape, x.dtype)


def _places(start: int, number: int) -> tuple[int, ...]:
    return tuple(range(start, start + number))


@op("gather_along_axis")
def gather_along_axis(
    call: Call, x: Array, indices: Array, axis: Array | int = 0, validate_indices: Array | bool = False
) -> Array:
    """For every place of `indices` the element of `x` at that place, but at the index along `axis`."""
    rows = resolve_along(call, indices, x.shape, int(axis) % x.ndim, validate=bool(validate_indices))
    return rows.take(x.reshape(-1))


@op("gather_nd")
def gather_nd(
    call: Call, x: Array, indices: Array, batch_dims: Array | int = 0, validate_indices: Array | bool = False
) -> Array:
    """The slices of `x` at the vectors along the last axis of `indices`, the first `batch_dims` dimensions paired."""
    batch, depth = int(batch_dims), indices.shape[-1]
    lead, named = x.shape[:batch], x.shape[batch : batch + depth]
    rows = resolve_tuples(call, indices, named, validate=bool(validate_indices))
    if batch:
        block = np.arange(int(np.prod(lead))).reshape(*lead, *[1] * (indices.ndim - 1 - batch))
        rows = type(rows)(rows.number + block * int(np.prod(named)), rows.inside)
    count = int(np.prod(lead + named, dtype=np.int64))
    return rows.take(x.reshape(count, *x.shape[batch + depth :]))
