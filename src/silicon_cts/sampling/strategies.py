"""Which recipes does Hypothesis draw, and to what does it shrink them?

To the first sample, its own sizes, contiguous memory and the values as op_db made them. What a sample can become is
asked of the CPU once (:func:`~silicon_cts.sampling.validity.freedom`), so that few draws are rejected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from silicon_cts.sampling import apart, promotion
from silicon_cts.sampling.aspects import ASPECTS, Aspect
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.effort import BUDGETS, Effort, within
from silicon_cts.sampling.families import variations
from silicon_cts.sampling.forms import INPLACE
from silicon_cts.sampling.layout import LAYOUTS, SHARED, applicable
from silicon_cts.sampling.recipe import Recipe, Value
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.shapes import rank, shapes
from silicon_cts.sampling.turns import ARGUMENT, LEADING, SAMPLE, Turn
from silicon_cts.sampling.validity import Freedom, destinations, freedom, mixes, valid
from silicon_cts.sampling.values import PROFILES

ANY = Aspect(profiles=tuple(PROFILES), layouts=tuple(LAYOUTS))
"""Every value profile and every layout."""
ANY_TURN = Turn()
_MOST_RANK = 6
_TRIED = 3
_LEADING: tuple[tuple[tuple[int, ...], ...], ...] = (
    ((2,), (1,), (3,), (0,)),
    ((2, 3), (5, 1)),
    ((2, 1, 2),),
    ((1, 2, 1, 3),),
)
"""Dimensions before the others, by how many; besides, a single one of any size."""


Alone = tuple[tuple[int, int, int], ...]


def _dimensions(
    draw: st.DrawFn, sample: Sample, free: Freedom, effort: Effort, turn: Turn, room: int
) -> tuple[dict[int, int], Alone, tuple[int, ...]]:
    """New sizes, by symbols or dimension by dimension, and leading dimensions, no tensor larger than is allowed."""
    sizes: dict[int, int] = {}
    alone: Alone = ()

    def fits(new: dict[int, int], leading: tuple[int, ...] = ()) -> bool:
        return max(map(math.prod, shapes(sample, new, leading, alone)), default=0) <= effort.elements

    if free.axes and draw(st.integers(0, 2)) > bool(free.sizes):
        alone = _by_axes(draw, sample, free, effort)
        return {}, alone, _leading(draw, room, effort, turn, lambda leading: fits({}, leading))
    for symbol, kinds in draw(st.permutations(free.sizes)):
        choices = [size for size in effort.sizes if min(size, 2) in kinds and size != symbol]
        size = draw(st.sampled_from([symbol, *(size for size in choices if fits({**sizes, symbol: size}))]))
        if size != symbol:
            sizes[symbol] = size
    return sizes, (), _leading(draw, room, effort, turn, lambda leading: fits(sizes, leading))


def _by_axes(draw: st.DrawFn, sample: Sample, free: Freedom, effort: Effort) -> Alone:
    """Up to three dimensions, each with a size of its own: the others stay small, so that one can be long."""
    chosen = draw(st.lists(st.sampled_from(free.axes), min_size=1, max_size=3, unique=True))
    alone: Alone = ()
    for dim, old, kinds in chosen:

        def fits(size: int, dim: int = dim, old: int = old, before: Alone = alone) -> bool:
            made = shapes(sample, {}, (), (*before, (dim, old, size)))
            return max(map(math.prod, made), default=0) <= effort.elements

        choices = [size for size in effort.sizes if min(size, 2) in kinds and size != old and fits(size)]
        if choices:
            alone = (*alone, (dim, old, draw(st.sampled_from(choices))))
    return tuple(sorted(alone))


_RANKS = {"nn.functional.scaled_dot_product_attention": 4}
"""Most dimensions of operators of which a batch, heads, places and features are what fused kernels take."""


def _leading(
    draw: st.DrawFn, room: int, effort: Effort, turn: Turn, fits: Callable[[tuple[int, ...]], bool]
) -> tuple[int, ...]:
    """Dimensions before the others, as many as there is room for."""
    if room < 1:
        return ()
    long = [(size,) for size in effort.sizes if size > 3]
    chosen = turn.choose(draw, LEADING, ((), long, *_LEADING[:room]))
    return draw(st.sampled_from([dims for dims in chosen if fits(dims)] or [()]))


def _arguments(draw: st.DrawFn, recipe: Recipe, turn: Turn) -> tuple[tuple[str, Value], ...]:
    """Up to three arguments given otherwise, as the operator's families say."""
    choices = variations(recipe.operator, make(recipe))
    if not choices:
        return ()
    most: int = draw(st.integers(0, 3))
    first = turn.choose(draw, ARGUMENT, sorted(choices))
    names = dict.fromkeys([first, *draw(st.permutations(sorted(choices)))][:most])
    return tuple((name, draw(st.sampled_from(list(choices[name])))) for name in sorted(names))


