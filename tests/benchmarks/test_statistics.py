"""What can be told from so few processes?"""

from __future__ import annotations

import numpy as np
import pytest

from silicon_cts.benchmarks.changes import change_points
from silicon_cts.benchmarks.statistics import Decision, Rules, decide, decide_against

PAIRS = 10


def pairs(generator: np.random.Generator, factor: float = 1.0, noise: float = 0.02, count: int = PAIRS) -> tuple:
    """Seconds of BASE and HEAD: 10 ms, with noise of a process and a drift of 30 % over the comparison."""
    drift = np.linspace(1.0, 1.3, count)
    base, head = (drift * 1e-2 * np.exp(generator.normal(0, noise, count)) for _ in range(2))
    return list(base), list(head * factor)


def verdicts(factor: float, *, times: int, family: int = 40, seed: int = 0, noise: float = 0.02) -> list[str]:
    generator = np.random.default_rng(seed)
    return [decide(*pairs(generator, factor, noise), family=family).verdict for _ in range(times)]


def test_alike_is_not_accused() -> None:
    found = verdicts(1.0, times=2000)
    assert found.count("slower") + found.count("faster") == 0
    assert found.count("same") > 1000


def test_a_tenth_slower_is_found_and_a_tenth_faster_too() -> None:
    assert verdicts(1.1, times=500).count("slower") >= 475
    assert verdicts(1 / 1.1, times=500).count("faster") >= 475


def test_below_the_effect_nobody_is_accused() -> None:
    found = verdicts(1.02, times=500, noise=0.001)
    assert found.count("slower") == 0
    assert found.count("same") > 450


def test_many_benchmarks_share_one_probability_of_an_alarm() -> None:
    alone = Rules(alarm=0.2, effect=0.0)
    shared = [
        sum(
            decide(*pairs(np.random.default_rng(seed)), family=family, rules=alone).verdict == "slower"
            for seed in range(400)
        )
        for family in (1, 40)
    ]
    assert shared[0] > 20
    assert shared[1] <= 8


def test_looking_often_does_not_raise_more_alarms() -> None:
    rules, looks, alarms = Rules(alarm=0.1, effect=0.0, same=0.0001), range(5, 60, 5), 0
    for seed in range(300):
        base, head = pairs(np.random.default_rng(seed), count=60)
        alarms += any(
            decide(base[:count], head[:count], look=look, rules=rules).verdict == "slower"
            for look, count in enumerate(looks, 1)
        )
    assert alarms <= 0.1 * 300 * 1.3


def test_few_pairs_decide_nothing() -> None:
    base, head = pairs(np.random.default_rng(0), 2.0, count=4)
    assert decide(base, head) == Decision("undecided", pytest.approx(2.0, rel=0.05), pairs=4, reason="only 4 pairs")
    assert decide([], []).verdict == "undecided"


def test_what_no_clock_shows_is_the_same() -> None:
    base, head = pairs(np.random.default_rng(0), 1.2, noise=0.005)
    assert decide(base, head).verdict == "slower"
    assert decide([one * 1e-4 for one in base], [one * 1e-4 for one in head]).verdict == "same"


def test_a_tiny_benchmark_that_became_a_large_one_is_accused() -> None:
    base, head = pairs(np.random.default_rng(0), 200.0, noise=0.005)
    assert decide([one * 1e-6 for one in base], [one * 1e-6 for one in head]).verdict == "slower"


def test_tiny_times_that_jump_about_are_not_called_the_same() -> None:
    base, head = pairs(np.random.default_rng(0), noise=2.0)
    assert decide([one * 1e-6 for one in base], [one * 1e-6 for one in head]).verdict == "undecided"


@pytest.mark.parametrize(("base", "head"), [([1.0], []), ([0.0] * 9, [1.0] * 9), ([1.0] * 9, [float("nan")] * 9)])
def test_senseless_times_are_refused(base: list[float], head: list[float]) -> None:
    with pytest.raises(ValueError, match="pairs|no time"):
        decide(base, head)


def test_one_session_against_the_sessions_of_a_baseline() -> None:
    generator = np.random.default_rng(0)
    nights = list(1e-2 * np.exp(generator.normal(0, 0.005, 8)))
    assert decide_against(nights, 1e-2 * 1.1).verdict == "slower"
    assert decide_against(nights, 1e-2 / 1.1).verdict == "faster"
    alike = [decide_against(nights, 1e-2 * np.exp(generator.normal(0, 0.005)), family=40).verdict for _ in range(500)]
    assert "slower" not in alike


def test_one_session_is_one_more_draw_and_no_mean() -> None:
    generator, rules = np.random.default_rng(1), Rules(alarm=0.1, effect=0.0, same=1e-6)
    alarms = 0
    for _ in range(600):  # a look spends half of the probability of an alarm: 5 %
        nights = np.exp(generator.normal(0, 0.02, 7))
        alarms += decide_against(list(nights[:6]), float(nights[6]), rules=rules).verdict == "slower"
    assert 15 <= alarms <= 50


def test_where_one_session_cannot_tell_it_says_run_ab() -> None:
    few = decide_against([1e-2, 1.01e-2], 2e-2)
    assert (few.verdict, few.reason) == ("undecided", "only 2 sessions in the baseline: run ab")
    noisy = decide_against([1e-2, 2e-2, 1e-2, 3e-2, 1e-2, 2e-2], 3e-2)
    assert (noisy.verdict, noisy.reason) == ("undecided", "one session cannot tell: run ab")


def test_change_points_of_a_history() -> None:
    generator = np.random.default_rng(0)
    level = np.repeat([1e-2, 1.2e-2, 0.9e-2], 12)
    found = change_points(list(level * np.exp(generator.normal(0, 0.01, 36))))
    assert [change.index for change in found] == [12, 24]
    assert [change.ratio for change in found] == [pytest.approx(1.2, rel=0.02), pytest.approx(0.75, rel=0.02)]
    steady = [change_points(list(1e-2 * np.exp(generator.normal(0, 0.02, 40)))) for _ in range(40)]
    assert sum(map(len, steady)) <= 1


def test_every_place_that_was_tried_counts() -> None:
    generator = np.random.default_rng(2)
    steady = [
        change_points(list(np.exp(generator.normal(0, 0.02, 30))), alarm=0.05, rules=Rules(effect=0.0))
        for _ in range(100)
    ]
    assert sum(map(bool, steady)) <= 10


def test_one_bad_night_is_no_change() -> None:
    assert change_points([1e-2] * 10 + [3e-2] + [1e-2] * 10) == []
    assert [change.index for change in change_points([1e-2] * 5 + [2e-2] * 5)] == [5]
    assert change_points([1e-2] * 12) == change_points([1e-2, 2e-2]) == change_points([]) == []


def test_a_process_that_was_disturbed_hides_no_slowdown() -> None:
    base, head = pairs(np.random.default_rng(0), factor=1.1, count=30)
    head[3], base[20] = 2 * head[3], 1.7 * base[20]
    assert decide(base, head, family=40).verdict == "slower"
    base, head = pairs(np.random.default_rng(0), count=30)
    head[3] *= 2
    assert decide(base, head, family=40).verdict == "same"
