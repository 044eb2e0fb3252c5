"""Which is the simplest recipe that fails as a check did?

The draws of the check are replayed, and Hypothesis shrinks from the first that fails: to the first sample, its own
sizes, contiguous memory and plain values. What was judged already is not asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING

from silicon_cts.numerics.verdict import Judgement
from silicon_cts.sampling.recipe import Recipe, RecipeError

if TYPE_CHECKING:
    from silicon_cts.sampling.plan import Question

MOST_ASKED = 200
"""Calls made to shrink one failure."""


class _FailsError(Exception):
    """It fails as the check did: what Hypothesis shrinks."""


class _Enough(BaseException):
    """Time or number is used up. No Exception, so that it passes through Hypothesis."""


def simplest(
    question: Question, worst: Judgement, judged: Iterable[Judgement], ask: Callable[[Recipe], Judgement], most: float
) -> Judgement:
    """The judgement on the simplest recipe that was found to have the verdict of ``worst``, at least itself.

    A sample of op_db that fails unvaried is simple enough. Else ``ask`` judges recipes for about ``most`` seconds, and
    :data:`MOST_ASKED` of them at most.
    """
    known = {one.recipe: one for one in judged if one.way == worst.way}
    failing = [worst, *(one for one in known.values() if one.verdict == worst.verdict)]
    if most > 0 and all(_varied(one.recipe) for one in failing):
        _shrink(question, worst, known, ask, time.monotonic() + most)
        failing += [one for one in known.values() if one.verdict == worst.verdict]
    return min(failing, key=lambda one: _complexity(one.recipe))


def _shrink(
    question: Question, worst: Judgement, known: dict[Recipe, Judgement], ask: Callable[[Recipe], Judgement], end: float
) -> None:
    """Add to ``known`` what Hypothesis asks while it shrinks."""
    from hypothesis.errors import Flaky

    from silicon_cts.sampling import plan

    most = len(known) + MOST_ASKED

    def look(recipe: Recipe) -> None:
        if recipe not in known:
            if time.monotonic() > end or len(known) >= most:
                raise _Enough
            known[recipe] = ask(recipe)
        if known[recipe].verdict == worst.verdict:
            raise _FailsError

    try:
        plan.search(question, look, shrink=True)
    except (_FailsError, _Enough, Flaky):
        return


def _varied(recipe: Recipe) -> int:
    """In how many things it differs from op_db's own sample."""
    own = ("operator", "dtype", "sample", "seed", "form")
    given = [getattr(recipe, field.name) for field in fields(recipe) if field.name not in own]
    parts = [part for value in given for part in (value if isinstance(value, tuple) else (value,))]
    return sum(part not in ("", "as_is", "contiguous") for part in parts)


def _complexity(recipe: Recipe) -> tuple[int, int, int, str]:
    """The least first: as op_db made it, few elements, an early sample."""
    from silicon_cts.sampling.sample import make

    try:
        elements = sum(tensor.numel() for tensor in make(recipe).tensors)
    except RecipeError:  # of another torch, or of no sample at all
        elements = 0
    return _varied(recipe), elements, recipe.sample, str(recipe)
