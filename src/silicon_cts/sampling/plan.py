"""Which recipes does one check ask?

op_db's own samples, where the aspect has them, and generated ones. A budget and a seed give the same list in every
process: Hypothesis draws it once, in one dtype, and the other dtypes are asked the same as far as the CPU takes it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from zlib import crc32

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded_by
from hypothesis.errors import Unsatisfiable

from silicon_cts.catalog.models.calls import is_varied
from silicon_cts.catalog.operators import Operator, operators
from silicon_cts.sampling import apart
from silicon_cts.sampling.aspects import ASPECTS
from silicon_cts.sampling.domains import has_gradient
from silicon_cts.sampling.draws import Draws
from silicon_cts.sampling.effort import BRIEF, BUDGETS, spread, within
from silicon_cts.sampling.extent import Sizes, may_outgrow
from silicon_cts.sampling.forms import INPLACE, OUT, WRONG
from silicon_cts.sampling.observation import Setting, draws_random_numbers, gradient, on_device, to_contiguous
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.resized import resized
from silicon_cts.sampling.sample import errors, make, samples
from silicon_cts.sampling.strategies import bundles
from silicon_cts.sampling.turns import Turn
from silicon_cts.sampling.validity import is_wrong, valid


@dataclass(frozen=True)
class Question:
    """One aspect of one operator in one dtype, at a budget, with a seed: what decides which recipes are asked."""

    operator: str
    aspect: str
    dtype: str
    budget: str
    seed: int


def dtypes(
    operator: Operator, aspect: str, budget: str, offered: Sequence[str], chosen: Sequence[str] | None = None
) -> list[str]:
    """In which dtypes an aspect of an operator is asked: of those that a backend offers, as many as the budget has.

    ``chosen`` are asked whatever the budget. In the order of ``chosen`` or of ``offered``.
    """
    if not ASPECTS[aspect].asks(operator):
        return []
    possible, effort = set(operator.dtypes) & set(offered), BUDGETS[budget]
    if not chosen:
        possible &= {*effort.dtypes, *effort.briefly}
    if ASPECTS[aspect].form == WRONG:  # op_db's wrong calls have dtypes of their own
        possible = set([dtype for dtype in offered if dtype in possible][:1])
    elif aspect == "gradient":
        possible &= operator.gradient_dtypes if chosen else operator.gradient_dtypes & set(effort.gradient_dtypes)
    elif not ASPECTS[aspect].op_db and not chosen:
        possible &= set(effort.generated_dtypes)
    return [dtype for dtype in chosen or offered if dtype in possible]


def own(question: Question) -> list[Recipe]:
    """op_db's own samples, as many as the budget allows."""
    aspect = ASPECTS[question.aspect]
    if not (aspect.op_db or aspect.resized):
        return []
    operator, dtype, seed = question.operator, question.dtype, question.seed
    if aspect.form == WRONG:
        wrong = [Recipe(operator, dtype, index, seed, form=WRONG) for index in range(len(errors(operator, seed)))]
        return [recipe for recipe in wrong if not valid(recipe)]  # some are wrong on other devices alone
    effort = BUDGETS[question.budget]
    able = within([one.elements for one in samples(operator, dtype, seed)], effort.own_elements)
    if aspect.resized:
        return resized(operator, dtype, seed, able)
    most = effort.samples if is_varied(operator, question.budget) else 1
    most = BRIEF if dtype in effort.briefly and most != 1 else most
    return [Recipe(operator, dtype, able[index], seed) for index in spread(len(able), most)]


def generated(question: Question) -> list[Recipe]:
    """Recipes that Hypothesis draws, without those that the CPU does not take in this dtype."""
    count = 0 if ASPECTS[question.aspect].resized else _count(question)
    if not count or not ASPECTS[question.aspect].asks(operators()[question.operator]):
        return []
    if ASPECTS[question.aspect].mistakes:
        return _mistaken(question, count)
    drawn = [bundle[question.aspect] for bundle in _drawn(_draw(question))]
    asked = [replace(recipe, dtype=question.dtype) for recipe in dict.fromkeys(drawn)]
    if asked and not _is_first(question.operator, question.dtype):  # fewer are asked: of each aspect, others
        start = crc32(f"{question.aspect} {question.dtype}".encode()) % len(asked)
        asked = asked[start:] + asked[:start]
    taken = (recipe for recipe in asked if _shows(recipe, question.aspect) and _fits(recipe, question.aspect))
    return list(islice(taken, count))


def _count(question: Question) -> int:
    effort = BUDGETS[question.budget]
    if question.dtype in effort.briefly:
        return 0
    count = effort.generated.get(question.aspect, 0)
    return count if _is_first(question.operator, question.dtype) else math.ceil(count * effort.in_others)


def _is_first(operator: str, dtype: str) -> bool:
    """Whether an operator is asked most in this dtype."""
    return dtype == "float32" or "float32" not in operators()[operator].dtypes


def _fits(recipe: Recipe, aspect: str) -> bool:
    """Whether the CPU takes the call, and whether it takes random numbers only where the aspect asks for some."""
    if not valid(recipe):
        return False
    if aspect == "gradient" and not has_a_gradient(recipe):
        return False
    if aspect in ("forward", "gradient") or not operators()[recipe.operator].random:
        return True
    return draws_random_numbers(make(recipe)) == ASPECTS[aspect].draws


def has_a_gradient(recipe: Recipe) -> bool:
    """Whether the gradient is defined, small enough, and taken by the CPU, which may refuse in its backward what its
    forward takes: an index of nothing, a source of another shape."""
    if not (backward_fits(recipe) and has_gradient(recipe.operator, partial(make, recipe))):
        return False
    try:
        gradient(replace(recipe, cotangent=""), Setting(to_contiguous))
    except Exception:
        return False
    return True