def _layouts(draw: st.DrawFn, sample: Sample, allowed: Sequence[str]) -> tuple[str, ...]:
    """One for each tensor."""
    if not sample.tensors or not allowed:
        return ()
    each = []
    for tensor in sample.tensors:
        names = [name for name in applicable(tensor.shape, tensor.dtype) if name in allowed]
        each.append(draw(st.sampled_from(list(dict.fromkeys(["contiguous", *names])))))
    return tuple(each)


def _sample(draw: st.DrawFn, made: Sequence[Sample], elements: int, turn: Turn) -> int:
    """Which of op_db's samples: three times in four one that has a size to change."""
    able = within([one.elements for one in made], elements)
    sized = [i for i in able if any(size > 1 for tensor in made[i].tensors for size in tensor.shape)]
    rarely = draw(st.integers(0, 3)) == 0
    return turn.choose(draw, SAMPLE, able if rarely or not sized else sized)


@st.composite
def bases(
    draw: st.DrawFn,
    operator: str,
    dtype: str,
    *,
    budget: str = "standard",
    seeds: Sequence[int] = (0, 1),
    turn: Turn = ANY_TURN,
) -> Recipe:
    """Recipes with sizes and arguments, of which the CPU has taken the sizes one by one, but not yet together."""
    effort = BUDGETS[budget]
    seed = draw(st.sampled_from(list(seeds)))
    index = _sample(draw, samples(operator, dtype, seed), effort.elements, turn)
    recipe = Recipe(operator, dtype, index, seed)
    sample, free = make(recipe), freedom(operator, dtype, index, seed)
    room = _RANKS.get(operator, _MOST_RANK) - rank(sample) if free.leading else 0
    sizes, alone, leading = _dimensions(draw, sample, free, effort, turn, room)
    pins = {name: value for symbol, held in free.pinned if symbol in sizes for name, value in held}
    order = [symbol for symbol, _ in free.sizes if symbol in sizes]
    recipe = replace(recipe, sizes=tuple((old, sizes[old]) for old in order), axes=alone, leading=leading)
    recipe = replace(recipe, arguments=tuple(sorted(pins.items())))
    if draw(st.integers(0, 2)) == 2:  # not at the least, to which a search shrinks
        recipe = replace(recipe, apart=_apart(draw, recipe, effort.elements))
    varied = dict(_arguments(draw, recipe, turn))
    return replace(recipe, arguments=tuple(sorted({**pins, **varied}.items(), key=lambda item: item[0])))


