"""With which precision is a result computed and kept?"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from .values import CARRIER, STORAGE, Array


class Mode(StrEnum):
    """How float16 is treated.

    AS_WRITTEN: every tensor has its declared type; float16 results are computed in float32 and rounded once.
    FLOAT16_ACCUMULATE: in addition, the sums inside of a float16 operation are float16, one term after the other.
    FLOAT32: float16 is treated as float32, nothing is rounded.
    """

    AS_WRITTEN = "as_written"
    FLOAT16_ACCUMULATE = "float16_accumulate"
    FLOAT32 = "float32"

    @property
    def rounds(self) -> bool:
        """Whether float16 tensors are held on the float16 grid."""
        return self is not Mode.FLOAT32


_SMALL = 4096
_ROUND_TO_EVEN_LIMIT = 2.0**63


def round_to_half(value: Array) -> Array:
    """The float32 array `value` with every element moved to the nearest float16, ties to even, overflow to infinity."""
    if value.size <= _SMALL:
        return value.astype(np.float16).astype(np.float32)
    import torch

    narrowed: Array = torch.from_numpy(np.ascontiguousarray(value)).half().float().numpy()
    return narrowed


def settle(value: Any, name: str, mode: Mode) -> Array:
    """`value` in the carrier of the MIL type `name`.

    To float16 is rounded as `mode` says. From float to integer is cut towards zero, saturates at the limits of the
    type, and takes NaN as 0, as Apple silicon does. From a wider to a narrower integer wraps around.
    """
    array = np.asarray(value)
    carrier = CARRIER[name]
    if array.dtype.kind == "f" and np.dtype(carrier).kind in "iu":
        return _saturate(array, np.dtype(carrier))
    settled = array.astype(carrier, copy=False)
    return round_to_half(settled) if name == "fp16" and mode.rounds else settled


def stored(value: Array, name: str, mode: Mode) -> Array:
    """`value`, a carrier, as a caller sees it: float16 for `fp16` unless `mode` treats it as float32."""
    return value if name == "fp16" and not mode.rounds else value.astype(STORAGE[name], copy=False)


def _saturate(value: Array, target: np.dtype[Any]) -> Array:
    limits = np.iinfo(target)
    cut = np.trunc(
        np.nan_to_num(value.astype(np.float64), nan=0.0, posinf=_ROUND_TO_EVEN_LIMIT, neginf=-_ROUND_TO_EVEN_LIMIT)
    )
    inside = (cut >= float(limits.min)) & (cut <= float(limits.max))
    exact = np.where(inside, cut, 0.0).astype(target)
    return np.where(inside, exact, np.where(cut < 0, limits.min, limits.max)).astype(target)


@dataclass(frozen=True)
class Call:
    """What an implementation may know of the operation it computes, besides its inputs.

    Attributes:
        operation: the MIL operation.
        opset: the first opset (13 to 18 for iOS13 to iOS18) that has this version of it.
        outputs: the names of the MIL types of its outputs.
        mode: the mode of the evaluation.
    """

    operation: Any
    opset: int
    outputs: tuple[str, ...]
    mode: Mode

    @property
    def half_sums(self) -> bool:
        """Whether the sums inside of this operation are float16."""
        return self.mode is Mode.FLOAT16_ACCUMULATE and self.outputs[:1] == ("fp16",)

    def sum(self, x: Array, axes: tuple[int, ...] | None = None, *, keepdims: bool = False) -> Array:
        """The sum of `x` over `axes` (all if None)."""
        if self.half_sums:
            return half_fold(np.add, x, axes, keepdims=keepdims)
        total: Array = np.asarray(np.sum(x, axis=axes, keepdims=keepdims))
        return total

    def mean(self, x: Array, axes: tuple[int, ...] | None = None, *, keepdims: bool = False) -> Array:
        """The mean of `x` over `axes` (all if None)."""
        total = self.sum(x, axes, keepdims=keepdims)
        count = x.size if axes is None else int(np.prod([x.shape[axis] for axis in axes], dtype=np.int64))
        return total / np.float32(count)


def half_fold(
    operator: Callable[[Array, Array], Array], x: Array, axes: tuple[int, ...] | None, *, keepdims: bool
) -> Array:
    """Fold `x` over `axes` with a float16 accumulator: one term after the other, rounded after each."""
    rank = x.ndim
    folded = tuple(range(rank)) if axes is None else tuple(axis % rank for axis in axes)
    kept = tuple(axis for axis in range(rank) if axis not in folded)
    rows = np.transpose(x, (*folded, *kept)).reshape(-1, *(x.shape[axis] for axis in kept))
    result = round_to_half(np.asarray(rows[0] if len(rows) else np.zeros(rows.shape[1:], np.float32)))
    for row in rows[1:]:
        result = round_to_half(np.asarray(operator(result, row)))
    shape = [1 if axis in folded else x.shape[axis] for axis in range(rank)]
    return result.reshape(shape) if keepdims else result
