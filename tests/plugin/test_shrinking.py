"""A failure is simplified as far as it stays the same failure, within its time and number, from the draws of the check."""

import time

from silicon_cts.numerics.verdict import Judgement
from silicon_cts.plugin import shrinking
from silicon_cts.sampling.plan import Question, generated
from silicon_cts.sampling.recipe import Recipe

QUESTION = Question("addmm", "layout", "float32", "standard", 0)


class Asked:
    """Judges recipes by a rule, and counts."""

    def __init__(self, fails, verdict="disagrees"):
        self.fails, self.verdict, self.recipes = fails, verdict, []

    def judge(self, recipe: Recipe) -> Judgement:
        return Judgement(self.verdict if self.fails(recipe) else "agrees", recipe)

    def __call__(self, recipe: Recipe) -> Judgement:
        self.recipes.append(recipe)
        return self.judge(recipe)


def simplified(asked: Asked, most: float = 60.0, question: Question = QUESTION) -> Judgement:
    judged = [asked.judge(recipe) for recipe in generated(question)]
    worst = [one for one in judged if one.verdict == asked.verdict][-1]
    return shrinking.simplest(question, worst, judged, asked, most)


def test_what_does_not_matter_is_plain_again():
    asked = Asked(lambda recipe: "sliced" in recipe.layouts)
    found = simplified(asked).recipe
    assert sorted(found.layouts) == ["contiguous", "contiguous", "sliced"]
    assert (found.sizes, found.leading, found.arguments, found.sample) == ((), (), (), 0)
    assert 0 < len(asked.recipes) <= shrinking.MOST_ASKED
    assert len(set(asked.recipes)) == len(asked.recipes)
    assert not set(asked.recipes) & set(generated(QUESTION))


def test_it_keeps_its_verdict():
    asked = Asked(lambda recipe: any(name != "contiguous" for name in recipe.layouts), verdict="crashed")
    assert simplified(asked).verdict == "crashed"


def test_it_is_found_in_another_dtype_than_the_draws_are_made_in():
    question = Question("addmm", "layout", "bfloat16", "standard", 0)
    found = simplified(Asked(lambda recipe: "transposed" in recipe.layouts), question=question).recipe
    assert found.dtype == "bfloat16"
    assert sorted(found.layouts) == ["contiguous", "contiguous", "transposed"]


def test_after_its_time_the_simplest_so_far_is_taken():
    def slow(recipe: Recipe) -> bool:
        time.sleep(0.05)
        return True

    judged = [Judgement("disagrees", recipe) for recipe in generated(QUESTION)]
    begin = time.monotonic()
    found = shrinking.simplest(QUESTION, judged[-1], judged, Asked(slow), 0.2)
    assert found.verdict == "disagrees"
    assert time.monotonic() - begin < 10


def test_no_more_than_so_many_are_asked(monkeypatch):
    monkeypatch.setattr(shrinking, "MOST_ASKED", 3)
    asked = Asked(lambda recipe: "sliced" in recipe.layouts)
    simplified(asked)
    assert len(asked.recipes) == 3


def test_nothing_is_asked_where_a_sample_of_op_db_fails_as_it_is_or_no_time_is_given():
    def never(recipe: Recipe) -> Judgement:
        raise AssertionError(recipe)

    plain = Judgement("disagrees", Recipe("addmm", "float32", 1))
    varied = Judgement("disagrees", Recipe("addmm", "float32", 0, layouts=("sliced", "contiguous", "contiguous")))
    agreeing = Judgement("agrees", Recipe("addmm", "float32", 0))
    assert shrinking.simplest(QUESTION, varied, [varied, plain, agreeing], never, 60.0) is plain
    assert shrinking.simplest(QUESTION, varied, [varied, agreeing], never, 0.0) is varied
