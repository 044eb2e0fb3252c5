"""Which operation of a model's program makes its answer wrong, in words?"""

from __future__ import annotations

from silicon_cts.backends.coreml.conversion import convert
from silicon_cts.backends.coreml.front import passed
from silicon_cts.backends.coreml.interface import arrays, member, weights
from silicon_cts.backends.coreml.localise import own_errors
from silicon_cts.backends.coreml.ways import Way
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make


def located(recipe: Recipe, way: Way, most: float) -> str:
    """The first operation more than ``most`` error budgets off, with its line in the model; if none is, the one that is
    furthest off: several small errors may add up.

    Raises whatever the front end, the converter and the evaluator raise.
    """
    from silicon_cts import mil

    sample = make(recipe)
    one = member(0, sample, weights(recipe.operator, sample))
    if isinstance(one, str):
        return ""
    there = passed(way.front, [one])
    function = mil.load(convert(there, way.precision)).function
    errors = list(own_errors(there.model, function, arrays(there.inputs)))
    beyond = next((error for error in errors if not error.ratio <= most), None)
    return str(beyond or max(errors, key=lambda error: error.ratio, default=""))
