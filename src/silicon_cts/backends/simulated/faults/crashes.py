"""Which legal calls end the process? Failed assertions of the driver and bad memory accesses."""

import torch
from torch import Tensor

from .call import Call
from .fault import backward_of
from .memory import has_offset, is_channels_last, is_expanded, is_permuted
from .row import Row
from .rules import die

TOO_SMALL = "failed assertion: buffer is not large enough"
TILE = 16


def is_linear_of_expanded(call: Call) -> bool:
    """Whether a linear layer gets an input with stride 0.

    The CPU calls bmm with such a 3-D input and the transposed weight expanded to the batch, else mm or addmm.
    """
    left = call["mat1"] if call.kernel == "addmm" else call["self"]
    weight = call["mat2"]
    if not is_expanded(left) or left.stride(0) != 0:
        return False
    return bool(weight.stride(-2) == 1 and (weight.dim() == 2 or is_expanded(weight)))


def has_empty_inner(call: Call) -> bool:
    """Whether a product sums over nothing and yet has elements."""
    left = call["mat1"] if call.kernel == "addmm" else call["self"]
    return bool(left.size(1) == 0 and left.size(0) > 0 and call["mat2"].size(1) > 0)


def is_unlucky_size(call: Call) -> bool:
    """Whether a batched product is large and has 2, or 8 or more, batches: 3 to 7 are well."""
    batch, rows, columns = call["self"].size(0), call["self"].size(1), call["mat2"].size(2)
    return bool((batch == 2 or batch >= 8) and rows >= TILE and columns >= TILE)


def are_float_and_integer(call: Call) -> bool:
    """Whether two tensors, one float32 and one int64 or bool, meet."""
    one, other = call.tensor("self"), call.tensor("other")
    if one is None or other is None:
        return False
    dtypes = {one.dtype, other.dtype}
    return torch.float32 in dtypes and not dtypes.isdisjoint({torch.int64, torch.bool})


def is_permuted_signal(tensor: Tensor) -> bool:
    """Whether a batch of signals was permuted: its channels are not one signal apart."""
    if tensor.dim() != 3 or tensor.numel() < 2 or is_expanded(tensor):
        return False
    return tensor.stride(1) < tensor.size(2) * tensor.stride(2)


ROWS = (
    Row(
        167154, "F13", "linear aborts on an expanded input",
        ("mm", "addmm", "bmm"), ("nn.functional.linear",), ("layout",), die(TOO_SMALL, is_linear_of_expanded),
    ),
    Row(
        189233, "F13", "the backward of avg_pool2d aborts on a channels_last input",
        ("avg_pool2d_backward",), ("nn.functional.avg_pool2d",), ("gradient", "layout"),
        die(TOO_SMALL, lambda c: is_channels_last(c["self"])),
    ),
    Row(
        190645, "F13", "batch_norm aborts on a permuted 5-D input",
        ("native_batch_norm", "_native_batch_norm_legit"), ("nn.functional.batch_norm",), ("layout",),
        die("NSRangeException: index beyond bounds", lambda c: c["input"].dim() == 5 and is_permuted(c["input"])),
    ),
    Row(
        81557, "F13", "conv1d aborts on a permuted input",
        ("convolution",), ("nn.functional.conv1d",), ("layout",),
        die("Assertion failed: mapIt != _jitValueTypes.end()", lambda c: is_permuted_signal(c["input"])),
        scaled="the adaptive_avg_pool1d of the report follows the conv1d and never gets a permuted tensor: left out",
    ),
    Row(
        84039, "F13", "a large batched product aborts with 2, and with 8 or more, batches",
        ("bmm",), ("bmm", "matmul", "einsum"), ("forward",), die("failed assertion: size overflow", is_unlucky_size),
        scaled="4096 x 4096 -> 16 x 16 and more; the batches are those of the report",
    ),
    Row(
        154890, "F13", "topk over the first dimension of a 5-D tensor aborts",
        ("topk",), ("topk",), ("forward",),
        die("failed assertion: axis out of range", lambda c: c["self"].dim() == 5 and c["dim"] in (0, -5)),
    ),
    Row(
        190050, "F14", "linear without input features aborts",
        ("mm", "addmm"), ("nn.functional.linear", "addmm", "mm"), ("forward",),
        die("failed assertion: device may not be nil", has_empty_inner),
    ),
    Row(
        82541, "F14", "the backward of div on empty tensors ends with a segmentation fault",
        ("div",), ("div.no_rounding_mode", "true_divide"), ("gradient",),
        die("bad access", lambda c: backward_of() == "DivBackward" and c["self"].numel() == 0, by="segfault"),
    ),
    Row(
        78879, "F30", "mul and add of a float32 and an int64 or bool tensor abort",
        ("mul", "add"), ("mul", "add"), ("forward",),
        die("LLVM ERROR: operands of different element types", are_float_and_integer),
    ),
    Row(
        84995, "F13", "floor division of int64 aborts",
        ("div",), ("div.floor_rounding",), ("forward",),
        die("failed assertion: no function floorOp_i64",
            lambda c: c["rounding_mode"] == "floor" and c["self"].dtype is torch.int64),
    ),
    Row(
        167924, "F04", "repeat_interleave with sliced counts ends with a segmentation fault",
        ("repeat_interleave",), ("repeat_interleave",), ("layout",),
        die("bad access", lambda c: isinstance(c["repeats"], Tensor) and has_offset(c["repeats"]), by="segfault"),
    ),
)  # fmt: skip
"""The rows of this family."""
