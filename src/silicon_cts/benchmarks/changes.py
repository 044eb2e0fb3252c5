"""In a history of times, where did the level change?

A history is split where a Student t-test on log times, corrected for every place that was tried, tells the two sides
apart and their means differ enough to matter; then each side again (binary segmentation). scipy carries the test.
apache-otava does more of the kind but cannot be installed beside current versions (it pins one release of numpy, and
brings clients of BigQuery, Slack and PostgreSQL); ruptures segments without a significance and has no Python 3.14.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from silicon_cts.benchmarks.statistics import Rules

LEAST = 3
"""Times on each side of a change: one bad night is none."""


@dataclass(frozen=True)
class Change:
    """The level changed before the time at ``index``."""

    index: int
    ratio: float
    """Level after it over level before it."""
    probability: float
    """Of a change as large as this by chance, corrected for all places that were tried."""


def change_points(seconds: Sequence[float], *, alarm: float = 0.01, rules: Rules | None = None) -> list[Change]:
    """The changes of level in times, in their order. Times that are not positive raise ValueError."""
    if any(not one > 0 for one in seconds):
        raise ValueError("a time that is not positive is no time")
    logs = [math.log(one) for one in seconds]
    found = sorted(_split(logs, 0, alarm, rules or Rules()))
    ends = [*(index for index, _ in found[1:]), len(logs)]
    starts = [0, *(index for index, _ in found[:-1])]
    return [
        Change(index, math.exp(_mean(logs[index:end]) - _mean(logs[start:index])), probability)
        for (index, probability), start, end in zip(found, starts, ends, strict=False)
    ]


def _split(logs: Sequence[float], offset: int, alarm: float, rules: Rules) -> list[tuple[int, float]]:
    """Places at which to split, each with its probability."""
    places = range(LEAST, len(logs) - LEAST + 1)
    if not places:
        return []
    probability, place = min((_probability(logs[:place], logs[place:]), place) for place in places)
    probability = min(1.0, probability * len(places))
    step = _mean(logs[place:]) - _mean(logs[:place])
    if probability > alarm or abs(step) < math.log1p(rules.effect):
        return []
    return [
        *_split(logs[:place], offset, alarm, rules),
        (offset + place, probability),
        *_split(logs[place:], offset + place, alarm, rules),
    ]


def _probability(before: Sequence[float], after: Sequence[float]) -> float:
    """That two sides of one level differ as much as these."""
    from scipy.stats import ttest_ind

    if len(set(before)) == len(set(after)) == 1:  # without any spread there is no t
        return float(before[0] == after[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that one of the sides has hardly any spread
        return float(ttest_ind(before, after).pvalue)


def _mean(logs: Sequence[float]) -> float:
    return math.fsum(logs) / len(logs)
