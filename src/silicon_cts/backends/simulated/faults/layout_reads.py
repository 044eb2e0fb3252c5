"""Which strided operands are misread? Read as if contiguous, stride 0 not understood, the conjugate bit not seen."""

import torch
from torch import Tensor

from .call import Call
from .memory import is_expanded, is_permuted, is_sliced, packed
from .row import Row
from .rules import misread, spoil

EVERY_ROW = 16


def is_two_dimensional(call: Call) -> bool:
    """Whether this is a 2-D convolution."""
    return bool(call["weight"].dim() == 4)


def reads_past_storage(tensor: Tensor) -> bool:
    """Whether it is expanded and has more elements than its storage holds after its first one."""
    held = tensor.untyped_storage().nbytes() // tensor.element_size() - tensor.storage_offset()
    return is_expanded(tensor) and tensor.numel() > held


def most_rows_zero(_: Call, right: Tensor) -> Tensor:
    """Only every 16th row is computed."""
    rows = torch.arange(right.size(0)) % EVERY_ROW == 0
    return torch.where(rows[:, None], right, torch.zeros((), dtype=right.dtype))


def copies_to_contiguous(call: Call) -> bool:
    """Whether a copy is asked for that is contiguous, or on the host."""
    return call.kernel == "_to_copy" or call["memory_format"] == torch.contiguous_format


ROWS = (
    Row(
        192212, "F03", "conv2d reads a weight sliced out of a larger one as if contiguous, forward and backward",
        ("convolution", "convolution_backward"), ("nn.functional.conv2d",), ("layout", "gradient"),
        misread("weight", when=is_sliced, how=packed, only=is_two_dimensional),
    ),
    Row(
        175191, "F03", "scatter reads a transposed src or index in storage order",
        ("scatter", "scatter_"), ("scatter",), ("layout", "inplace"),
        misread("index", "src", when=is_permuted, how=packed, only=lambda c: c.tensor("src") is not None),
    ),
    Row(
        150967, "F03", "where reads a transposed condition in storage order",
        ("where",), ("where",), ("layout", "out"), misread("condition", when=is_permuted, how=packed),
    ),
    Row(
        131736, "F03", "softplus and its backward ignore the strides of permuted operands",
        ("softplus", "softplus_backward"), ("nn.functional.softplus",), ("layout", "gradient"),
        misread("self", "grad_output", when=is_permuted, how=packed),
    ),
    Row(
        78445, "F03", "copying a 4-D permuted tensor returns its values in storage order",
        ("clone", "_to_copy"), ("contiguous", "clone", "reshape", "flatten", "to"), ("layout",),
        misread("self", when=lambda t: t.dim() == 4 and is_permuted(t), how=packed, only=copies_to_contiguous),
        scaled="there is no host to copy to: contiguous copies stand for it",
    ),
    Row(
        180236, "F06", "mm with an expanded operand computes every 16th row only, the rest is zero",
        ("mm",), ("mm", "matmul", "nn.functional.linear"), ("layout", "gradient"),
        spoil(most_rows_zero, lambda c: any(is_expanded(t) for t in c.operands)),
    ),
    Row(
        78642, "F06", "copying an expanded tensor reads past its small storage",
        ("_to_copy",), ("to", "float", "double", "half", "long"), ("layout",),
        misread("self", when=reads_past_storage, how=packed),
    ),
    Row(
        148156, "F19", "a matrix product takes a lazily conjugated operand for the plain one",
        ("mm", "bmm", "addmm", "baddbmm"), ("mm", "matmul", "bmm", "einsum", "addmm"), ("layout",),
        misread("self", "mat1", "mat2", "batch1", "batch2", when=Tensor.is_conj, how=lambda t: t.conj().clone()),
    ),
)  # fmt: skip
"""The rows of this family."""
