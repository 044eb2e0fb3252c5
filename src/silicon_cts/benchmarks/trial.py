"""How often does a gate cry wolf, and how often does it miss one? ``python -m silicon_cts.benchmarks.trial RUN``.

``silicon-cts bench run --processes N`` measures one environment in many processes. Any two of its processes differ by
noise alone, so a comparison among them that raises an alarm is a false one; and a tenth added to some benchmarks of one
side is a slowdown that is known. What was measured once is so judged by several gates.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from silicon_cts.benchmarks.ab import LOOKS, Side, compare, order
from silicon_cts.benchmarks.baselines import BaselineError, Session, read_session
from silicon_cts.benchmarks.statistics import Rules
from silicon_cts.records.measurement import Measurement

PLANTED = 1.10
_SEED = 6
Pair = tuple[Mapping[str, Measurement], Mapping[str, Measurement]]
Gate = Callable[[Sequence[Pair]], set[str]]
"""From pairs of processes, BASE and HEAD, to the benchmarks that it calls slower."""


@dataclass(frozen=True)
class Score:
    """What came of all comparisons of one gate."""

    gate: str
    comparisons: int
    alarmed: int
    """Comparisons of an environment with itself that accused any benchmark."""
    found: int
    planted: int
    """Slowdowns that were found, of so many."""
    accused: int
    """Benchmarks without a slowdown that were accused beside one that had it."""


def ours(pairs: Sequence[Pair]) -> set[str]:
    """The decisions of ``bench ab``, fed from these pairs until they are used up."""
    feed = {
        "base": iter([base for base, _ in pairs]),
        "head": iter([head for _, head in pairs]),
    }

    def measure(side: Side, names: Sequence[str] | None) -> list[Measurement]:
        found = next(feed[side])
        return [one for name, one in found.items() if names is None or name in names]

    looks = [*(look for look in LOOKS if look < len(pairs)), len(pairs)]
    *_, standing = compare(measure, seconds=math.inf, looks=looks)
    return set(standing.slower)


def fastest_round(pairs: Sequence[Pair]) -> set[str]:
    """pytest-benchmark's ``--benchmark-compare-fail=min:5%``: two numbers, the fastest round of one process each."""
    base, head = pairs[0]
    return {
        name for name, one in base.items() if name in head and (head[name].minimum or 0) > 1.05 * (one.minimum or 0)
    }


def benchmatrix(pairs: Sequence[Pair]) -> set[str]:
    """benchmatrix's paired BCa bootstrap, corrected for the number of benchmarks, with the same effect of 3 %."""
    interval = importlib.import_module("benchmatrix.bench_statistics").bootstrap_paired_median_ratio_interval
    names = set.intersection(*(set(base) & set(head) for base, head in pairs))
    slower = set()
    for name in names:
        found = interval(
            [base[name].seconds or 0.0 for base, _ in pairs],
            [head[name].seconds or 0.0 for _, head in pairs],
            lower_is_better=False,  # so that slower is a positive percentage
            confidence_level=1 - 0.02 / len(names),
            resamples=10_000,
            random_seed=_SEED,
        )
        if found.low is not None and found.estimate is not None and found.low > 0 and found.estimate >= 3:
            slower.add(name)
    return slower


def comparisons(session: Session, pairs: int) -> Iterator[list[Pair]]:
    """Windows of processes that followed each other, none in two windows, turned as in ``bench ab``."""
    processes: dict[int, dict[str, Measurement]] = {}
    for one in session.measured:
        if one.is_measured:
            processes.setdefault(one.process, {})[one.benchmark] = one
    ordered = [processes[process] for process in sorted(processes)]
    for start in range(0, len(ordered) - 2 * pairs + 1, 2 * pairs):
        window = ordered[start : start + 2 * pairs]
        yield [
            (two[0], two[1]) if order(pair)[0] == "base" else (two[1], two[0])
            for pair in range(pairs)
            for two in [window[2 * pair : 2 * pair + 2]]
        ]


def drawn(session: Session, pairs: int, count: int) -> list[list[Pair]]:
    """So many comparisons of pairs drawn from all, in the order of time; two comparisons may share some."""
    one_by_one = [pair for window in comparisons(session, 1) for pair in window]
    generator = random.Random(_SEED)
    if len(one_by_one) < pairs:
        return []
    return [[one_by_one[at] for at in sorted(generator.sample(range(len(one_by_one)), pairs))] for _ in range(count)]


def plant(pairs: Sequence[Pair], names: set[str], factor: float = PLANTED) -> list[Pair]:
    """The same pairs, with HEAD slower by a factor in these benchmarks."""
    return [
        (base, {name: _slowed(one, factor) if name in names else one for name, one in head.items()})
        for base, head in pairs
    ]


def score(name: str, gate: Gate, windows: Sequence[Sequence[Pair]], planted: int) -> Score:
    """Judge each window as it is, and once more with slowdowns planted in some benchmarks, drawn by a fixed seed.

    Not in those so short that a tenth of them is less than anybody cares about.
    """
    generator = random.Random(_SEED)
    alarmed = found = accused = total = 0
    for window in windows:
        alarmed += bool(gate(window))
        able = sorted(name for name, one in window[0][0].items() if (one.seconds or 0.0) * (PLANTED - 1) > Rules.floor)
        chosen = set(generator.sample(able, min(planted, len(able))))
        slower = gate(plant(window, chosen))
        total += len(chosen)
        found += len(slower & chosen)
        accused += len(slower - chosen)
    return Score(name, len(windows), alarmed, found, total, accused)


def _slowed(one: Measurement, factor: float) -> Measurement:
    return replace(one, seconds=(one.seconds or 0.0) * factor, minimum=(one.minimum or 0.0) * factor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each gate."""
    parser = argparse.ArgumentParser(prog="python -m silicon_cts.benchmarks.trial", description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, metavar="RUN", help="made by silicon-cts bench run --processes N")
    parser.add_argument("--pairs", type=int, default=12, help="pairs in a comparison (12); N = 2 x pairs x comparisons")
    parser.add_argument(
        "--drawn", type=int, metavar="N", help="N comparisons of pairs drawn from all, which may overlap"
    )
    parser.add_argument("--planted", type=int, default=5, help="benchmarks slowed by 10 %% in each comparison (5)")
    asked = parser.parse_args(arguments)
    try:
        session = read_session(asked.run)
        windows = drawn(session, asked.pairs, asked.drawn) if asked.drawn else list(comparisons(session, asked.pairs))
    except BaselineError as error:
        parser.error(str(error))
    if not windows:
        parser.error(f"{asked.run} has fewer than {2 * asked.pairs} processes")
    gates: list[tuple[str, Gate]] = [("silicon-cts ab", ours), ("min:5%", fastest_round)]
    if importlib.util.find_spec("benchmatrix") is not None:
        gates.append(("benchmatrix", benchmatrix))
    else:
        print("benchmatrix is not installed: not judged", file=sys.stderr)
    print(f"{len(windows)} comparisons of {len(windows[0][0][0])} benchmarks, {asked.pairs} pairs each")
    print(f"{'gate':<16} {'false alarms':>14} {'found':>12} {'wrongly accused':>16}")
    for name, gate in gates:
        one = score(name, gate, windows, asked.planted)
        print(
            f"{name:<16} {one.alarmed:>7} of {one.comparisons:<3} {one.found:>5} of {one.planted:<3} {one.accused:>16}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
