"""In which form is an operator called: plainly, in place, into ``out=``, or so that it must be refused?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map_only

from silicon_cts.catalog.dtypes import DTYPES, name_of
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.layout import garbage, lay_out, over_memory
from silicon_cts.sampling.recipe import RecipeError

INPLACE, OUT, WRONG = "inplace", "out", "wrong"
"""``WRONG`` is one of op_db's calls that must be refused: :func:`silicon_cts.sampling.sample.errors`."""
RESIZED: dict[str, tuple[int, ...]] = {"empty": (0,), "short": (1,)}
"""Destinations that a call resizes, by the shape that they have before; of one with elements PyTorch warns."""
GUARD = 16
"""Elements of garbage before and behind the memory of a tensor that is written to."""


def apply(sample: Sample, form: str, destination: str, dtype: str, info: Any) -> Sample:
    """The call in a form; what it writes to lies in a larger, guarded buffer.

    ``info`` is the operator's ``OpInfo``, ``destination`` the layout of what ``out=`` is given, and ``dtype`` the name
    of its dtype if that is another than the answer's. Raises RecipeError for a form or a dtype that there is not.
    """
    if form in ("", WRONG):
        return sample
    if form == INPLACE:
        return _in_place(sample, info.inplace_variant)
    if form == OUT:
        return _into(sample, destination or "contiguous", dtype, bool(info.supports_out))
    raise RecipeError(f"no form {form!r}; there are {INPLACE}, {OUT} and {WRONG}")


def _in_place(sample: Sample, variant: Callable[..., Any] | None) -> Sample:
    first = sample.leaves[0] if sample.leaves else None
    if variant is None or not isinstance(first, torch.Tensor):
        raise RecipeError("it has no in-place form" if variant is None else "its first argument is no tensor")
    return replace(sample, call=variant, leaves=(guarded(first), *sample.leaves[1:]), written=(0,))


def _into(sample: Sample, destination: str, dtype: str, supported: bool) -> Sample:
    """``out=`` holds garbage of the shapes and dtypes that the plain call answers with on the CPU; with ``dtype``, what
    has the dtype of its first answer has that instead."""
    if not supported:
        raise RecipeError("it takes no out=")
    if dtype and dtype not in DTYPES:
        raise RecipeError(f"no dtype {dtype!r}; there are {', '.join(DTYPES)}")
    try:
        with torch.no_grad():
            answer = sample.run()
    except Exception as error:
        raise RecipeError(f"the plain call fails: {type(error).__name__}: {error}") from error

    answers = [leaf.dtype for leaf in tree_leaves(answer) if isinstance(leaf, torch.Tensor)]
    instead = {answers[0]: DTYPES[dtype].torch} if dtype and answers else {}
    if any(not torch.can_cast(own, other) for own, other in instead.items()):
        raise RecipeError(f"an answer of {name_of(answers[0])} is not written into {dtype}")

    def place(like: torch.Tensor) -> torch.Tensor:
        shape = RESIZED.get(destination, like.shape)
        plain = garbage(instead.get(like.dtype, like.dtype), math.prod(shape)).reshape(shape)
        return plain if destination in RESIZED else guarded(lay_out(plain, destination))  # room would be grown into

    out = tree_map_only(torch.Tensor, place, tuple(answer) if isinstance(answer, tuple | list) else answer)
    args, kwargs = sample.arguments()
    leaves, spec = tree_flatten((args, {**kwargs, "out": out}))
    mine = {id(tensor) for tensor in tree_leaves(out)}
    written = tuple(index for index, leaf in enumerate(leaves) if id(leaf) in mine)
    return replace(sample, leaves=tuple(leaves), spec=spec, written=written)


def guarded(tensor: torch.Tensor) -> torch.Tensor:
    """The same values, strides and lazy bits, with garbage on both sides of its memory: :data:`GUARD` elements, or as
    many as it has where several share a place, so that a kernel which takes it for a plain one stays inside."""
    if tensor.layout != torch.strided:
        return tensor
    shared = any(size > 1 and stride == 0 for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    guard = GUARD + (tensor.numel() if shared else 0)

    def surround(memory: torch.Tensor) -> torch.Tensor:
        room = garbage(memory.dtype, memory.numel() + 2 * guard)
        room[guard : guard + memory.numel()] = memory
        return room

    return over_memory(tensor, surround, offset=guard)
