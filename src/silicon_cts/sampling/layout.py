"""How does a tensor lie in memory, and how does it keep that when its memory changes?"""

from __future__ import annotations

from collections.abc import Callable

import torch


def over_memory(tensor: torch.Tensor, change: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """``change`` applied to the whole memory under a tensor, seen again with the same size, strides and offset.

    ``change`` gets a flat tensor and returns one with as many elements, of any dtype or on any device, in memory of its
    own. Lazy conjugate and negative bits and ``requires_grad`` are kept; a tensor that is not strided is only changed.
    """
    plain = tensor.detach()
    if plain.layout != torch.strided:
        return change(plain).requires_grad_(tensor.requires_grad)
    plain = plain.conj() if tensor.is_conj() else plain
    plain = torch._neg_view(plain) if plain.is_neg() else plain
    elements = plain.untyped_storage().nbytes() // plain.element_size()
    memory = change(torch.as_strided(plain, (elements,), (1,), 0))
    changed = memory.as_strided(plain.size(), plain.stride(), plain.storage_offset())
    changed = torch._neg_view(changed) if tensor.is_neg() else changed
    changed = changed.conj() if tensor.is_conj() else changed
    return changed.detach().requires_grad_(tensor.requires_grad)
