"""Which values does a tensor hold in its new shape?

What held for the old values holds for the new: they come from the same set, distinct ones stay distinct along their
dimension while there are enough, sorted rows stay sorted, Hermitian and triangular matrices stay so, and indices stay
below the size that they index.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from silicon_cts.sampling.call import is_floating
from silicon_cts.sampling.draws import Draws


def refill(tensor: torch.Tensor, shape: tuple[int, ...], sizes: Mapping[int, int], draws: Draws) -> torch.Tensor:
    """A contiguous tensor of ``shape`` with values after those of ``tensor``."""
    old = tensor.detach().resolve_conj().resolve_neg().contiguous()
    count = math.prod(shape)
    if not old.numel() or not count:
        return torch.zeros(shape, dtype=old.dtype)
    if _structured(old) and len(shape) > 1 and shape[-1] == shape[-2]:
        return _matrices(old, shape, draws)
    bound = _bound(old, sizes)
    if bound is not None:
        new = _indices(old, shape, bound, draws)
    else:
        new = old.reshape(-1)[draws.picks(old.numel(), count)].reshape(shape)
    return new.sort(dim=-1, stable=True).values if is_sorted(old) else new


def is_sorted(tensor: torch.Tensor) -> bool:
    """Whether each row has at least three elements, in rising order: a row of boundaries, say."""
    if tensor.ndim == 0 or tensor.shape[-1] < 3 or tensor.is_complex() or tensor.dtype == torch.bool:
        return False
    return bool((tensor[..., 1:] >= tensor[..., :-1]).all())


def _bound(old: torch.Tensor, sizes: Mapping[int, int]) -> int | None:
    """The size that integers may index, if it changes and they may be indices; None if not."""
    if is_floating(old) or old.dtype == torch.bool or int(old.min()) < 0:
        return None
    indexed = [size for size in sizes if size > int(old.max())]
    if not indexed or int(old.max()) == 0:
        return None
    bound = min(sizes[size] for size in indexed)
    return None if bound in (0, min(indexed)) else min(bound, torch.iinfo(old.dtype).max)


def _indices(old: torch.Tensor, shape: tuple[int, ...], bound: int, draws: Draws) -> torch.Tensor:
    """Integers below ``bound``, distinct along the dimension in which the old ones are."""
    for dim in range(-1, -min(old.ndim, len(shape)) - 1, -1):
        ordered = old.sort(dim=dim).values
        if old.shape[dim] > 1 and bool((ordered.diff(dim=dim) != 0).all()):
            lines = [size for position, size in enumerate(shape) if position != len(shape) + dim]
            cycle = draws.permutation(bound)[torch.arange(shape[dim]) % bound]
            drawn = (draws.integers(bound, *lines, 1) + cycle) % bound
            return drawn.movedim(-1, dim).contiguous().to(old.dtype)
    return draws.integers(bound, *shape).to(old.dtype)


def _structured(old: torch.Tensor) -> bool:
    """Whether these are square matrices, Hermitian or triangular."""
    if old.ndim < 2 or old.shape[-1] != old.shape[-2] or old.shape[-1] < 2 or old.dtype == torch.bool:
        return False
    wide = old.to(torch.complex128 if old.is_complex() else torch.float64)
    hermitian = torch.allclose(wide, wide.mH, rtol=1e-2, atol=1e-3)
    return hermitian or torch.equal(wide, wide.triu()) or torch.equal(wide, wide.tril())


def _real(tensor: torch.Tensor) -> torch.dtype:
    return tensor.real.dtype if is_floating(tensor) else torch.float32


def _matrices(old: torch.Tensor, shape: tuple[int, ...], draws: Draws) -> torch.Tensor:
    """Block-diagonal matrices of the old ones, each in another scale, cut to size: as definite, as triangular."""
    side, size = old.shape[-1], shape[-1]
    blocks = old.reshape(-1, side, side)
    batch, pieces = math.prod(shape[:-2]), -(-size // side)
    chosen = blocks[draws.picks(len(blocks), batch * pieces)].reshape(batch, pieces, side, side)
    new = torch.zeros(batch, pieces, side, pieces, side, dtype=old.dtype)
    for piece in range(pieces):
        scale = (8 + draws.integers(8, batch, 1, 1)).to(_real(old)) / 8
        new[:, piece, :, piece, :] = (chosen[:, piece] * scale).to(old.dtype)
    whole = new.reshape(batch, pieces * side, pieces * side)[:, :size, :size]
    return whole.contiguous().reshape(shape)
