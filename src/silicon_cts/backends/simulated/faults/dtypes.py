"""Where are numbers of one type computed, narrowed or read as another?"""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .memory import garbage, in_bytes
from .row import Row
from .rules import rerun, spoil

INTEGERS = (torch.int32, torch.int64)


def through_float32(call: Call, right: Tensor) -> Tensor:
    """The remainder of two integers, computed in float32."""
    one, other = (torch.as_tensor(call[name]).to(torch.float32) for name in ("self", "other"))
    kernel = torch.remainder if call.kernel.startswith("remainder") else torch.fmod
    return kernel(one, other).to(right.dtype)


def are_integers(call: Call) -> bool:
    """Whether both operands are integers and neither is bool."""
    return all(torch.as_tensor(call[name]).dtype in INTEGERS for name in ("self", "other"))


def float32_steps(call: Call, _: Tensor) -> Tensor:
    """The steps from one integer to another, laid out in float32."""
    start, end = (float(call[name]) for name in ("start", "end"))
    return torch.linspace(start, end, call["steps"], dtype=torch.float32).to(torch.int64)


def is_large_int64_range(call: Call) -> bool:
    """Whether int64 steps are asked for beyond what float32 holds exactly."""
    dtype = call["out"].dtype if call.is_out else call["dtype"]
    return dtype is torch.int64 and max(abs(float(call["start"])), abs(float(call["end"]))) > 2**24


def wrapped_to_int32(value: Any) -> Any:
    """An int64 value as it is after being stored in 32 bits."""
    return (value + 2**31) % 2**32 - 2**31


def added_in_int32(call: Call, _: Tensor) -> Tensor:
    """A sum of two int64 operands, computed in 32 bits."""
    other = wrapped_to_int32(call["other"]) * call.get("alpha", 1)
    return torch.as_tensor(wrapped_to_int32(wrapped_to_int32(call["self"]) + other))


def are_int64(call: Call) -> bool:
    """Whether the first operand is an int64 tensor, and the second too or a Python integer."""
    return all(torch.as_tensor(call[name]).dtype is torch.int64 for name in ("self", "other"))


def summed_in_int8(call: Call, right: Tensor) -> Tensor:
    """The running count of a mask, held in 8 bits."""
    counted: Tensor = call["self"].to(torch.int8).cumsum(call["dim"], dtype=torch.int8)
    return counted.to(right.dtype)


def saturated(call: Call, _: Tensor) -> Tensor:
    """A sum that stops at the limits of uint8."""
    total: Tensor = call.evaluate(dtype=torch.int64)
    return total.clamp(0, 255).to(torch.uint8)


def negatives_to_zero(call: Call, right: Tensor) -> Tensor:
    """A cast to uint8 that stops at 0."""
    source = call["src"] if call.kernel == "copy_" else call["self"]
    return torch.where(source < 0, torch.zeros((), dtype=torch.uint8), right)


def is_float_to_uint8(call: Call) -> bool:
    """Whether more than one float is cast to uint8."""
    source, dtype = (call["src"], call["self"].dtype) if call.kernel == "copy_" else (call["self"], call["dtype"])
    count = call["self"].numel()
    return bool(source.is_floating_point() and dtype is torch.uint8 and count > 1)


def bools_as_int32(call: Call) -> dict[str, Any] | None:
    """Bool operands that meet integers are read four bytes at a time."""
    one, other = call["self"], call["other"]
    bools = [isinstance(t, Tensor) and t.dtype is torch.bool for t in (one, other)]
    whole = [isinstance(t, int) or (isinstance(t, Tensor) and t.dtype is torch.int64) for t in (one, other)]
    if not (any(bools) and any(w and not b for w, b in zip(whole, bools, strict=True))):
        return None
    return {n: _as_int32(t) for n, t, b in zip(("self", "other"), (one, other), bools, strict=True) if b}


def _as_int32(mask: Tensor) -> Tensor:
    memory = torch.cat([in_bytes(mask), garbage((3 * mask.numel(),), torch.uint8)])
    return memory.view(torch.int32).to(torch.int64).reshape(mask.shape)


def interleaved_zeros(call: Call, right: Tensor) -> Tensor:
    """The first half of the absolute values of real and imaginary parts, the latter taken for zero."""
    real = torch.view_as_real(call["self"].resolve_conj().contiguous())[..., 0].abs().reshape(-1)
    pairs = torch.stack([real, torch.zeros_like(real)], -1).reshape(-1)
    return pairs[: right.numel()].reshape(right.shape)


def reinterpreted_weight(call: Call) -> dict[str, Any] | None:
    """The bytes of a weight of another dtype are read in the dtype of the input."""
    weight, dtype = call.tensor("weight"), call["input"].dtype
    if weight is None or weight.dtype == dtype or weight.element_size() < dtype.itemsize:
        return None
    seen = in_bytes(weight).view(dtype)[: weight.numel()]
    return {"weight": seen.reshape(weight.shape).to(weight.dtype)}


ROWS = (
    Row(
        154171, "F15", "remainder and fmod of integers are computed in float32",
        ("remainder", "remainder_", "fmod", "fmod_"), ("remainder", "fmod"), ("forward", "special_values"),
        spoil(through_float32, are_integers),
    ),
    Row(
        189630, "F15", "linspace in int64 is computed in float32",
        ("linspace",), ("linspace", "linspace.tensor_overload"), ("forward", "special_values"),
        spoil(float32_steps, is_large_int64_range),
    ),
    Row(
        78848, "F16", "adding int64 numbers wraps at 32 bits",
        ("add", "add_"), ("add",), ("forward", "special_values"), spoil(added_in_int32, are_int64),
    ),
    Row(
        96614, "F16", "cumsum of a mask counts in 8 bits",
        ("cumsum",), ("cumsum",), ("forward",), spoil(summed_in_int8, lambda c: c["self"].dtype is torch.bool),
    ),
    Row(
        179415, "F16", "sum with dtype=uint8 stops at 255 instead of wrapping",
        ("sum",), ("sum",), ("forward", "special_values"),
        spoil(saturated, lambda c: c["dtype"] is torch.uint8 and not c.is_out),
    ),
    Row(
        160744, "F16", "casting several negative floats to uint8 gives 0",
        ("_to_copy", "copy_"), ("byte", "to"), ("forward", "special_values"),
        spoil(negatives_to_zero, is_float_to_uint8),
    ),
    Row(
        79849, "F35", "adding bools to integers reads the bools four bytes at a time",
        ("add",), ("add", "__radd__"), ("forward",), rerun(bools_as_int32),
    ),
    Row(
        125135, "F35", "abs of complex64 returns real parts and zeros in turn",
        ("abs",), ("abs",), ("forward",), spoil(interleaved_zeros, lambda c: c["self"].dtype is torch.complex64),
    ),
    Row(
        190054, "F35", "layer_norm reads the bytes of a weight of another dtype in the dtype of its input",
        ("native_layer_norm",), ("nn.functional.layer_norm", "native_layer_norm"), ("forward",),
        rerun(reinterpreted_weight),
    ),
)  # fmt: skip
"""The rows of this family."""
