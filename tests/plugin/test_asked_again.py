"""When is a wrong answer that reads otherwise in a fresh process the same one all the same?"""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from silicon_cts.numerics.verdict import Judgement
from silicon_cts.plugin.case import Case
from silicon_cts.plugin.check import Check
from silicon_cts.sampling.recipe import Recipe

CASE = Case("add", "forward", "float32", "it")
FIRST = Judgement("disagrees", Recipe("add", "float32", 0), "element 3")
RIGHT = Judgement("agrees", FIRST.recipe)


def again(monkeypatch, ahead_of_time, *reasons):
    """The verdict where the call alone, in one fresh process after the other, says this: an empty reason agrees."""
    answers = iter(reasons)
    executor = SimpleNamespace(before=lambda task: [], run_fresh=lambda task: next(answers))
    session = SimpleNamespace(
        executor=lambda name: executor,
        capabilities={"it": SimpleNamespace(ahead_of_time=ahead_of_time)},
        ways=lambda case: {"": ""},
    )
    check = Check(CASE, session, None)
    monkeypatch.setattr(
        check, "_judge", lambda task, reason: Judgement("disagrees", FIRST.recipe, reason) if reason else RIGHT
    )
    return check._asked_again(FIRST).verdict


@pytest.mark.parametrize(
    ("reasons", "verdict"),
    [
        (("element 3",), "disagrees"),
        (("element 0", "element 0"), "disagrees"),  # another program, wrong elsewhere, and always there
        (("element 0", "element 1"), "unstable"),
        (("element 0", ""), "unstable"),
        (("",), "unstable"),
    ],
)
def test_a_program_of_a_call_alone_may_be_wrong_elsewhere_if_it_is_so_twice(monkeypatch, reasons, verdict):
    assert again(monkeypatch, True, *reasons) == verdict


def test_a_call_that_shares_no_program_is_not_asked_a_third_time(monkeypatch):
    assert again(monkeypatch, False, "element 0") == "unstable"


@pytest.mark.parametrize(
    ("expected", "verdict"), [("disagrees", "disagrees"), ("unstable", "unstable"), ("", "unstable")]
)
def test_a_wrong_answer_that_a_known_issue_expects_is_not_asked_again(monkeypatch, expected, verdict):
    known = SimpleNamespace(issue=SimpleNamespace(verdict=expected)) if expected else None
    check = Check(CASE, SimpleNamespace(expectation=lambda case: known), None)
    monkeypatch.setattr(check, "_asked_again", lambda one: replace(one, verdict="unstable"))
    assert [one.verdict for one in check._confirmed([FIRST, RIGHT])] == [verdict, "agrees"]
