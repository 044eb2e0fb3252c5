"""Is one slower than the other, and can that be told from so few processes? Pure functions on seconds.

What is compared are processes, not rounds: caches, the layout of memory and clocks differ from process to process, so
the rounds of one process agree with each other more than they agree with the truth. Each process gives one time; two
processes that ran side by side give one log ratio, which drift of the machine moves little; Student's t on those, with
a tenth of them left out at each end (K. K. Yuen, "The two-sample trimmed t for unequal population variances",
Biometrika 61, 1974): whatever else runs on the machine for a moment hits one process and not the other, so that the
ratios have heavy tails.

Student's t is taken from scipy. A bootstrap is not used: of 5 to 10 pairs it promises 0.5 % false alarms and gives 2 to
6 %. That is also why benchmatrix does not decide here: its formal inference is a BCa bootstrap, and it compares two
working directories under one interpreter, where two environments are asked about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["slower", "faster", "same", "undecided"]
DECIDED: tuple[Verdict, ...] = ("slower", "faster", "same")


@dataclass(frozen=True)
class Rules:
    """What it takes to decide."""

    alarm: float = 0.01
    """Probability that any benchmark of a whole comparison is wrongly called slower (and the same for faster)."""
    same: float = 0.05
    """Probability that one benchmark is called the same although it differs by more than :attr:`effect`."""
    effect: float = 0.03
    """Relative difference below which nobody cares."""
    floor: float = 1e-6
    """Seconds below which nobody cares, whatever the ratio: the timer and the call itself are of that size."""
    least: int = 5
    """Pairs, or sessions of a baseline, below which nothing is decided."""


@dataclass(frozen=True)
class Decision:
    """What can be said of one benchmark."""

    verdict: Verdict
    ratio: float | None
    """HEAD over BASE, geometric mean of what is not left out; None if there is not one pair."""
    low: float | None = None
    """The ratio is at least this, at the level at which alarms are raised."""
    high: float | None = None
    pairs: int = 0
    reason: str = ""
    """Why it is undecided."""


def decide(
    base: Sequence[float], head: Sequence[float], *, family: int = 1, look: int = 1, rules: Rules | None = None
) -> Decision:
    """Decide from pairs: ``base[i]`` and ``head[i]`` are seconds of two processes that ran side by side.

    ``family`` is the number of benchmarks in the comparison, over which the probability of an alarm is shared
    (Bonferroni: each may be decided at another look, so Holm's order is not known in time). ``look`` is how often these
    data have been looked at, this time included: the k-th look may spend 1/(k(k+1)) of that, which sums to 1 however
    often one looks. Raises ValueError for unpaired or senseless times.
    """
    rules = rules or Rules()
    if len(base) != len(head):
        raise ValueError(f"{len(base)} times of BASE and {len(head)} of HEAD are no pairs")
    logs = [math.log(_positive(after) / _positive(before)) for before, after in zip(base, head, strict=True)]
    if not logs:
        return Decision("undecided", None, reason="it was never measured in both")
    count = len(logs)
    if count < max(rules.least, 2):
        return Decision("undecided", math.exp(math.fsum(logs) / count), pairs=count, reason=f"only {count} pairs")
    mean, spread, freedom = _trimmed(logs)
    seconds = math.exp(math.fsum(map(math.log, base)) / count)
    return _judge(mean, spread, freedom, count, seconds, family, look, rules)


def decide_against(baseline: Sequence[float], now: float, *, family: int = 1, rules: Rules | None = None) -> Decision:
    """Decide from one session against the sessions of a baseline, seconds each.

    One more session of an unchanged machine lies where the prediction interval of the baseline says, with the spread
    from session to session in it: log mean +- t * deviation * sqrt(1 + 1/n). With fewer sessions than ``rules.least``
    that spread is not known, and nothing is decided.
    """
    rules = rules or Rules()
    if not baseline:
        return Decision("undecided", None, reason="the baseline has no time for it")
    logs = [math.log(_positive(one)) for one in baseline]
    mean, count = math.fsum(logs) / len(logs), len(logs)
    ratio = math.log(_positive(now)) - mean
    if count < max(rules.least, 2):
        reason = f"only {count} sessions in the baseline: run ab"
        return Decision("undecided", math.exp(ratio), pairs=count, reason=reason)
    spread = _deviation(logs, mean) * math.sqrt(1 + 1 / count)
    found = _judge(ratio, spread, count - 1, count, math.exp(mean), family, 1, rules)
    if found.verdict != "undecided":
        return found
    return Decision("undecided", found.ratio, found.low, found.high, count, "one session cannot tell: run ab")


def _judge(
    mean: float, spread: float, freedom: int, count: int, seconds: float, family: int, look: int, rules: Rules
) -> Decision:
    spent = 1 / (look * (look + 1))
    reach = _quantile(rules.alarm * spent / max(family, 1), freedom) * spread
    narrow = _quantile(rules.same * spent, freedom) * spread
    low, high = mean - reach, mean + reach
    matters = math.log1p(rules.effect)
    verdict: Verdict = "undecided"
    if abs(math.expm1(mean)) * seconds < rules.floor and (abs(mean) + narrow) < math.log(2):
        verdict = "same"  # a difference that no clock shows and no person feels
    elif low > 0 and mean >= matters:
        verdict = "slower"
    elif high < 0 and mean <= -matters:
        verdict = "faster"
    elif mean + narrow < matters and mean - narrow > -matters:
        verdict = "same"
    reason = "" if verdict != "undecided" else f"between {math.exp(low):.3f} and {math.exp(high):.3f}"
    return Decision(verdict, math.exp(mean), math.exp(low), math.exp(high), count, reason)


_LEFT_OUT = 0.1
"""Share of the ratios at each end."""


def _trimmed(logs: Sequence[float]) -> tuple[float, float, int]:
    """Trimmed mean, its standard error from the winsorised deviation, and degrees of freedom."""
    count, cut = len(logs), int(_LEFT_OUT * len(logs))
    ordered, kept = sorted(logs), count - 2 * cut
    winsorised = [min(max(one, ordered[cut]), ordered[-1 - cut]) for one in logs]
    spread = _deviation(winsorised, math.fsum(winsorised) / count) * math.sqrt(count) / kept
    return math.fsum(ordered[cut : count - cut]) / kept, spread, kept - 1


def _quantile(probability: float, freedom: int) -> float:
    """Upper quantile of Student's t."""
    from scipy.stats import t

    return float(t.isf(probability, freedom))


def _deviation(values: Sequence[float], mean: float) -> float:
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _positive(seconds: float) -> float:
    if not (seconds > 0 and math.isfinite(seconds)):
        raise ValueError(f"{seconds} s is no time that a call can take")
    return seconds
