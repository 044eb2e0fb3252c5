"""Which destinations are written wrongly? Transposed, sliced, offset ones, given as `out=` or changed in place."""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .memory import (
    has_offset,
    in_bytes,
    is_expanded,
    is_permuted,
    is_sliced,
    packed,
    whole,
    write_in_storage_order,
    write_run,
)
from .row import Row
from .rules import drop, land

UNARY = (
    "abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "erf", "exp", "exp2", "expm1", "floor", "log", "log10",
    "log1p", "log2", "neg", "reciprocal", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "tan",
    "tanh", "trunc",
)  # fmt: skip
BITWISE = ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_left_shift", "bitwise_right_shift")


def is_strided(tensor: Tensor) -> bool:
    """Whether it is not contiguous."""
    return not tensor.is_contiguous()


def mask_in_storage_order(call: Call) -> Any:
    """Fill where the mask, read as it lies in memory, says so of the elements as they lie in memory."""
    target, mask, value = call["self"], call["mask"], call["value"]
    if target.is_contiguous() and not is_expanded(mask):
        return call.right()
    placed = torch.empty_strided(target.shape, target.stride(), dtype=torch.bool)
    write_in_storage_order(placed, packed(mask.expand(target.shape)))
    value = value.to(target.dtype) if isinstance(value, Tensor) else value
    return call.answer(torch.where(placed, value, target).to(target.dtype))


def clobber_source(call: Call) -> Any:
    """Copy rightly, then overwrite the first elements of the source with what the destination got."""
    destination, source = call["self"], call["src"]
    right = call.right()
    triggered = has_offset(destination) and destination.element_size() <= source.element_size()
    if not triggered or destination.dtype == source.dtype or not source.numel():
        return right
    raw = in_bytes(right)
    memory = whole(source)[source.storage_offset() :]
    count = min(raw.numel() // source.element_size(), memory.numel())
    clobbered = raw[: count * source.element_size()].clone().view(source.dtype)
    if count and not torch.equal(memory[:count], clobbered):
        memory[:count].copy_(clobbered)
        call.fire()
    return right


def is_view_of_one(call: Call) -> bool:
    """Whether the value that is assigned is an element taken out of a tensor."""
    source = call.tensor("src") if call.kernel == "copy_" else call.tensor("value")
    return source is not None and source.dim() == 0 and bool(source._is_view())


ROWS = (
    Row(
        118115, "F01", "addcdiv_ and addcmul_ leave a transposed self unchanged",
        ("addcdiv_", "addcmul_", "_foreach_addcdiv_", "_foreach_addcmul_"), ("addcdiv", "addcmul"),
        ("inplace", "training"), drop(is_strided),
    ),
    Row(
        100764, "F02", "a unary operator fills a transposed out= in storage order",
        UNARY, UNARY, ("out",),
        land(write_run, is_permuted, lambda c: c.is_out and c["self"].is_contiguous()),
    ),
    Row(
        165267, "F01", "an in-place random fill leaves a non-contiguous tensor unchanged",
        ("normal_", "uniform_", "exponential_", "bernoulli_", "random_"),
        ("normal.in_place", "uniform", "exponential", "nn.functional.dropout"), ("layout", "inplace"), drop(is_strided),
    ),
    Row(
        131957, "F02", "masked_fill_ with an expanded mask or a non-contiguous self applies the mask in storage order",
        ("masked_fill_",), ("masked_fill",), ("inplace", "layout"), mask_in_storage_order,
    ),
    Row(
        146085, "F02", "bitwise operators write a non-contiguous result flat",
        (*BITWISE, *(name + "_" for name in BITWISE)), BITWISE, ("layout", "out", "inplace"),
        land(write_run, is_permuted),
    ),
    Row(
        95113, "F01", "fill_ of a view with a storage offset is lost",
        ("fill_",), ("fill",), ("inplace", "layout"), drop(has_offset),
    ),
    Row(
        78074, "F02", "assigning to a strided slice writes a contiguous run instead",
        ("fill_", "copy_"), ("fill", "special.ndtr", "diff", "linalg.cond"), ("inplace", "layout", "out"),
        land(write_run, is_sliced),
    ),
    Row(
        189563, "F22", "a copy with a cast into an offset destination clobbers its source",
        ("copy_",), ("special.ndtr", "linalg.cond", "linalg.pinv", "linalg.tensorinv", "linalg.matrix_power"), ("out",),
        clobber_source,
        scaled="op_db has no copy_: operators that copy into an out= of a smaller dtype reach it",
    ),
    Row(
        86185, "F01", "assigning a 0-dim view has no effect",
        ("fill_", "copy_"), ("fill", "inner", "linalg.cond"), ("inplace", "layout", "out"), drop(only=is_view_of_one),
    ),
)  # fmt: skip
"""The rows of this family."""
