"""A few draws come by all choices, and shrink to the first."""

from collections import Counter

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from silicon_cts.sampling.turns import ARGUMENT, LEADING, SAMPLE, Turn


@st.composite
def chosen(draw, number, what, choices):
    return Turn(number).choose(draw, what, choices)


def of_turn(number, what, choices):
    """What is chosen most often in one turn."""
    seen = []

    @settings(max_examples=20, derandomize=True, database=None, phases=[Phase.generate])
    @given(chosen(number, what, choices))
    def collect(choice):
        seen.append(choice)

    collect()
    return Counter(seen[1:]).most_common(1)[0][0]  # the first is the simplest


def test_each_choice_has_its_turn_soon():
    for what in (SAMPLE, LEADING, ARGUMENT):
        met = Counter(of_turn(number, what, range(5)) for number in range(20))
        assert set(met) == set(range(5))
        assert max(met.values()) <= 6


def test_two_choices_do_not_go_in_step():
    pairs = {(of_turn(number, SAMPLE, range(3)), of_turn(number, LEADING, range(3))) for number in range(20)}
    assert len(pairs) == 9


def test_it_shrinks_to_the_first_choice():
    assert find(chosen(7, SAMPLE, "abcde"), lambda choice: True, settings=settings(database=None)) == "a"
