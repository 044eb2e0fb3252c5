"""What is left of a tensor when some of its dimensions are folded?"""

from collections.abc import Callable

import numpy as np

from ..arithmetic import Call, half_fold
from ..registry import op
from ..values import Array

Axes = tuple[int, ...] | None
Reduction = Callable[[Call, Array, Axes, bool], Array]


def _log_sum_exp(call: Call, x: Array, axes: Axes, keepdims: bool) -> Array:
    largest = np.max(x, axis=axes, keepdims=True)
    finite = np.where(np.isfinite(largest), largest, 0)
    total = np.log(call.sum(np.exp(x - finite), axes, keepdims=True)) + finite
    return total if keepdims else np.squeeze(total, axis=axes)


def _product(call: Call, x: Array, axes: Axes, keepdims: bool) -> Array:
    if call.half_sums:
        return half_fold(np.multiply, x, axes, keepdims=keepdims)
    return np.asarray(np.prod(x, axis=axes, keepdims=keepdims))


_REDUCTIONS: dict[str, Reduction] = {
    "reduce_l1_norm": lambda call, x, axes, keep: call.sum(np.abs(x), axes, keepdims=keep),
    "reduce_l2_norm": lambda call, x, axes, keep: np.sqrt(call.sum(np.square(x), axes, keepdims=keep)),
    "reduce_log_sum": lambda call, x, axes, keep: np.log(call.sum(x, axes, keepdims=keep)),
    "reduce_log_sum_exp": _log_sum_exp,
    "reduce_max": lambda _, x, axes, keep: np.max(x, axis=axes, keepdims=keep),
    "reduce_mean": lambda call, x, axes, keep: call.mean(x, axes, keepdims=keep),
    "reduce_min": lambda _, x, axes, keep: np.min(x, axis=axes, keepdims=keep),
    "reduce_prod": _product,
    "reduce_sum": lambda call, x, axes, keep: call.sum(x, axes, keepdims=keep),
    "reduce_sum_square": lambda call, x, axes, keep: call.sum(np.square(x), axes, keepdims=keep),
}


def _register(name: str, reduction: Reduction) -> None:
    @op(name)
    def reduce(call: Call, x: Array, axes: Array | None = None, keep_dims: Array | bool = False) -> Array:
        over = None if axes is None else tuple(int(axis) for axis in axes)
        wide = x if x.dtype.kind == "f" else x.astype(np.int64)
        return reduction(call, wide, over, bool(keep_dims))


for _name, _reduction in _REDUCTIONS.items():
    _register(_name, _reduction)


@op("reduce_argmax")
def reduce_argmax(
    x: Array,
    axis: Array | int = -1,
    keep_dims: Array | bool = False,
    output_dtype: str = "int32",  # noqa: ARG001  the declared type of the result says the same
) -> Array:
    """Where the largest element along `axis` is; the first of equals, though the documentation leaves that open."""
    return np.asarray(np.argmax(x, axis=int(axis), keepdims=bool(keep_dims)))


@op("reduce_argmin")
def reduce_argmin(
    x: Array,
    axis: Array | int = -1,
    keep_dims: Array | bool = False,
    output_dtype: str = "int32",  # noqa: ARG001  the declared type of the result says the same
) -> Array:
    """Where the smallest element along `axis` is; the first of equals, though the documentation leaves that open."""
    return np.asarray(np.argmin(x, axis=int(axis), keepdims=bool(keep_dims)))
