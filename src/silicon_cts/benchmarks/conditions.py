"""Was the machine in a state in which a time means something?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from silicon_cts.records.measurement import Measurement


@dataclass(frozen=True)
class Condition:
    """One thing that spoils times."""

    name: str
    sentence: str
    spoilt: Callable[[Mapping[str, Any], Iterable[Measurement]], bool]
    """From ``run.json`` and the measurements of a run."""


def _state(described: Mapping[str, Any], measured: Iterable[Measurement], key: str) -> set[str]:
    """Every state that was seen before, between and after the benchmarks."""
    fingerprint = described.get("fingerprint")
    first = fingerprint.get(key) if isinstance(fingerprint, Mapping) else None
    return {str(first or "unknown"), *(str(getattr(one, key)) for one in measured)}


def _fact(described: Mapping[str, Any], key: str) -> Any:
    fingerprint = described.get("fingerprint")
    return fingerprint.get(key) if isinstance(fingerprint, Mapping) else None


CONDITIONS: tuple[Condition, ...] = (
    Condition(
        "xdist",
        "ran under pytest-xdist: its processes slow each other down",
        lambda described, _: bool(described.get("xdist")),
    ),
    Condition(
        "battery",
        "ran on battery, where the chip is slower at times",
        lambda described, measured: "battery" in _state(described, measured, "power"),
    ),
    Condition(
        "throttled",
        "the machine was hot and throttled",
        lambda described, measured: bool(_state(described, measured, "thermal") & {"fair", "serious", "critical"}),
    ),
    Condition(
        "unread",
        "does not know whether the Mac throttled: pip install pyobjc-framework-Cocoa",
        lambda described, measured: (
            str(_fact(described, "system")).startswith("macOS") and "unknown" in _state(described, measured, "thermal")
        ),
    ),
    Condition(
        "virtual",
        "ran in a virtual machine, whose neighbours are not known",
        lambda described, _: _fact(described, "virtual") is True,
    ),
    Condition(
        "unknown",
        "run.json does not say on which machine it ran",
        lambda described, _: not isinstance(described.get("fingerprint"), Mapping),
    ),
)
"""A gate refuses each, unless a person accepts it by name."""
NAMES = tuple(one.name for one in CONDITIONS)


def problems(described: Mapping[str, Any], measured: Iterable[Measurement], accepted: Iterable[str] = ()) -> list[str]:
    """Why the times of a run cannot be trusted, in sentences, without what a person accepted by name."""
    measured, accepted = list(measured), set(accepted)
    return [
        f"{one.sentence} (--accept {one.name} to compare all the same)"
        for one in CONDITIONS
        if one.name not in accepted and one.spoilt(described, measured)
    ]
