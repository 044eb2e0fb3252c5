"""In which form does a value travel from one operation to the next?

A tensor is a numpy array in the *carrier* of its MIL type: the numpy type of the same name, but float32 for `fp16`.
The numbers in such an array lie on the float16 grid (unless the mode says otherwise), so that every operation can
compute in float32 and no result has to be widened twice. Types below one byte are carried in int8 or uint8.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

STORAGE: dict[str, type[np.generic]] = {
    "bool": np.bool_,
    "int4": np.int8,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "uint1": np.uint8,
    "uint2": np.uint8,
    "uint3": np.uint8,
    "uint4": np.uint8,
    "uint6": np.uint8,
    "uint8": np.uint8,
    "uint16": np.uint16,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "fp16": np.float16,
    "fp32": np.float32,
    "fp64": np.float64,
}
"""The numpy type in which a caller sees a tensor of a MIL type."""

CARRIER: dict[str, type[np.generic]] = {**STORAGE, "fp16": np.float32}
"""The numpy type in which an operation sees it."""


@dataclass(frozen=True)
class TensorList:
    """A MIL list: tensors of one shape; `fill` stands for an element that was never written, None if unknown."""

    elements: tuple[Array | None, ...]
    fill: Array | None
    dynamic: bool

    def read(self, index: int) -> Array:
        """The element at `index`; IndexError outside the list, LookupError if it was never written."""
        if not 0 <= index < len(self.elements):
            raise IndexError(f"list index {index} is outside [0, {len(self.elements)})")
        element = self.elements[index]
        if element is None:
            element = self.fill
        if element is None:
            raise LookupError(f"list element {index} was never written and its shape is not known")
        return element

    def write(self, index: int, element: Array) -> "TensorList":
        """The list with `element` at `index`, grown if it is dynamic; IndexError outside a list of fixed length."""
        if index < 0 or (index >= len(self.elements) and not self.dynamic):
            raise IndexError(f"list index {index} is outside [0, {len(self.elements)})")
        grown = list(self.elements) + [None] * (index + 1 - len(self.elements))
        grown[index] = element
        return TensorList(tuple(grown), self.fill, self.dynamic)


def declared_type(var: Any) -> str:
    """The name of the MIL type of the elements of `var`, such as "fp16"; "" for a list."""
    from coremltools.converters.mil.mil import types

    return "" if types.is_list(var.sym_type) else str(types.builtin_to_string(var.dtype))


def declared_shape(var: Any) -> tuple[int | None, ...] | None:
    """The shape that the program declares for `var`, None for a dimension known at run time only; None if no tensor."""
    from coremltools.converters.mil.mil import types

    if types.is_scalar(var.sym_type):
        return ()
    if not types.is_tensor(var.sym_type):
        return None
    shape = var.sym_type.get_shape()
    if any(str(size).startswith("*") for size in shape):
        return None
    return tuple(_known(size) for size in shape)


def _known(size: Any) -> int | None:
    try:
        known = int(size)
    except TypeError:
        return None
    return known if known >= 0 else None
