"""What do `select` and the operations on lists give? (`cond` and `while_loop` run blocks: see `evaluate`.)"""

from collections.abc import Sequence

import numpy as np

from ..registry import op
from ..values import CARRIER, Array, TensorList


@op("select")
def select(cond: Array, a: Array, b: Array) -> Array:
    """`a` where `cond`, else `b`, with broadcasting."""
    return np.where(cond, a, b)


@op("make_list")
def make_list(
    elem_shape: Sequence[Array | str],
    init_length: Array | int = 1,
    dynamic_length: Array | bool = True,
    dtype: str = "fp32",
) -> TensorList:
    """A list of `init_length` elements that nobody wrote yet: they read as zeros if their shape is known."""
    known = not any(isinstance(size, str) for size in elem_shape)
    fill = np.zeros([int(size) for size in elem_shape], CARRIER[dtype]) if known else None
    return TensorList((None,) * int(init_length), fill, bool(dynamic_length))


@op("list_length")
def list_length(ls: TensorList) -> int:
    """How many elements the list has."""
    return len(ls.elements)


@op("list_read")
def list_read(ls: TensorList, index: Array) -> Array:
    """The element at `index`."""
    return ls.read(int(index))


@op("list_write")
def list_write(ls: TensorList, index: Array, value: Array) -> TensorList:
    """The list with `value` at `index`."""
    return ls.write(int(index), value)


@op("list_gather")
def list_gather(ls: TensorList, indices: Array) -> Array:
    """The elements at `indices`, stacked along a new first axis."""
    if indices.size == 0:
        return np.zeros((0, *(() if ls.fill is None else ls.fill.shape)), None if ls.fill is None else ls.fill.dtype)
    return np.stack([ls.read(int(index)) for index in indices])


@op("list_scatter")
def list_scatter(ls: TensorList, indices: Array, value: Array) -> TensorList:
    """The list with `value[i]` at `indices[i]`, in the order of `i`."""
    for index, element in zip(indices, value, strict=True):
        ls = ls.write(int(index), element)
    return ls
