"""Which illegal calls are accepted? Indices out of range, singular matrices, impossible paddings."""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .memory import whole
from .row import Row
from .rules import accept

ATEN = torch.ops.aten


def is_index(value: Any) -> bool:
    """Whether it is a tensor of integer indices."""
    return isinstance(value, Tensor) and not value.is_floating_point() and value.dtype not in (torch.bool, torch.uint8)


def indices_of(call: Call) -> dict[int, Tensor]:
    """The index tensors of a call by the dimension they index."""
    if call.kernel == "embedding":
        return {0: call["indices"]}
    if call.kernel == "index_select":
        return {call["dim"] % max(1, call["self"].dim()): call["index"]}
    return {d: index for d, index in enumerate(call["indices"]) if is_index(index)}


def zeros_behind_end(call: Call) -> Tensor:
    """What is read when each dimension goes on with zeros behind its end."""
    table: Tensor = call["weight"] if call.kernel == "embedding" else call["self"]
    indices = indices_of(call)
    sizes = {dim: table.size(dim) for dim in indices}
    for dim in indices:
        shape = [*table.shape]
        shape[dim] = 1
        table = torch.cat([table, table.new_zeros(shape)], dim)
    clamped = {dim: torch.where(index >= sizes[dim], sizes[dim], index) for dim, index in indices.items()}
    if call.kernel == "embedding":
        return table[clamped[0]]
    if call.kernel == "index_select":
        [(dim, index)] = clamped.items()
        return table.index_select(dim, index)
    read: Tensor = ATEN.index(table, [clamped.get(dim, index) for dim, index in enumerate(call["indices"])])
    return read


def is_only_too_large(call: Call) -> bool:
    """Whether a call that returns its answer has an index behind the end, and none before the beginning."""
    table = call["weight"] if call.kernel == "embedding" else call["self"]
    indices = indices_of(call)
    has_mask = call.kernel == "index" and any(index is not None and not is_index(index) for index in call["indices"])
    if call.is_out or has_mask or any(dim >= table.dim() for dim in indices):
        return False
    too_large = [bool((index >= table.size(dim)).any()) for dim, index in indices.items()]
    lowest = -1 if call.kernel == "index" else 0
    within = [bool((index >= lowest * table.size(dim)).all()) for dim, index in indices.items()]
    return any(too_large) and all(within)


def filled_unchecked(call: Call) -> Tensor:
    """Fill where the address of each index lies, also outside of the view, as long as it is in the storage."""
    in_place = call.kernel.endswith("_")
    target: Tensor = call.written[0] if in_place else call["self"].clone()
    dim = call["dim"] % max(1, target.dim())
    memory = whole(target)
    block = list(target.shape)
    block[dim] = 1
    for index in call["index"].reshape(-1).tolist():
        start = int(target.storage_offset()) + index * target.stride(dim)
        last = start + sum((size - 1) * stride for size, stride in zip(block, target.stride(), strict=True))
        if index >= 0 and last < memory.numel():
            memory.as_strided(block, target.stride(), start).fill_(call["value"])
    return target


def index_too_large(call: Call) -> bool:
    """Whether an index lies behind the end of the dimension."""
    return call["self"].dim() > 0 and bool((call["index"] >= call["self"].size(call["dim"])).any())


def padded_with_zeros(call: Call) -> Tensor:
    """The transposed convolution with as much output padding as is possible, the rest filled with zeros."""
    asked, stride, dilation = (list(call[name]) for name in ("output_padding", "stride", "dilation"))
    possible = [min(a, max(s, d) - 1) for a, s, d in zip(asked, stride, dilation, strict=True)]
    values: Tensor = ATEN.convolution(
        call["input"], call["weight"], call["bias"], stride, call["padding"], dilation, True, possible, call["groups"]
    )
    missing = [a - p for a, p in zip(asked, possible, strict=True)]
    return torch.nn.functional.pad(values, [part for m in reversed(missing) for part in (0, m)])


def has_large_output_padding(call: Call) -> bool:
    """Whether the output padding is what makes a transposed convolution illegal."""
    limits = zip(call["output_padding"], call["stride"], call["dilation"], strict=True)
    return bool(call["transposed"]) and any(p >= max(s, d) for p, s, d in limits)


ROWS = (
    Row(
        144824, "F25", "embedding, index_select and indexing return zeros for indices behind the end",
        ("embedding", "index_select", "index"), ("nn.functional.embedding", "index_select", "__getitem__"),
        ("rejects",),
        accept(IndexError, zeros_behind_end, is_only_too_large),
    ),
    Row(
        189969, "F05", "index_fill_ with an index behind the end writes outside of the view",
        ("index_fill_", "index_fill"), ("index_fill",), ("rejects", "inplace"),
        accept(IndexError, filled_unchecked, index_too_large),
    ),
    Row(
        169236, "F25", "transposed convolutions accept an output_padding that is too large",
        ("convolution",), ("nn.functional.conv_transpose*",), ("rejects",),
        accept(RuntimeError, padded_with_zeros, has_large_output_padding),
    ),
    Row(
        165870, "F25", "linalg.lu_factor accepts a singular matrix",
        ("_linalg_check_errors",), ("linalg.lu_factor",), ("rejects", "special_values"),
        accept(RuntimeError, lambda _: None, lambda c: c["api_name"] == "torch.linalg.lu_factor"),
    ),
)  # fmt: skip
"""The rows of this family."""
