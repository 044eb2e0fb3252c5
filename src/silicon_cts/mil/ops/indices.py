"""Which elements do the indices of a gather or a scatter name, and what if there is none?

Until iOS16 a negative index counts from the end and any other index outside is an error. From iOS17 on every index
outside is an error if the operation validates its indices, else undefined: a gather then gives NaN (the least integer
for integers), which nobody can mistake for a right answer, and a scatter drops the update.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arithmetic import Call
from ..values import Array

_STRICT_OPSET = 17


@dataclass(frozen=True)
class Rows:
    """Which row of a tensor, seen as a matrix, every index names; `inside` is False where none does."""

    number: Array
    inside: Array

    def take(self, rows: Array) -> Array:
        """The named rows of `rows`, the undefined value where there is none."""
        if len(rows) == 0:
            return np.full((*self.number.shape, *rows.shape[1:]), _undefined(rows.dtype), rows.dtype)
        taken = np.asarray(np.take(rows, np.where(self.inside, self.number, 0), axis=0))
        if not self.inside.all():
            taken[~self.inside] = _undefined(rows.dtype)
        return taken


def resolve(call: Call, indices: Array, size: int, *, validate: bool) -> Rows:
    """The rows of a dimension of `size` elements that `indices` name; IndexError for one outside that is an error."""
    number = indices.astype(np.int64)
    if call.opset < _STRICT_OPSET:
        number = np.where(number < 0, number + size, number)
    inside = (number >= 0) & (number < size)
    if (validate or call.opset < _STRICT_OPSET) and not inside.all():
        raise IndexError(f"index {indices[~inside].flat[0]} is outside of a dimension of size {size}")
    return Rows(number, inside)


def resolve_tuples(call: Call, indices: Array, shape: tuple[int, ...], *, validate: bool) -> Rows:
    """The rows of the leading dimensions `shape` that the vectors along the last axis of `indices` name."""
    number = np.zeros(indices.shape[:-1], np.int64)
    inside = np.ones(indices.shape[:-1], bool)
    for axis, size in enumerate(shape):
        rows = resolve(call, indices[..., axis], size, validate=validate)
        number = number * size + rows.number
        inside &= rows.inside
    return Rows(number, inside)


def resolve_along(call: Call, indices: Array, shape: tuple[int, ...], axis: int, *, validate: bool) -> Rows:
    """The elements of a tensor of `shape` that `indices`, of the same rank, name along `axis` at their own place."""
    grid: list[Array] = [np.broadcast_to(at, indices.shape) for at in np.ogrid[tuple(map(slice, indices.shape))]]
    rows = resolve(call, indices, shape[axis], validate=validate)
    number = np.zeros(indices.shape, np.int64)
    for other, size in enumerate(shape):
        number = number * size + (rows.number if other == axis else grid[other])
    return Rows(number, rows.inside)


def _undefined(dtype: np.dtype[Any]) -> float | int:
    if dtype.kind == "f":
        return float("nan")
    return int(np.iinfo(dtype).min) if dtype.kind in "iu" else 0
