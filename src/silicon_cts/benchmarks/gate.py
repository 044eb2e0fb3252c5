"""Did anything get slower than the pinned baseline? A gate that fails closed.

What was not compared has not passed: whatever is missing, broken or measured under conditions in which a time means
nothing is a failure with its reason.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from silicon_cts.benchmarks import baselines
from silicon_cts.benchmarks.baselines import Baseline, Session
from silicon_cts.benchmarks.conditions import problems
from silicon_cts.benchmarks.statistics import Decision, Rules, decide_against


@dataclass(frozen=True)
class Passage:
    """What the gate says of a run."""

    problems: tuple[str, ...]
    """Why times cannot be trusted or were not compared. Each of them is a failure."""
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    """By benchmark."""
    across: tuple[str, ...] = ()
    """What differs between the machines, where a person asked to compare across them."""

    @property
    def slower(self) -> list[str]:
        """Benchmarks that got slower."""
        return [name for name, decision in self.decisions.items() if decision.verdict == "slower"]

    @property
    def passed(self) -> bool:
        """Whether everything was compared and nothing got slower. What is undecided passes, and says: run ab."""
        return not self.problems and not self.slower and bool(self.decisions)


def judge(
    baseline: Baseline,
    run: Session,
    *,
    accepted: Collection[str] = (),
    across: bool = False,
    selected: Collection[str] | None = None,
    rules: Rules | None = None,
) -> Passage:
    """Hold a run against the baseline of its machine.

    ``accepted`` names conditions that a person takes upon themselves (``virtual``), ``across`` allows another machine
    or other versions, ``selected`` are the benchmarks that were asked for where not all were.
    """
    found = [f"the run {sentence}" for sentence in problems(run.described, run.measured, accepted)]
    for session in baseline.sessions:
        found += [
            f"the baseline's {session.name} {sentence}"
            for sentence in problems(session.described, session.measured, accepted)
        ]
    differing = baselines.differences(baseline.identity, baselines.identity(run.fingerprint))
    if differing and not across:
        found.append(f"the baseline is of another machine or other versions: {'; '.join(differing)}")
    times = [session.times() for session in baseline.sessions]
    expected = {name for one in times for name in one if selected is None or name in selected}
    now = run.times()
    found += _uncompared(expected, run, now)
    if not expected:
        found.append("the baseline has none of the benchmarks that were asked for: nothing was compared")
    decisions = {
        name: decide_against(
            [_middle(one[name]) for one in times if name in one], _middle(now[name]), family=len(expected), rules=rules
        )
        for name in sorted(expected & now.keys())
    }
    return Passage(tuple(found), decisions, tuple(differing) if across else ())


def _uncompared(expected: Collection[str], run: Session, now: Mapping[str, list[float]]) -> list[str]:
    """A sentence for each benchmark of the baseline that the run gives no time for, or not in every process."""
    told = []
    other = {one.benchmark: one for one in run.measured if not one.is_measured}
    new = [name for name in {one.benchmark for one in run.measured} if name not in expected]
    processes = max(int(run.described.get("processes") or 1), len({one.process for one in run.measured}))
    for name in sorted(expected):
        if name in other:
            told.append(f"{name} {other[name].outcome}: {other[name].reason or 'no reason given'}")
        elif name not in now:
            close = difflib.get_close_matches(name, new, n=1, cutoff=0.7)
            told.append(f"{name} is missing" + (f": renamed to {close[0]}? pin a new baseline" if close else ""))
        elif len(now[name]) < processes:
            told.append(f"{name} was measured in {len(now[name])} of {processes} processes")
    return told


def _middle(seconds: list[float]) -> float:
    """One time for one session: the geometric mean over its processes."""
    return math.exp(math.fsum(map(math.log, seconds)) / len(seconds))
