"""How do tensors cross the pipe between worker and parent?

As dtype, shape, strides and raw bytes. torch's own pickling shares file descriptors or memory between processes, which
a worker that is about to be killed must not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from silicon_cts.backends.outcome import Outcome

if TYPE_CHECKING:
    import torch

Packed = tuple[str, tuple[int, ...], tuple[int, ...], bytes]


def _pack(tensor: torch.Tensor) -> Packed:
    import torch

    from silicon_cts.catalog.dtypes import name_of

    if tensor.layout != torch.strided:
        raise TypeError(f"an output with layout {tensor.layout}: only strided tensors are compared")
    plain = tensor.detach().resolve_conj().resolve_neg()
    # Not contiguous(): a tensor of one element passes for contiguous whatever its strides, and then has no bytes view.
    flat = torch.empty(plain.numel(), dtype=plain.dtype).copy_(plain.reshape(-1))
    data = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return name_of(tensor.dtype), tuple(tensor.shape), tuple(tensor.stride()), data


def _unpack(packed: Packed) -> torch.Tensor:
    import torch

    dtype, shape, strides, data = packed
    target = getattr(torch, dtype)
    if not data:
        return torch.empty_strided(shape, strides, dtype=target)
    values = torch.frombuffer(bytearray(data), dtype=target).reshape(shape)
    if strides == values.stride() or 0 in strides:
        return values
    return torch.empty_strided(shape, strides, dtype=target).copy_(values)


def pack(outcome: Outcome) -> Outcome:
    """The outcome with its tensors as bytes. Raises TypeError for a tensor that is not strided."""
    if outcome.observed is None:
        return outcome
    packed, spread = _each(_pack, outcome.observed), _each(_pack, outcome.spread)
    return replace(outcome, observed=packed, spread=spread)


def unpack(outcome: Outcome) -> Outcome:
    """The outcome of :func:`pack` with its tensors, strides included."""
    if outcome.observed is None:
        return outcome
    return replace(outcome, observed=_each(_unpack, outcome.observed), spread=_each(_unpack, outcome.spread))


def _each(change: Callable[[Any], Any], items: Any) -> Any:
    return None if items is None else [None if item is None else change(item) for item in items]
