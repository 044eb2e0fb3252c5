"""What does a scatter give? Updates of the same place are applied one after the other."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arithmetic import Call
from ..errors import UnsupportedOperationError
from ..registry import op
from ..values import Array
from .indices import Rows, resolve, resolve_along, resolve_tuples

_COMBINE: dict[str, Callable[..., Any]] = {
    "add": np.add.at,
    "sub": np.subtract.at,
    "mul": np.multiply.at,
    "max": np.maximum.at,
    "min": np.minimum.at,
}


def _combine(data: Array, rows: Rows, updates: Array, mode: str) -> Array:
    """`data`, a matrix of rows, with every row that `rows` names combined with its update."""
    where, given = rows.number[rows.inside], updates[rows.inside]
    result = data.copy()
    if mode == "update":
        result[where] = given  # numpy leaves the last of several values behind
    elif mode == "div":
        result = result.astype(np.float64) if data.dtype.kind in "iu" else result
        np.true_divide.at(result, where, given)
    elif mode in _COMBINE:
        _COMBINE[mode](result, where, given)
    else:
        raise UnsupportedOperationError(f"mode {mode!r}")
    return result


@op("scatter")
def scatter(
    call: Call,
    data: Array,
    indices: Array,
    updates: Array,
    axis: Array | int = 0,
    mode: str = "add",
    validate_indices: Array | bool = False,
) -> Array:
    """`data` with the slices at `indices` along `axis` combined with the slices of `updates`."""
    along = int(axis) % data.ndim
    rows = resolve(call, indices, data.shape[along], validate=bool(validate_indices))
    moved = np.moveaxis(updates, tuple(range(along, along + indices.ndim)), tuple(range(indices.ndim)))
    return np.moveaxis(_combine(np.moveaxis(data, along, 0), rows, moved, mode), 0, along)


@op("scatter_along_axis")
def scatter_along_axis(
    call: Call,
    data: Array,
    indices: Array,
    updates: Array,
    axis: Array | int = 0,
    mode: str = "add",
    validate_indices: Array | bool = False,
) -> Array:
    """`data` with, for every place of `indices`, the element at that index along `axis` combined with the update."""
    rows = resolve_along(call, indices, data.shape, int(axis) % data.ndim, validate=bool(validate_indices))
    return _combine(data.reshape(-1), rows, updates, mode).reshape(data.shape)


@op("scatter_nd")
def scatter_nd(
    call: Call, data: Array, indices: Array, updates: Array, mode: str = "add", validate_indices: Array | bool = False
) -> Array:
    """`data` with the slices at the vectors along the last axis of `indices` combined with the slices of `updates`."""
    depth = indices.shape[-1]
    rows = resolve_tuples(call, indices, data.shape[:depth], validate=bool(validate_indices))
    count = int(np.prod(data.shape[:depth], dtype=np.int64))
    flat = data.reshape(count, *data.shape[depth:])
    return _combine(flat, rows, updates, mode).reshape(data.shape)
