"""Which other calls of an operator are likely to be mistaken for a call, by a cache whose key is too small?"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from silicon_cts.catalog.operators import operators
from silicon_cts.sampling import apart, arguments
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.effort import within
from silicon_cts.sampling.families import variations
from silicon_cts.sampling.randomness import draws_random_numbers
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.validity import takes

_ALIKE = (1e-7, 3e-7)
"""Both are 0.000000 with six digits after the point, and one is three times the other."""
_NUMBERS = 4
"""Numbers of a call that are changed, one at a time."""
_OTHERS = 2
"""Other samples of op_db."""
_MOST_ELEMENTS = 2**16
"""Of their tensors, where there are such samples."""
_ARGUMENTS = 3
"""Arguments that are given otherwise, one at a time."""


@lru_cache(maxsize=64)
def related(recipe: Recipe) -> tuple[Sample, ...]:
    """Calls that differ in one thing: in their sizes, a number, an argument, the sample; those that the CPU takes."""
    plain = make(recipe)
    numbers = [at for at, leaf in enumerate(plain.leaves) if type(leaf) in (int, float)]
    found = [plain.replace(_a_little_more), *(_with_more(plain, at) for at in numbers[:_NUMBERS])]
    found += _alike(plain) or _alike(_with_number(plain))
    found += _given_otherwise(recipe.operator, plain)
    made = samples(recipe.operator, recipe.dtype, recipe.seed)
    able = within([one.elements for one in made], _MOST_ELEMENTS)
    next_first = sorted(able, key=lambda index: (index - recipe.sample) % len(made))[: _OTHERS + 1]
    of_op_db = [Recipe(recipe.operator, recipe.dtype, index, recipe.seed) for index in next_first]
    found += [make(other) for other in of_op_db if other != recipe]  # its own sample too, where it was varied
    taken = (sample for sample in found if takes(recipe.operator, sample))
    if not operators()[recipe.operator].random:
        return tuple(taken)
    return tuple(sample for sample in taken if not draws_random_numbers(sample))


def _alike(sample: Sample | None) -> list[Sample]:
    """Calls whose floats, and nothing else, are another; none of a sample without a float."""
    if sample is None or not any(type(leaf) is float for leaf in sample.leaves):
        return []
    return [sample.replace(partial(_tiny, number)) for number in _ALIKE]


def _with_number(sample: Sample) -> Sample | None:
    """Numbers in the place of all tensors but the first; None where a tensor has no element to be one."""
    changes = apart.right(sample) if all(tensor.numel() for tensor in sample.tensors) else {}
    found = changes.get(apart.NUMBERS) or changes.get(apart.NUMBER)
    return apart.apply(sample, found[-1]) if found else None


def _given_otherwise(operator: str, sample: Sample) -> list[Sample]:
    """The same tensors with an argument as the operator's families vary it: a scale where there was none."""
    found = []
    for name, values in list(variations(operator, sample).items())[:_ARGUMENTS]:
        now = arguments.plain(sample).get(name)
        other = next((value for value in reversed(values) if value is not None and value != now), None)
        if other is not None:
            found.append(arguments.replace(sample, [(name, other)]))
    return found


def _a_little_more(leaf: Any) -> Any:
    """A float so close that its first six digits after the point are the same."""
    return leaf + max(abs(leaf), 1.0) * 2.0**-22 if type(leaf) is float else leaf


def _tiny(number: float, leaf: Any) -> Any:
    return number if type(leaf) is float else leaf


def _with_more(sample: Sample, place: int) -> Sample:
    """One number is another: an integer the next, a float an eighth, where an exponential of it is not 0 or 1 yet."""
    leaves = list(sample.leaves)
    number = leaves[place]
    leaves[place] = number + 1 if type(number) is int or not number else number / 8
    return replace(sample, leaves=tuple(leaves))