def _vary(draw: st.DrawFn, recipe: Recipe, plain: Sample, aspect: Aspect) -> Recipe:
    """A base as an aspect asks it: with values, layouts, a form. ``plain`` is its sample."""
    if aspect.mixes and (dtypes := _mixed(draw, recipe, len(plain.tensors))):
        recipe = replace(recipe, dtypes=dtypes)
        plain = promotion.cast(plain, dtypes)
    recipe = replace(recipe, values=_values(draw, len(plain.tensors), aspect.profiles))
    layouts = _layouts(draw, plain, aspect.layouts) if aspect.strided or draw(st.integers(0, 3)) else ()
    if aspect.form == INPLACE and layouts and layouts[0] in SHARED:
        layouts = ("contiguous", *layouts[1:])
    recipe = replace(recipe, layouts=layouts, form=aspect.form)
    if aspect.destinations:
        recipe = replace(recipe, destination=draw(st.sampled_from(aspect.destinations)))
        if draw(st.integers(0, 2)) == 2:
            taken = destinations(recipe.operator, recipe.dtype, recipe.sample, recipe.seed)
            recipe = replace(recipe, destination_dtype=draw(st.sampled_from(["", *taken])))
    if aspect.cotangents:
        wanted = _wanted(draw, plain)
        recipe = replace(recipe, cotangent=draw(st.sampled_from(aspect.cotangents)), wanted=wanted)
    return recipe


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
    """Recipes for one aspect; whether the CPU takes them is still to be asked."""
    base = draw(bases(operator, dtype, budget=budget, seeds=seeds))
    return _vary(draw, base, make(replace(base, arguments=())), aspect)


@st.composite
def bundles(
    draw: st.DrawFn, operator: str, dtype: str, aspects: Sequence[str], *, budget: str, seed: int, turn: Turn
) -> dict[str, Recipe]:
    """One base that the CPU takes, as each of several aspects asks it; whether it takes those is still to be asked.

    Sizes are what costs time to draw: all aspects share them.
    """
    base = draw(bases(operator, dtype, budget=budget, seeds=(seed,), turn=turn).filter(valid))
    plain = make(replace(base, arguments=()))
    return {name: _vary(draw, base, plain, ASPECTS[name]) for name in aspects}


def _apart(draw: st.DrawFn, recipe: Recipe, elements: int) -> tuple[str | int, ...]:
    """A tensor that broadcasts, or a number in its place, if the CPU takes one of those drawn."""
    kinds = apart.right(make(replace(recipe, arguments=())))
    for kind in draw(st.permutations(sorted(kinds)))[:_TRIED] if kinds else ():
        change = draw(st.sampled_from(kinds[kind]))
        changed = replace(recipe, apart=change)
        if valid(changed) and all(
            tensor.numel() <= elements and tensor.ndim <= _MOST_RANK for tensor in make(changed).tensors
        ):
            return change
    return ()


def _mixed(draw: st.DrawFn, recipe: Recipe, tensors: int) -> tuple[str, ...]:
    """In one of three recipes, one tensor in another dtype than the rest, where the CPU takes that."""
    taken = mixes(recipe.operator, recipe.dtype, recipe.sample, recipe.seed)
    if not taken or draw(st.integers(0, 2)) < 2:
        return ()
    at, name = draw(st.sampled_from(taken))
    return tuple(name if place == at else "" for place in range(tensors))


def _wanted(draw: st.DrawFn, sample: Sample) -> tuple[int, ...]:
    """All differentiable tensors, or some of them."""
    able = [index for index, tensor in enumerate(sample.tensors) if tensor.requires_grad]
    if len(able) < 2 or draw(st.booleans()):
        return ()
    some = draw(st.lists(st.sampled_from(able), min_size=1, max_size=len(able) - 1, unique=True))
    return tuple(sorted(some))


def _values(draw: st.DrawFn, tensors: int, profiles: Sequence[str]) -> tuple[str, ...]:
    """One profile for all tensors, one for each, or one for one of them: NaN in all leaves nothing but NaN."""
    if not tensors or not profiles:
        return ()
    one = st.sampled_from(list(profiles))
    how = draw(st.sampled_from(["all", "each", "alone"] if tensors > 1 else ["all"]))
    names = tuple(draw(one) for _ in range(tensors if how == "each" else 1))
    if how == "alone":
        at = draw(st.integers(0, tensors - 1))
        names = tuple(names[0] if place == at else "as_is" for place in range(tensors))
    return () if set(names) == {"as_is"} else names


def recipes(
    operator: str, dtype: str, aspect: Aspect = ANY, *, budget: str = "standard", seeds: Sequence[int] = (0, 1)
) -> st.SearchStrategy[Recipe]:
    """Recipes of an operator that the CPU takes, with the sizes of a budget and what an aspect varies."""
    return drafts(operator, dtype, aspect, budget=budget, seeds=seeds).filter(valid)
