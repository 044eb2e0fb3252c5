"""How do people read what the gate or a comparison of two environments says? As lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from silicon_cts.benchmarks.ab import Comparison
from silicon_cts.benchmarks.gate import Passage
from silicon_cts.benchmarks.statistics import Decision
from silicon_cts.reports.text import count, duration

MOST = 40
_ORDER = ("slower", "undecided", "faster", "same")


def passage(found: Passage) -> str:
    """What the gate says of a run against the pinned baseline."""
    rows = [f"FAILED     {problem}" for problem in found.problems[:MOST]]
    if len(found.problems) > MOST:
        rows.append(f"FAILED     and {len(found.problems) - MOST:,} more")
    if found.across:
        rows.append(f"ACROSS     machines or versions that differ: {'; '.join(found.across)}")
    rows += _decisions(found.decisions)
    rows.append("passed: nothing got slower" if found.passed else "not passed")
    return "\n".join(rows)


def comparison(found: Comparison, *, finished: bool = True) -> str:
    """Where a comparison of two environments stands; every benchmark when it is ``finished``, one line until then."""
    counts = Counter[str](decision.verdict for decision in found.decisions.values())
    told = "  ".join(f"{name} {counts[name]}" for name in _ORDER if counts[name])
    if not finished:
        left = f"{duration(found.left)} left at most"
        return f"{count(found.pairs, 'pair')} in {duration(found.seconds)}, {left}: {told or 'nothing yet'}"
    rows = [f"FAILED     {problem}" for problem in found.problems[:MOST]]
    rows += _decisions(found.decisions)
    rows.append(f"{count(found.pairs, 'pair')} in {duration(found.seconds)}: {told or 'nothing was compared'}")
    return "\n".join(rows)


def _decisions(decisions: Mapping[str, Decision]) -> Iterator[str]:
    ordered = sorted(decisions.items(), key=lambda one: (_ORDER.index(one[1].verdict), -(one[1].ratio or 0), one[0]))
    for name, decision in ordered:
        yield f"{decision.verdict:<10} {_ratio(decision):<26} {name}{f': {decision.reason}' if decision.reason else ''}"


def change(decision: Decision) -> str:
    """``+12.3 %``; ``-`` where there is no ratio."""
    return "-" if decision.ratio is None else f"{(decision.ratio - 1) * 100:+.1f} %"


def _ratio(decision: Decision) -> str:
    if decision.low is None or decision.high is None:
        return change(decision)
    return f"{change(decision)} ({(decision.low - 1) * 100:+.1f} to {(decision.high - 1) * 100:+.1f})"
