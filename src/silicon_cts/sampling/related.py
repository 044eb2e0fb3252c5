"""Which other calls of an operator are likely to be mistaken for a call, by a cache whose key is too small?"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.validity import takes

_ALIKE = (1e-7, 3e-7)
"""Both are 0.000000 with six digits after the point, and one is three times the other."""
_OTHERS = 2
"""Other samples of op_db."""


@lru_cache(maxsize=64)
def related(recipe: Recipe) -> tuple[Sample, ...]:
    """Calls that differ in one thing: in their sizes, in a number, in the sample; those that the CPU takes."""
    found = []
    if recipe.sizes or recipe.leading:
        found.append(make(replace(recipe, sizes=(), leading=(), arguments=(), layouts=())))
    found += [make(recipe).replace(_a_little_more), make(recipe).replace(_more)]
    if any(type(leaf) is float for leaf in make(recipe).leaves):
        found += [make(recipe).replace(partial(_tiny, number)) for number in _ALIKE]
    count = len(samples(recipe.operator, recipe.dtype, recipe.seed))
    for step in range(1, min(_OTHERS, count - 1) + 1):
        found.append(make(Recipe(recipe.operator, recipe.dtype, (recipe.sample + step) % count, recipe.seed)))
    return tuple(sample for sample in found if takes(recipe.operator, sample))


def _a_little_more(leaf: Any) -> Any:
    """A float so close that its first six digits after the point are the same."""
    return leaf + max(abs(leaf), 1.0) * 2.0**-22 if type(leaf) is float else leaf


def _tiny(number: float, leaf: Any) -> Any:
    return number if type(leaf) is float else leaf


def _more(leaf: Any) -> Any:
    return leaf + 1 if type(leaf) in (int, float) else leaf
