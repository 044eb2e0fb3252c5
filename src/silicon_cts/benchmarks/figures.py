"""What does a time say of a machine: operations and bytes a second, and the share of what the machine can do at all?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from silicon_cts.records.machines import control_of, is_control

YARDSTICKS = ("matmul", "copy")
"""Rows of the table that measure the machine's own peak, in the same process as what is held against them."""


@dataclass(frozen=True)
class Work:
    """What one call does."""

    flop: float | None = None
    """Floating-point operations, a multiplication and an addition being two; None where nobody counts them (sort)."""
    bytes: float | None = None
    """Bytes of all arguments and results, each read or written once: what no implementation can do without."""


@dataclass(frozen=True)
class Peak:
    """What this machine reached on the yardsticks, for one dtype."""

    gflops: float | None = None
    gigabytes: float | None = None


@dataclass(frozen=True)
class Figures:
    """Derived from a time."""

    gflops: float | None
    gigabytes: float | None
    peak_share: float | None
    """The larger of the shares of the two peaks: what the operator is limited by. It may pass 1, when caches help."""


def figures(seconds: float, work: Work, peak: Peak | None = None) -> Figures:
    """GFLOP/s and GB/s (10^9) of a call that took ``seconds`` > 0; raises ValueError if it took no time."""
    if not seconds > 0:
        raise ValueError(f"a call that took {seconds} s was not timed")
    gflops = work.flop / seconds / 1e9 if work.flop else None
    gigabytes = work.bytes / seconds / 1e9 if work.bytes else None
    shares = [
        got / best
        for got, best in ((gflops, peak and peak.gflops), (gigabytes, peak and peak.gigabytes))
        if got is not None and best
    ]
    return Figures(gflops, gigabytes, max(shares, default=None))


def ratios_to_cpu(seconds: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """How many times as fast as the CPU of the same machine: from and to (benchmark without its backend, backend)."""
    return {
        (name, backend): seconds[control] / taken
        for (name, backend), taken in seconds.items()
        if not is_control(backend) and (control := (name, control_of(backend))) in seconds
    }


def lower_quartile(rounds: Sequence[float]) -> float:
    """The time that stands for many rounds: noise only ever adds time, but the fastest one may be a lucky one.

    Raises ValueError where there is no round.
    """
    if not rounds:
        raise ValueError("no round was measured")
    ordered = sorted(rounds)
    return ordered[(len(ordered) - 1) // 4]
