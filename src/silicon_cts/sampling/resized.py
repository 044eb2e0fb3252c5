"""Which sizes is one program asked at, that was made once for many?

One shape symbol of one of op_db's samples becomes flexible. Neither an argument that is no tensor nor the number of
answers may follow it: a program holds those as they were when it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.shapes import symbols
from silicon_cts.sampling.validity import valid

RANGE = (2, 64)
"""The sizes that a flexible dimension is declared to take. 0 and 1 are not among them: torch.export makes programs of
their own of these."""
SIZES = 3
"""How many are asked, that of op_db's sample among them."""
_MOST_TRIED = 12
"""Samples of op_db that are looked at for a symbol."""


def resized(operator: str, dtype: str, seed: int, able: Sequence[int]) -> list[Recipe]:
    """The first of op_db's samples ``able`` that the CPU takes at several sizes of a symbol, at these; empty without.

    Each recipe names the symbol and its size, the first with that of op_db's sample.
    """
    for index in able[:_MOST_TRIED]:
        sample, plain = samples(operator, dtype, seed)[index], Recipe(operator, dtype, index, seed)
        for symbol in _by_tensors(sample) if all(tensor.numel() for tensor in sample.tensors) else ():
            asked = [replace(plain, sizes=((symbol, size),)) for size in _sizes(symbol)]
            taken = [one for one in asked if valid(one)]
            if asked[0] in taken:
                held = _held(asked[0])
                found = [one for one in taken if _held(one) == held]
                if len(found) >= SIZES:
                    return found[:SIZES]
    return []


def dimensions(recipe: Recipe) -> list[list[int]]:
    """Of each tensor, the dimensions that are flexible."""
    (symbol, _), *_ = recipe.sizes
    tensors = make(replace(recipe, sizes=())).tensors
    return [[dim for dim, size in enumerate(tensor.shape) if size == symbol] for tensor in tensors]


def _by_tensors(sample: Sample) -> list[int]:
    """Its symbols, first those of the fewest tensors: a batch or a length, before the channels of a weight."""
    shapes = [tensor.shape for tensor in sample.tensors]
    able = [symbol for symbol in symbols(sample) if _is_in_range(symbol) and any(symbol in shape for shape in shapes)]
    return sorted(able, key=lambda symbol: sum(symbol in shape for shape in shapes))


def _sizes(symbol: int) -> list[int]:
    """Its own, one more, more than twice as many; then less and many more, where the CPU does not take those."""
    found = dict.fromkeys((symbol, symbol + 1, 2 * symbol + 3, symbol - 1, 4 * symbol))
    return [size for size in found if _is_in_range(size)]


def _is_in_range(size: int) -> bool:
    return RANGE[0] <= size <= RANGE[1]


def _held(recipe: Recipe) -> tuple[list[str], int]:
    """What a program holds: the arguments that are no tensors, and how many tensors are returned."""
    sample = make(recipe)
    with torch.no_grad():
        returned: list[Any] = tree_leaves(sample.run())
    plain = [repr(leaf) for leaf in sample.leaves if not isinstance(leaf, torch.Tensor)]
    return plain, sum(isinstance(leaf, torch.Tensor) for leaf in returned)
