"""What do the operations give that fill, count, sort, join or split tensors?"""

import numpy as np

from ..arithmetic import Call, round_to_half
from ..errors import UnsupportedOperationError
from ..registry import op
from ..values import Array


@op("band_part")
def band_part(x: Array, lower: Array | int = -1, upper: Array | int = -1) -> Array:
    """`x` with zeros outside a band of `lower` and `upper` diagonals of its last two dimensions; all if negative."""
    below = np.arange(x.shape[-2])[:, None] - np.arange(x.shape[-1])
    inside = ((int(lower) < 0) | (below <= int(lower))) & ((int(upper) < 0) | (-below <= int(upper)))
    return np.where(inside, x, np.zeros((), x.dtype))


@op("cumsum")
def cumsum(
    call: Call, x: Array, axis: Array | int = 0, exclusive: Array | bool = False, reverse: Array | bool = False
) -> Array:
    """The sums of `x` up to every element along `axis` (without it if exclusive), from the end if reverse."""
    rows = np.moveaxis(x, int(axis), 0)
    rows = rows[::-1] if reverse else rows
    if call.half_sums:
        sums = np.zeros_like(rows)
        for at, row in enumerate(rows):
            sums[at] = round_to_half(row + sums[at - 1]) if at else row
    else:
        sums = np.cumsum(rows, axis=0, dtype=rows.dtype)
    if exclusive:
        sums = np.concatenate([np.zeros_like(sums[:1]), sums[:-1]])
    return np.moveaxis(sums[::-1] if reverse else sums, 0, int(axis))


@op("fill")
def fill(shape: Array, value: Array | float = 0.0) -> Array:
    """A tensor of `shape` full of `value`."""
    return np.full([int(size) for size in shape], value)


@op("fill_like")
def fill_like(ref_tensor: Array, value: Array | float = 0.0) -> Array:
    """A tensor of the shape of `ref_tensor` full of `value`."""
    return np.full(ref_tensor.shape, value)


@op("non_zero")
def non_zero(x: Array) -> Array:
    """The indices of the elements that are not zero, one row each."""
    return np.argwhere(x)


@op("one_hot")
def one_hot(
    indices: Array,
    one_hot_vector_size: Array,
    axis: Array | int = -1,
    on_value: Array | float = 1,
    off_value: Array | float = 0,
) -> Array:
    """`on_value` where the new axis is at the index, else `off_value`; an index outside is nowhere."""
    rank = indices.ndim + 1
    place = int(axis) % rank
    places = np.arange(int(one_hot_vector_size)).reshape([-1 if other == place else 1 for other in range(rank)])
    return np.where(np.expand_dims(indices, place) == places, on_value, off_value)


@op("pad")
def pad(x: Array, pad: Array, mode: str = "constant", constant_val: Array | float = 0.0) -> Array:
    """`x` with `pad[2i]` and `pad[2i + 1]` elements before and after the i-th of its last dimensions.

    They are `constant_val`, the elements mirrored at the first and last (reflect), or these themselves (replicate).
    """
    pairs = [(int(before), int(after)) for before, after in pad.reshape(-1, 2)]
    pairs = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    if mode == "constant":
        return np.pad(x, pairs, constant_values=np.asarray(constant_val, x.dtype).item())
    if mode not in ("reflect", "replicate"):
        raise UnsupportedOperationError(f"mode {mode!r}")
    for size, pair in zip(x.shape, pairs, strict=True):
        limit = size - 1 if mode == "reflect" else size
        if max(pair) > limit:
            raise ValueError(f"mode {mode!r} pads a dimension of size {size} by at most {limit}, not {max(pair)}")
    return np.pad(x, pairs, mode="edge") if mode == "replicate" else np.pad(x, pairs, mode="reflect")


@op("range_1d")
def range_1d(end: Array, start: Array, step: Array) -> Array:
    """start, start + step, start + 2 step ... up to `end`, without it."""
    if step == 0:
        raise ValueError("step must not be 0")
    number = np.ceil((end.astype(np.float64) - start.astype(np.float64)) / step.astype(np.float64))
    return np.asarray(start + np.arange(max(0, int(number))).astype(start.dtype) * step)


@op("tile")
def tile(x: Array, reps: Array) -> Array:
    """`x` repeated `reps[i]` times along dimension i."""
    return np.tile(x, tuple(int(times) for times in reps))


def _order(x: Array, axis: int, *, ascending: bool) -> Array:
    """The indices that sort `x` along `axis`; equal elements stay in their order, NaN counts as the largest."""
    if ascending:
        return np.argsort(x, axis=axis, kind="stable")
    backwards = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return np.flip(x.shape[axis] - 1 - backwards, axis)


@op("argsort")
def argsort(x: Array, axis: Array | int = -1, ascending: Array | bool = False) -> Array:
    """The indices that sort `x` along `axis`, the largest first unless ascending."""
    return _order(x, int(axis), ascending=bool(ascending))


@op("topk")
def topk(
    x: Array,
    k: Array | int = 1,
    axis: Array | int = -1,
    ascending: Array | bool = False,
    sort: Array | bool = True,  # noqa: ARG001  unsorted means in any order, so in this one, too
    return_indices: Array | bool = True,
    output_indices_dtype: str = "int32",  # noqa: ARG001  the declared type of the result says the same
) -> Array | tuple[Array, Array]:
    """The `k` largest (smallest if ascending) elements along `axis`, all if k is -1, and where they are."""
    along = int(axis)
    number = x.shape[along] if int(k) == -1 else int(k)
    if number > x.shape[along]:
        raise ValueError(f"k is {number}, the dimension has {x.shape[along]} elements")
    order = np.take(_order(x, along, ascending=bool(ascending)), range(number), axis=along)
    values = np.take_along_axis(x, order, along)
    return (values, order) if return_indices else values


@op("shape")
def shape(x: Array) -> Array:
    """The sizes of the dimensions of `x`."""
    return np.array(x.shape, np.int32)


@op("concat")
def concat(values: tuple[Array, ...], axis: Array, interleave: Array | bool = False) -> Array:
    """The tensors one after the other along `axis`, or taking turns if interleaved; scalars become a vector."""
    if values[0].ndim == 0:
        return np.stack(values)
    along = int(axis) % values[0].ndim
    if not interleave:
        return np.concatenate(values, axis=along)
    stacked = np.stack(values, axis=along + 1)
    return stacked.reshape(*values[0].shape[:along], -1, *values[0].shape[along + 1 :])


@op("split")
def split(
    x: Array, axis: Array, num_splits: Array | None = None, split_sizes: Array | None = None
) -> tuple[Array, ...]:
    """The parts of `x` along `axis`, of `split_sizes` elements each or `num_splits` equal ones."""
    along = int(axis)
    if split_sizes is None:
        if num_splits is None:
            raise ValueError("needs num_splits or split_sizes")
        return tuple(np.split(x, int(num_splits), along))
    if int(np.sum(split_sizes)) != x.shape[along]:
        raise ValueError(
            f"split_sizes add up to {int(np.sum(split_sizes))}, the dimension has {x.shape[along]} elements"
        )
    return tuple(np.split(x, np.cumsum(split_sizes)[:-1], along))


@op("stack")
def stack(values: tuple[Array, ...], axis: Array) -> Array:
    """The tensors one after the other along a new axis."""
    return np.stack(values, int(axis))


@op("identity")
def identity(x: Array) -> Array:
    """`x` itself."""
    return x
