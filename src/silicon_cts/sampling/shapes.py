"""How does a sample get other sizes, without a word about its operator?

Every distinct dimension size > 1 of a sample is a shape symbol: the same size is the same symbol in every tensor and
in every integer argument. Give the symbols other sizes, and the tensors are made anew; whether the operator takes
them, the CPU knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.draws import Draws
from silicon_cts.sampling.recipe import RecipeError
from silicon_cts.sampling.refill import refill


def symbols(sample: Sample) -> tuple[int, ...]:
    """The distinct sizes > 1, in order of appearance; of a call without any such tensor, its integers > 1."""
    sizes = [size for tensor in sample.tensors for size in tensor.shape if size > 1]
    if not sizes:
        sizes = [number for leaf in sample.leaves for number in _integers(leaf) if number > 1]
    return tuple(dict.fromkeys(sizes))


def _integers(leaf: Any) -> Iterable[int]:
    if isinstance(leaf, torch.Size):
        return leaf
    return (leaf,) if type(leaf) is int else ()


def rank(sample: Sample) -> int:
    """The highest rank among the tensors."""
    return max((tensor.ndim for tensor in sample.tensors), default=0)


Axes = Iterable[tuple[int, int, int]]
"""(dimension counted from the last, size, size instead)."""


def axes(sample: Sample) -> tuple[tuple[int, int], ...]:
    """(dimension counted from the last, its size) of all tensors, the last first; none twice."""
    found = [(at - tensor.ndim, size) for tensor in sample.tensors for at, size in enumerate(tensor.shape)]
    return tuple(dict.fromkeys(sorted(found, reverse=True)))


def shapes(
    sample: Sample, sizes: Mapping[int, int], leading: tuple[int, ...] = (), alone: Axes = ()
) -> list[tuple[int, ...]]:
    """The shape that each tensor gets: a dimension by itself where it is named, else by its size."""
    highest, named = rank(sample), {(dim, old): new for dim, old, new in alone}
    return [
        (leading if tensor.ndim == highest else ())
        + tuple(named.get((at - tensor.ndim, size), sizes.get(size, size)) for at, size in enumerate(tensor.shape))
        for tensor in sample.tensors
    ]


def resize(
    sample: Sample,
    sizes: Iterable[tuple[int, int]],
    leading: tuple[int, ...],
    seed: tuple[int, ...],
    alone: Axes = (),
) -> Sample:
    """The same call with other sizes; tensors that keep their shape keep their bits.

    Values are drawn from those of the original tensor, so that they stay in the operator's domain; indices are drawn
    from the new range. Raises RecipeError for a size that the sample does not have.
    """
    new = dict(sizes)
    unknown = sorted(set(new) - set(symbols(sample)))
    if unknown:
        raise RecipeError(f"the sample has no dimension of size {unknown[0]}; it has {symbols(sample)}")
    missing = [(dim, old) for dim, old, _ in alone if (dim, old) not in axes(sample)]
    if missing:
        raise RecipeError(f"the sample has no dimension {missing[0][0]} of size {missing[0][1]}; it has {axes(sample)}")
    targets = iter(enumerate(shapes(sample, new, leading, alone)))
    smallest = dict(new)
    for _, old, size in alone:
        smallest[old] = min(size, smallest.get(old, size))

    def change(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor):
            index, shape = next(targets)
            if shape == tuple(leaf.shape) or leaf.layout != torch.strided:
                return leaf
            return refill(leaf, shape, smallest, Draws(*seed, index)).requires_grad_(leaf.requires_grad)
        if isinstance(leaf, torch.Size):
            return torch.Size(new.get(size, size) for size in leaf)
        if isinstance(leaf, slice):
            return slice(change(leaf.start), change(leaf.stop), leaf.step)
        return new.get(leaf, leaf) if type(leaf) is int else leaf

    return sample.replace(change)
