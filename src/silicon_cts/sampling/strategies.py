"""Which recipes does Hypothesis draw, and to what does it shrink them?

To the first sample, its own sizes, contiguous memory and the values as op_db made them. What a sample can become is
asked of the CPU once (:func:`~silicon_cts.sampling.validity.freedom`), so that few draws are rejected.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from silicon_cts.sampling.aspects import Aspect
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.effort import BUDGETS, Effort
from silicon_cts.sampling.families import variations
from silicon_cts.sampling.forms import INPLACE
from silicon_cts.sampling.layout import LAYOUTS, applicable
from silicon_cts.sampling.recipe import Recipe, Value
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.shapes import rank, shapes
from silicon_cts.sampling.validity import Freedom, freedom, valid
from silicon_cts.sampling.values import PROFILES

ANY = Aspect(profiles=tuple(PROFILES), layouts=tuple(LAYOUTS))
"""Every value profile and every layout."""
_MOST_RANK = 6
_LEADING: tuple[tuple[int, ...], ...] = ((2,), (1,), (3,), (0,), (2, 3), (5, 1), (2, 1, 2), (1, 2, 1, 3))


def _dimensions(
    draw: st.DrawFn, sample: Sample, free: Freedom, effort: Effort
) -> tuple[dict[int, int], tuple[int, ...]]:
    """New sizes and leading dimensions, no tensor larger than the effort allows."""
    sizes: dict[int, int] = {}

    def fits(new: dict[int, int], leading: tuple[int, ...] = ()) -> bool:
        return max(map(math.prod, shapes(sample, new, leading)), default=0) <= effort.elements

    for symbol, kinds in draw(st.permutations(free.sizes)):
        choices = [size for size in effort.sizes if min(size, 2) in kinds and size != symbol]
        size = draw(st.sampled_from([symbol, *(size for size in choices if fits({**sizes, symbol: size}))]))
        if size != symbol:
            sizes[symbol] = size
    room = _MOST_RANK - rank(sample)
    if not free.leading or not draw(st.integers(0, 2)):
        return sizes, ()
    several = [(size,) for size in effort.sizes if size > 3] if draw(st.booleans()) else _LEADING
    return sizes, draw(st.sampled_from([(), *(dims for dims in several if len(dims) <= room and fits(sizes, dims))]))


def _arguments(draw: st.DrawFn, recipe: Recipe) -> tuple[tuple[str, Value], ...]:
    """Up to two arguments given otherwise, as the operator's families say."""
    choices = variations(recipe.operator, make(recipe))
    if not choices:
        return ()
    names = draw(st.lists(st.sampled_from(sorted(choices)), max_size=2, unique=True))
    return tuple((name, draw(st.sampled_from(list(choices[name])))) for name in sorted(names))


def _layouts(draw: st.DrawFn, recipe: Recipe, sample: Sample, allowed: Sequence[str]) -> tuple[str, ...]:
    """One for each tensor; an integer tensor that may be an index is not expanded: its entries would coincide."""
    if not sample.tensors or not allowed or draw(st.integers(0, 3)) == 0:
        return ()
    each = []
    for tensor in sample.tensors:
        index = recipe.dtype != str(tensor.dtype).removeprefix("torch.") and not tensor.is_floating_point()
        names = [name for name in applicable(tensor.shape, tensor.dtype) if name in allowed]
        names = [name for name in names if not (index and name == "expanded")]
        each.append(draw(st.sampled_from(list(dict.fromkeys(["contiguous", *names])))))
    return tuple(each)


def _within(made: Sequence[Sample], elements: int) -> list[int]:
    """Which samples of op_db are no larger than generated ones may be; all where none is."""
    few = [i for i, sample in enumerate(made) if all(tensor.numel() <= elements for tensor in sample.tensors)]
    return few or list(range(len(made)))


@st.composite
def drafts(
    draw: st.DrawFn,
    operator: str,
    dtype: str,
    aspect: Aspect = ANY,
    *,
    budget: str = "standard",
    seeds: Sequence[int] = (0, 1),
) -> Recipe:
    """Recipes of which the CPU has taken the sizes one by one, but not yet together."""
    effort = BUDGETS[budget]
    seed = draw(st.sampled_from(list(seeds)))
    index = draw(st.sampled_from(_within(samples(operator, dtype, seed), effort.elements)))
    recipe = Recipe(operator, dtype, index, seed)
    sample, free = make(recipe), freedom(operator, dtype, index, seed)
    sizes, leading = _dimensions(draw, sample, free, effort)
    pins = {name: value for symbol, held in free.pinned if symbol in sizes for name, value in held}
    order = [symbol for symbol, _ in free.sizes if symbol in sizes]
    recipe = replace(recipe, sizes=tuple((old, sizes[old]) for old in order), leading=leading)
    recipe = replace(recipe, arguments=tuple(sorted(pins.items())))
    varied = dict(_arguments(draw, recipe))
    recipe = replace(recipe, arguments=tuple(sorted({**pins, **varied}.items(), key=lambda item: item[0])))
    recipe = replace(recipe, values=_values(draw, len(sample.tensors), aspect.profiles))
    plain = make(replace(recipe, arguments=()))
    layouts = _layouts(draw, recipe, plain, aspect.layouts)
    if aspect.form == INPLACE and layouts and layouts[0] == "expanded":
        layouts = ("contiguous", *layouts[1:])
    recipe = replace(recipe, layouts=layouts, form=aspect.form)
    if aspect.destinations:
        recipe = replace(recipe, destination=draw(st.sampled_from(aspect.destinations)))
    if aspect.cotangents:
        wanted = _wanted(draw, plain)
        recipe = replace(recipe, cotangent=draw(st.sampled_from(aspect.cotangents)), wanted=wanted)
    return recipe


def _wanted(draw: st.DrawFn, sample: Sample) -> tuple[int, ...]:
    """All differentiable tensors, or some of them."""
    able = [index for index, tensor in enumerate(sample.tensors) if tensor.requires_grad]
    if len(able) < 2 or draw(st.booleans()):
        return ()
    some = draw(st.lists(st.sampled_from(able), min_size=1, max_size=len(able) - 1, unique=True))
    return tuple(sorted(some))


def _values(draw: st.DrawFn, tensors: int, profiles: Sequence[str]) -> tuple[str, ...]:
    """One profile for all tensors, or one for each."""
    if not tensors or not profiles:
        return ()
    one = st.sampled_from(list(profiles))
    names = tuple(draw(one) for _ in range(tensors if draw(st.booleans()) else 1))
    return () if set(names) == {"as_is"} else names


def recipes(
    operator: str, dtype: str, aspect: Aspect = ANY, *, budget: str = "standard", seeds: Sequence[int] = (0, 1)
) -> st.SearchStrategy[Recipe]:
    """Recipes of an operator that the CPU takes, with the sizes of a budget and what an aspect varies."""
    return drafts(operator, dtype, aspect, budget=budget, seeds=seeds).filter(valid)
