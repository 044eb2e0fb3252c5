"""Which values break a formula? NaN, infinities, wide logits, tiny variances, and tensors without elements."""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .fault import Watcher
from .row import Row
from .rules import spoil

TINY_VARIANCE = 1e-6
STALE = 4575657222465388544
"""The count of nonzero elements that the report shows for an empty mask: 1.0 in float32, twice, read as int64."""


def without_nan(call: Call, _: Tensor) -> Tensor:
    """The larger or smaller of two numbers, a NaN swallowed."""
    swallow = torch.fmax if call.kernel == "maximum" else torch.fmin
    return swallow(call["self"], call["other"])


def floor_of_quotient(call: Call, right: Tensor) -> Tensor:
    """floor(x / y) where an operand is infinite."""
    one, other = (torch.as_tensor(call[name]) for name in ("self", "other"))
    naive = torch.div(one, other).floor().to(right.dtype)
    return torch.where(one.isinf() | other.isinf(), naive, right)


def log_of_softmax(call: Call, right: Tensor) -> Tensor:
    """log(softmax(x)): minus infinity where the softmax is 0."""
    vanished = torch.softmax(call["self"], call["dim"]) == 0
    return right.masked_fill(vanished, -torch.inf)


def without_variance(call: Call, right: Any) -> Any:
    """Rows with a tiny variance are scaled as if they had none."""
    output, *others = right
    rank = len(call["normalized_shape"])
    dims = tuple(range(-rank, 0))
    x = call["input"].double()
    variance = x.var(dims, correction=0, keepdim=True)
    scaled = (x - x.mean(dims, keepdim=True)) * call["eps"] ** -0.5
    for name, operation in (("weight", torch.mul), ("bias", torch.add)):
        parameter = call.tensor(name)
        scaled = scaled if parameter is None else operation(scaled, parameter.double())
    return torch.where(variance < TINY_VARIANCE, scaled.to(output.dtype), output), *others


def reduces_nothing(call: Call) -> bool:
    """Whether a reduced dimension has no elements."""
    shape, dims = call["self"].shape, call["dim"]
    reduced = [shape[d] for d in dims] if dims else list(shape)
    return 0 in reduced


class StaleCount(Watcher):
    """Counting in an empty tensor returns what earlier work left in memory."""

    watches = frozenset({"*"})

    def __init__(self) -> None:
        self._worked = False

    def watch(self, call: Call) -> Any:
        """See that there is work before."""
        self._worked = True
        return call.right()

    def __call__(self, call: Call) -> Any:
        """Count, unless the tensor is empty and there was work before."""
        right = call.right()
        stale = self._worked and call["self"].numel() == 0
        self._worked = True
        return call.answer(torch.full_like(right, STALE)) if stale else right


ROWS = (
    Row(
        143976, "F18", "maximum and minimum swallow NaN",
        ("maximum", "minimum"), ("maximum", "minimum", "max.binary", "min.binary"), ("special_values",),
        spoil(without_nan),
    ),
    Row(
        189243, "F18", "floor division with infinite operands is floor(x / y)",
        ("div",), ("div.floor_rounding",), ("special_values",),
        spoil(floor_of_quotient, lambda c: c["rounding_mode"] == "floor" and c["self"].is_floating_point()),
    ),
    Row(
        94043, "F17", "log_softmax of wide logits is minus infinity",
        ("_log_softmax",), ("log_softmax",), ("special_values",), spoil(log_of_softmax),
    ),
    Row(
        190491, "F17", "layer_norm takes a variance below 1e-6 for 0",
        ("native_layer_norm",), ("nn.functional.layer_norm", "native_layer_norm"), ("special_values",),
        spoil(without_variance),
    ),
    Row(
        144245, "F18", "linear interpolation of one element with align_corners is NaN",
        ("upsample_linear1d",), ("nn.functional.interpolate.linear",), ("forward",),
        spoil(
            lambda _, r: torch.full_like(r, torch.nan),
            lambda c: c["align_corners"] and c["self"].size(-1) == 1,
        ),
    ),
    Row(
        184510, "F14", "var and std over a dimension without elements are 0, not NaN",
        ("var", "std"), ("var", "std", "var.unbiased", "std.unbiased"), ("forward",),
        spoil(lambda _, r: torch.zeros_like(r), reduces_nothing),
    ),
    Row(
        139400, "F14", "count_nonzero of an empty tensor returns stale memory after earlier work",
        ("count_nonzero",), ("count_nonzero",), ("forward",), StaleCount(),
    ),
)  # fmt: skip
"""The rows of this family."""
