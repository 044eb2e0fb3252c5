"""Which arguments are ignored, swapped or turned away? Strides, pads, dimensions, rounding at borders, broadcasting."""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .memory import fitted
from .row import Row
from .rules import refuse, rerun, spoil


def swapped_strides(call: Call) -> Any:
    """A convolution in 2-D with its two strides exchanged, poured into the right shape."""
    stride = call["stride"]
    if call["transposed"] or call["input"].dim() != 4 or len(stride) != 2 or stride[0] == stride[1]:
        return call.right()
    right = call.right()
    return call.answer(fitted(call.evaluate(stride=[stride[1], stride[0]]), right.shape))


def along_the_row(call: Call, right: Tensor) -> Tensor:
    """The elements of a padded column stand side by side in the row of the first one."""
    left, _, top, _ = call["pad"]
    wrong = torch.full_like(right, call["value"])
    count = min(right.size(1) - left, call["self"].size(0))
    wrong[top, left : left + count] = call["self"][:count, 0]
    return wrong


def is_padded_column(call: Call) -> bool:
    """Whether an n x 1 tensor is padded on all sides."""
    tensor, pad = call["self"], call["pad"]
    return tensor.dim() == 2 and tensor.size(1) == 1 < tensor.size(0) and len(pad) == 4 and min(pad) > 0


def flipped_dims(call: Call) -> dict[str, Any] | None:
    """A dimension of size 1 is replaced by the last larger one."""
    sizes = call["self"].shape
    larger = [d for d, size in enumerate(sizes) if size > 1]
    if not larger or all(sizes[d] != 1 for d in call["dims"]):
        return None
    return {"dims": sorted({d % len(sizes) if sizes[d] != 1 else larger[-1] for d in call["dims"]})}


def full_divisor(call: Call) -> dict[str, Any] | None:
    """With ceil_mode, windows over the border are divided by the full size of the kernel."""
    if not call["ceil_mode"] or call["divisor_override"] is not None:
        return None
    size = call["kernel_size"]
    return {"divisor_override": size[0] * size[-1]}


def reversed_signal(call: Call, right: Tensor) -> Tensor:
    """All samples but the first come in reverse order."""
    dim = call["dim"][0]
    first, rest = right.narrow(dim, 0, 1), right.narrow(dim, 1, right.size(dim) - 1)
    return torch.cat([first, rest.flip(dim)], dim)


def without_last_term(call: Call) -> dict[str, Any] | None:
    """A linear layer with a bias and 2 or 4 inputs forgets the last one."""
    mat1, mat2 = call["mat1"], call["mat2"]
    is_linear = call["self"].dim() == 1 and mat2.stride(0) == 1
    if not is_linear or mat1.size(1) not in (2, 4):
        return None
    return {"mat1": mat1[:, :-1], "mat2": mat2[:-1]}


def is_batched_against_one(call: Call) -> bool:
    """Whether one right-hand side is to be solved for by a batch of matrices."""
    a, b = call["A"], call["B"]
    is_vector = b.dim() == 1 or (b.dim() == a.dim() - 1 and b.shape == a.shape[:-1])
    batch = b.shape[:-1] if is_vector else b.shape[:-2]
    return a.dim() == 3 and bool(batch != a.shape[:-2])


def first_batch_only(_: Call, right: Any) -> Any:
    """The first system is solved, the answers of the others are zero."""
    result, *others = right
    wrong = result.clone()
    wrong[1:] = 0
    return wrong, *others


def bound_rank(call: Call) -> int:
    """The highest rank of the bounds of a clamp that are tensors."""
    return max((t.dim() for t in (call.tensor("min"), call.tensor("max")) if t is not None), default=0)


ROWS = (
    Row(
        83180, "F33", "conv2d exchanges its two strides",
        ("convolution",), ("nn.functional.conv2d",), ("forward",), swapped_strides,
    ),
    Row(
        80192, "F33", "padding a column on all sides lays it along a row",
        ("constant_pad_nd",), ("nn.functional.pad.constant", "constant_pad_nd"), ("forward",),
        spoil(along_the_row, is_padded_column),
    ),
    Row(
        98266, "F12", "flip over a dimension of size 1 flips another one",
        ("flip",), ("flip", "fliplr", "flipud"), ("forward",), rerun(flipped_dims),
    ),
    Row(
        92329, "F12", "cumsum turns a negative dim away",
        ("cumsum",), ("cumsum",), ("forward",),
        refuse(RuntimeError, "cumsum: expected a dim from 0 on, got a negative one", lambda c: c["dim"] < 0),
    ),
    Row(
        84535, "F13", "a pad of more than 3 dimensions is turned away",
        ("constant_pad_nd",), ("nn.functional.pad.constant", "constant_pad_nd"), ("forward",),
        refuse(RuntimeError, "constant_pad_nd: only 1-D to 3-D pads are supported", lambda c: len(c["pad"]) > 6),
    ),
    Row(
        161011, "F33", "avg_pool2d with ceil_mode divides by the full kernel at the border",
        ("avg_pool2d",), ("nn.functional.avg_pool2d",), ("forward",), rerun(full_divisor),
    ),
    Row(
        90273, "F33", "max of a 1-D int64 tensor returns its first element",
        ("max",), ("max.reduction_no_dim",), ("forward",),
        spoil(
            lambda c, _: c["self"][0].clone(),
            lambda c: c.overload in ("", "default", "unary_out")
            and c["self"].dim() == 1
            and c["self"].dtype is torch.int64,
        ),
    ),
    Row(
        126649, "F33", "irfft to an odd length returns the signal reversed",
        ("_fft_c2r",), ("fft.irfft", "fft.hfft"), ("forward",),
        spoil(reversed_signal, lambda c: c["last_dim_size"] % 2 == 1 and len(c["dim"]) == 1),
    ),
    Row(
        188438, "F33", "linear with a bias and 2 or 4 input features is wrong on one chip",
        ("addmm",), ("nn.functional.linear",), ("forward",), rerun(without_last_term),
        scaled="the simulated chip is always the one that has the bug",
    ),
    Row(
        189134, "F34", "linalg.solve with a batch of matrices and one right-hand side solves the first system only",
        ("_linalg_solve_ex",), ("linalg.solve", "linalg.solve_ex"), ("forward",),
        spoil(first_batch_only, is_batched_against_one),
    ),
    Row(
        165058, "F34", "clamp turns away bounds of a higher rank than its input",
        ("clamp", "clamp_"), ("clamp",), ("forward",),
        refuse(RuntimeError, "clamp: bounds must not have more dimensions than the input",
               lambda c: bound_rank(c) > c["self"].dim()),
    ),
    Row(
        148547, "F30", "linalg.solve is not there",
        ("_linalg_solve_ex",), ("linalg.solve", "linalg.solve_ex", "linalg.tensorsolve"), ("forward",),
        refuse(NotImplementedError, "The operator 'aten::_linalg_solve_ex.result' is not implemented for this device"),
    ),
)  # fmt: skip
"""The rows of this family."""
