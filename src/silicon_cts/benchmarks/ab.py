"""Did one environment make it slower than another, on this machine, now? Interleaved processes until that is decided.

A process of BASE and one of HEAD make a pair; the order turns with every pair (A B, B A, A B ...), so that a machine
that warms up slows both alike. Benchmarks that are decided are not measured again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from silicon_cts.benchmarks.statistics import DECIDED, Decision, Rules, decide
from silicon_cts.records.measurement import Measurement

Side = Literal["base", "head"]
Measure = Callable[[Side, Sequence[str] | None], Sequence[Measurement]]
"""Measures these benchmarks (None: all) once, in a process of their own."""

LOOKS = (5, 8, 12, 18, 27, 40, 60, 90)
"""Pairs after which is decided. Each look spends some of the probability of an alarm, so they grow sparse."""


@dataclass(frozen=True)
class Comparison:
    """Where a comparison stands."""

    decisions: Mapping[str, Decision]
    problems: tuple[str, ...] = ()
    """Benchmarks that one side could not measure, or has not: each is a failure."""
    pairs: int = 0
    seconds: float = 0.0
    left: float = 0.0
    """Seconds of the time given that are left."""
    finished: bool = False

    @property
    def undecided(self) -> list[str]:
        """Benchmarks that need more pairs."""
        return [name for name, decision in self.decisions.items() if decision.verdict not in DECIDED]

    @property
    def slower(self) -> list[str]:
        """Benchmarks that are slower in HEAD."""
        return [name for name, decision in self.decisions.items() if decision.verdict == "slower"]

    @property
    def passed(self) -> bool:
        """Whether both sides measured everything and nothing is slower."""
        return bool(self.decisions) and not self.problems and not self.slower


@dataclass
class _Times:
    base: list[float] = field(default_factory=list)
    head: list[float] = field(default_factory=list)


def order(pair: int) -> tuple[Side, Side]:
    """A B for the first pair, B A for the second, and so on."""
    return ("base", "head") if pair % 2 == 0 else ("head", "base")


def compare(
    measure: Measure,
    *,
    seconds: float,
    rules: Rules | None = None,
    looks: Sequence[int] = LOOKS,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Comparison]:
    """Measure pair by pair; yields where it stands after each, the last one ``finished``.

    Ends when every benchmark is decided, after the last of ``looks``, or when the next pair would not end within
    ``seconds``. A benchmark that one of the sides could not measure is a problem, and is measured no more.
    """
    begin = now()
    times: dict[str, _Times] = {}
    broken: dict[str, str] = {}
    decisions: dict[str, Decision] = {}
    wanted: list[str] | None = None
    longest, taken = 0.0, 0
    for pair in range(max(looks)):
        started = now()
        found = {side: {one.benchmark: one for one in measure(side, wanted)} for side in order(pair)}
        longest = max(longest, now() - started)
        for name in dict.fromkeys([*found["base"], *found["head"], *(wanted or ())]):
            reason = _trouble(name, found["base"].get(name), found["head"].get(name))
            if reason:
                broken.setdefault(name, reason)
                continue
            kept = times.setdefault(name, _Times())
            kept.base.append(found["base"][name].seconds or 0.0)
            kept.head.append(found["head"][name].seconds or 0.0)
        if wanted is None and not times and not broken:
            broken["nothing"] = "no benchmark was measured: nothing was compared"
        left = seconds - (now() - begin)
        last = left < longest or pair + 1 == max(looks)
        if last or pair + 1 in looks:
            taken += 1
            decisions |= {
                name: decide(kept.base, kept.head, family=len(times), look=taken, rules=rules)
                for name, kept in times.items()
                if name not in broken and not _is_decided(decisions.get(name))
            }
        open_ones = [name for name in times if name not in broken and not _is_decided(decisions.get(name))]
        finished = last or not open_ones
        shown = {
            name: decisions.get(name) or Decision("undecided", None, pairs=len(kept.base), reason="not looked at yet")
            for name, kept in times.items()
            if name not in broken
        }
        yield Comparison(shown, tuple(broken.values()), pair + 1, now() - begin, max(left, 0.0), finished)
        if finished:
            return
        wanted = open_ones


def _is_decided(decision: Decision | None) -> bool:
    return decision is not None and decision.verdict in DECIDED


def _trouble(name: str, base: Measurement | None, head: Measurement | None) -> str:
    """Why a pair has no ratio; empty if it has one."""
    for side, one in (("BASE", base), ("HEAD", head)):
        if one is None:
            return f"{name} is missing in {side}"
        if not one.is_measured:
            return f"{name} {one.outcome} in {side}: {one.reason or 'no reason given'}"
    return ""
