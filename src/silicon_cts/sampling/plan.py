"""Which recipes does one check ask?

op_db's own samples, where the aspect has them, and generated ones. A budget and a seed give the same list in every
process: Hypothesis draws it once, in one dtype, and the other dtypes are asked the same as far as the CPU takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from zlib import crc32

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded_by
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from silicon_cts.catalog.operators import operators
from silicon_cts.sampling.aspects import ASPECTS
from silicon_cts.sampling.effort import BUDGETS, spread
from silicon_cts.sampling.forms import WRONG
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import errors, samples
from silicon_cts.sampling.strategies import recipes as drawn_recipes
from silicon_cts.sampling.validity import refusal, valid


@dataclass(frozen=True)
class Question:
    """One aspect of one operator in one dtype, at a budget, with a seed: what decides which recipes are asked."""

    operator: str
    aspect: str
    dtype: str
    budget: str
    seed: int


def own(question: Question) -> list[Recipe]:
    """op_db's own samples, as many as the budget allows."""
    aspect = ASPECTS[question.aspect]
    if not aspect.op_db:
        return []
    operator, dtype, seed = question.operator, question.dtype, question.seed
    if aspect.form == WRONG:
        return [Recipe(operator, dtype, index, seed, form=WRONG) for index in range(len(errors(operator, seed)))]
    count = len(samples(operator, dtype, seed))
    return [Recipe(operator, dtype, index, seed) for index in spread(count, BUDGETS[question.budget].samples)]


def generated(question: Question) -> list[Recipe]:
    """Recipes that Hypothesis draws, without those that the CPU does not take in this dtype."""
    count = BUDGETS[question.budget].generated.get(question.aspect, 0)
    if not count or ASPECTS[question.aspect].form == WRONG:
        return []
    lead = _lead(question)
    carried = [replace(recipe, dtype=question.dtype) for recipe in _drawn(lead, count)]
    taken = carried if lead == question else [recipe for recipe in carried if valid(recipe)]
    return list(taken if 2 * len(taken) >= len(carried) else _drawn(question, count))


def strategy(question: Question) -> st.SearchStrategy[Recipe]:
    """What :func:`generated` draws from, for shrinking what it found."""
    aspect, seeds = ASPECTS[question.aspect], (question.seed,)
    drawn = drawn_recipes(question.operator, question.dtype, aspect, budget=question.budget, seeds=seeds)
    return drawn.filter(lambda recipe: _shows(recipe, question.aspect))


def _shows(recipe: Recipe, aspect: str) -> bool:
    """Whether a recipe differs from a plain call in what the aspect is about."""
    if aspect == "layout":
        return any(name != "contiguous" for name in recipe.layouts)
    return bool(recipe.values) or aspect != "special_values"


def _lead(question: Question) -> Question:
    """The question of which the draws are shared: floating dtypes, integers and booleans ask the same."""
    if question.dtype == "complex64" or "float32" not in operators()[question.operator].dtypes:
        return question
    return replace(question, dtype="float32")


@lru_cache(maxsize=16)
def _drawn(question: Question, count: int) -> tuple[Recipe, ...]:
    found: list[Recipe] = []
    search(question, count, found.append, shrink=False)
    return tuple(dict.fromkeys(found))


def search(question: Question, count: int, look: Callable[[Recipe], None], *, shrink: bool) -> None:
    """Show ``count`` draws to ``look``, the same ones every time; ``shrink`` what makes it raise, and raise that."""
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]

    @seeded_by(crc32(f"{question.operator} {question.aspect} {question.dtype} {question.seed}".encode()))
    @settings(
        max_examples=count, database=None, deadline=None, phases=phases, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @given(strategy(question))
    def draw(recipe: Recipe) -> None:
        look(recipe)

    try:
        draw()
    except Unsatisfiable:  # nothing that the CPU takes: no layout but one, no value to change
        return


def must_be_refused(recipe: Recipe) -> bool:
    """Whether the CPU refuses it, so that a backend must too."""
    return refusal(recipe) is not None
