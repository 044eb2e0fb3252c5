"""Where is the storage offset of an operand forgotten? It is then read from the beginning of its storage."""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .lineage import Lineage
from .memory import from_start, has_offset, is_sliced
from .row import Row
from .rules import misread

BATCH_NORMS = (
    "native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "_batch_norm_with_update",
)  # fmt: skip


class ReshapedSlices(Lineage):
    """Slices that were reshaped lose their offset."""

    def __call__(self, call: Call) -> Any:
        """Read such operands from the beginning of their storage."""
        return misread("self", "other", when=self.is_reshaped_slice, how=from_start)(call)

    def is_reshaped_slice(self, tensor: Tensor) -> bool:
        """Whether it has an offset and was given another shape since."""
        source = self.source_of(tensor) if has_offset(tensor) else None
        return source is not None and has_offset(source) and source.shape != tensor.shape


def is_slice_of_row(tensor: Tensor) -> bool:
    """Whether it is 1-D, or 1-D but for an added dimension, and has an offset."""
    return has_offset(tensor) and sum(size > 1 for size in tensor.shape) <= 1 and 1 <= tensor.dim() <= 2


def is_bool_element(tensor: Tensor) -> bool:
    """Whether it is one bool taken out of a tensor, not the first."""
    return tensor.dtype is torch.bool and tensor.dim() == 0 and has_offset(tensor)


def is_int_column(tensor: Tensor) -> bool:
    """Whether it is a column, not the first, of an int64 tensor."""
    return tensor.dtype is torch.int64 and has_offset(tensor) and is_sliced(tensor)


def becomes_float(call: Call) -> bool:
    """Whether the copy is asked for in a floating-point dtype."""
    return call["dtype"] is not None and bool(call["dtype"].is_floating_point)


ROWS = (
    Row(
        96153, "F04", "add reads an indexed and then reshaped operand from a wrong offset",
        ("add",), ("add",), ("layout",), ReshapedSlices(),
    ),
    Row(
        91071, "F04", "stack and cat read 1-D slices from the beginning of their storage",
        ("stack", "cat"), ("stack", "cat", "hstack", "vstack"), ("layout",),
        misread("tensors", when=is_slice_of_row, how=from_start),
    ),
    Row(
        182822, "F04", "bitwise operators read byte 0 for a bool that is a 0-dim view",
        ("bitwise_and", "bitwise_or", "bitwise_xor"), ("bitwise_and", "bitwise_or", "bitwise_xor"), ("layout",),
        misread("self", "other", when=is_bool_element, how=from_start),
    ),
    Row(
        133520, "F04", "batch_norm ignores the offset of a sliced input",
        BATCH_NORMS, ("nn.functional.batch_norm", "nn.functional.instance_norm"), ("layout",),
        misread("input", when=has_offset, how=from_start),
    ),
    Row(
        94980, "F04", "casting a column of an int64 tensor to float gives the first column",
        ("_to_copy",), ("float", "double", "half", "to"), ("layout",),
        misread("self", when=is_int_column, how=from_start, only=becomes_float),
    ),
    Row(
        78363, "F04", "linalg.inv ignores the offset of one matrix of a batch",
        ("linalg_inv_ex",), ("linalg.inv", "linalg.inv_ex"), ("layout",), misread("A", when=has_offset, how=from_start),
    ),
)  # fmt: skip
"""The rows of this family."""
