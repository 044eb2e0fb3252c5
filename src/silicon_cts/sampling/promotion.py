"""How do tensors of different dtypes come together in one call?"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.recipe import RecipeError

OTHERS = ("float32", "bfloat16", "int64", "bool")
"""What a tensor is cast to: wider and narrower, an integer, a mask."""
COUNTS = ("int32", *(name for name in OTHERS if name != "bool"))
"""What an index, an offset or a length is cast to: it counts, and is no mask."""


def cast(sample: Sample, names: Sequence[str]) -> Sample:
    """The same call with tensors cast: integers are rounded to zero, a mask is what is above 0. Raises RecipeError."""
    tensors = sample.tensors
    if len(names) != len(tensors):
        raise RecipeError(f"{len(names)} dtypes for {len(tensors)} tensors")
    if unknown := [name for name in names if name and name not in DTYPES]:
        raise RecipeError(f"no dtype {unknown[0]!r}; there are {', '.join(DTYPES)}")
    return sample.with_tensors([_as(tensor, name) for tensor, name in zip(tensors, names, strict=True)])


def _as(tensor: torch.Tensor, name: str) -> torch.Tensor:
    if not name or name == name_of(tensor.dtype):
        return tensor
    target, plain = DTYPES[name].torch, tensor.detach()
    if target == torch.bool:
        return (plain.real if plain.is_complex() else plain) > 0
    changed = (plain.real if plain.is_complex() and not target.is_complex else plain).nan_to_num().to(target)
    return changed.requires_grad_(tensor.requires_grad and (target.is_floating_point or target.is_complex))