def backward_fits(recipe: Recipe) -> bool:
    """Whether the gradient makes nothing huge on its way, as the meta device says, which computes shapes only.

    The backward of a factorisation of n numbers in a column makes n by n of them.
    """
    sizes, sample = Sizes(), make(recipe)
    if may_outgrow(sample):
        with suppress(Exception), warnings.catch_warnings():  # what meta cannot say is asked
            warnings.simplefilter("ignore")
            gradient(recipe, replace(on_device("meta"), around=sizes))
    return sizes.fit(sample)


_MISTAKEN_SAMPLES = 12
"""Most samples of op_db that mistakes are made in."""


def _mistaken(question: Question, count: int) -> list[Recipe]:
    """op_db's samples with one mistake each that the CPU refuses: every kind of mistake in turn, as there are."""
    operator, info = question.operator, operators()[question.operator]
    kinds: dict[str, list[Recipe]] = {}
    made = samples(operator, question.dtype, question.seed)
    able = within([one.elements for one in made], BUDGETS[question.budget].own_elements)
    for index in (able[at] for at in spread(len(able), _MISTAKEN_SAMPLES)):
        plain = Recipe(operator, question.dtype, index, question.seed)
        if info.out:
            kinds.setdefault("out", []).append(replace(plain, form=OUT, destination="expanded"))
        if info.inplace:
            several = ("expanded", *["contiguous"] * (len(made[index].tensors) - 1))
            kinds.setdefault("inplace", []).append(replace(plain, form=INPLACE, layouts=several))
            whole = ("int64", *[""] * (len(made[index].tensors) - 1))  # with no room for a fraction
            kinds.setdefault("inplace dtype", []).append(replace(plain, form=INPLACE, dtypes=whole))
        for name, changes in apart.wrong(made[index], operator).items():
            kinds.setdefault(name, []).extend(replace(plain, apart=change) for change in changes)
    found: list[Recipe] = []
    for place, name in enumerate(kinds):
        order = Draws(question.seed, crc32(operator.encode()), place).permutation(len(kinds[name])).tolist()
        tried = (kinds[name][at] for at in order[:_MOST_TRIED])
        found += islice((recipe for recipe in tried if is_wrong(recipe)), max(1, count // len(kinds)))
    return found[:count]


_MOST_TRIED = 40
"""Calls of one kind of mistake that the CPU is asked about."""


def _shows(recipe: Recipe, aspect: str) -> bool:
    """Whether a recipe differs from a plain call in what the aspect is about."""
    if aspect == "layout":
        return any(name != "contiguous" for name in recipe.layouts)
    return bool(recipe.values) or aspect != "special_values"


@dataclass(frozen=True)
class _Draw:
    """What all aspects of an operator are drawn from, and most of its dtypes."""

    operator: str
    dtype: str
    budget: str
    seed: int


def _draw(question: Question) -> _Draw:
    """Floating dtypes, integers and booleans ask the same; complex numbers have layouts of their own."""
    shared = question.dtype != "complex64" and "float32" in operators()[question.operator].dtypes
    return _Draw(question.operator, "float32" if shared else question.dtype, question.budget, question.seed)


def _aspects(operator: str) -> tuple[str, ...]:
    """Those of which recipes are drawn, in an order that does not depend on what is asked in a run."""
    drawn = {name: row for name, row in ASPECTS.items() if not (row.mistakes or row.resized)}
    return tuple(name for name, row in drawn.items() if row.asks(operators()[operator]))


@lru_cache(maxsize=8)
def _drawn(draw: _Draw) -> tuple[dict[str, Recipe], ...]:
    found: list[dict[str, Recipe]] = []
    _search(draw, found.append, shrink=False)
    return tuple(found)


def _search(draw: _Draw, look: Callable[[dict[str, Recipe]], None], *, shrink: bool) -> None:
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    effort = BUDGETS[draw.budget]
    share = 1 if _is_first(draw.operator, draw.dtype) else effort.in_others
    count = math.ceil(max(effort.generated.values(), default=0) * share)
    aspects = _aspects(draw.operator)

    # Hypothesis makes new examples of earlier ones by repeating their parts, which is good for its own purposes: of 48
    # draws, 12 were distinct. A search of its own for each recipe has none to repeat: the plainest, and one at random.
    for number in range(count):
        turn = Turn(draw.seed * count + number)  # another seed goes on where this one ends
        strategy = bundles(draw.operator, draw.dtype, aspects, budget=draw.budget, seed=draw.seed, turn=turn)

        @seeded_by(crc32(f"{draw.operator} {draw.dtype} {draw.seed} {number}".encode()))
        @settings(
            max_examples=1 if number == 0 else 2, database=None, deadline=None, phases=phases,
            report_multiple_bugs=False, suppress_health_check=list(HealthCheck), print_blob=False,
        )  # fmt: skip
        @given(strategy)
        def ask(bundle: dict[str, Recipe]) -> None:
            look(bundle)

        try:
            ask()
        except Unsatisfiable:  # there is nothing that the CPU takes
            return


def search(question: Question, look: Callable[[Recipe], None], *, shrink: bool) -> None:
    """Show the draws of :func:`generated` to ``look``; ``shrink`` what makes it raise, and raise that."""

    def at_aspect(bundle: dict[str, Recipe]) -> None:
        recipe = replace(bundle[question.aspect], dtype=question.dtype)
        if _shows(recipe, question.aspect) and _fits(recipe, question.aspect):
            look(recipe)

    if not (ASPECTS[question.aspect].mistakes or ASPECTS[question.aspect].resized):
        _search(_draw(question), at_aspect, shrink=shrink)
        return
    for recipe in generated(question):  # as small as op_db's own
        look(recipe)
