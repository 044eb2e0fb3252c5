"""What is one line of ``benchmarks.jsonl``, and how does a run folder keep and give back such lines?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MEASUREMENTS = "benchmarks.jsonl"

_NUMBER = {"type": ["number", "null"]}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "silicon-cts measurement",
    "description": "What one benchmark took in one process.",
    "type": "object",
    "additionalProperties": False,
    "required": [
        "benchmark", "operator", "size", "dtype", "backend", "direction", "metric", "outcome", "reason", "process",
        "seconds", "minimum", "median", "deviation", "rounds", "gflops", "gigabytes", "peak_share", "memory",
        "allocated", "growth", "power", "thermal", "time",
    ],
    "properties": {
        "benchmark": {"type": "string", "description": "its name, the same in every run"},
        "operator": {"type": "string", "description": "row of the table of benchmarks: linear"},
        "size": {"type": "string", "description": "at which size: 1024x1024x1024"},
        "dtype": {"type": "string", "description": "dtype of its floating-point tensors"},
        "backend": {"type": "string", "description": "name of the backend"},
        "direction": {"type": "string", "description": "forward, or backward: forward and gradients"},
        "metric": {"type": "string", "description": "what was timed: steady, first_call, conversion, load_cold"},
        "outcome": {"enum": ["measured", "errored", "skipped"], "description": "whether it has figures"},
        "reason": {"type": "string", "description": "why it has none; empty if it was measured"},
        "process": {"type": "integer", "description": "which of the run's processes measured it, from 0"},
        "seconds": {**_NUMBER, "description": "lower quartile of its rounds: noise only ever adds time"},
        "minimum": {**_NUMBER, "description": "fastest round, seconds"},
        "median": {**_NUMBER, "description": "median of its rounds, seconds"},
        "deviation": {**_NUMBER, "description": "standard deviation of its rounds, seconds"},
        "rounds": {"type": "integer", "description": "number of rounds"},
        "gflops": {**_NUMBER, "description": "10^9 floating-point operations a second; null: not counted"},
        "gigabytes": {**_NUMBER, "description": "10^9 bytes a second, each tensor read or written once"},
        "peak_share": {**_NUMBER, "description": "share of the machine's own peak, measured in the same process"},
        "memory": {**_NUMBER, "description": "bytes that the device's driver holds after it; resident size on a CPU"},
        "allocated": {**_NUMBER, "description": "bytes that tensors on the device hold after it; null: nobody says"},
        "growth": {**_NUMBER, "description": "bytes that each new shape left behind; of the metric shape_growth"},
        "power": {"type": "string", "description": "AC, battery or unknown, after it"},
        "thermal": {"type": "string", "description": "macOS's thermal state or unknown, after it"},
        "time": {"type": "string", "description": "UTC, ISO 8601"},
    },
}  # fmt: skip
"""JSON Schema of one line; documented in ``reports/README.md``, which a test holds to this."""


@dataclass(frozen=True)
class Measurement:
    """What one benchmark took in one process. Fields as in :data:`SCHEMA`."""

    benchmark: str
    operator: str = ""
    size: str = ""
    dtype: str = ""
    backend: str = ""
    direction: str = "forward"
    metric: str = "steady"
    outcome: str = "measured"
    reason: str = ""
    process: int = 0
    seconds: float | None = None
    minimum: float | None = None
    median: float | None = None
    deviation: float | None = None
    rounds: int = 0
    gflops: float | None = None
    gigabytes: float | None = None
    peak_share: float | None = None
    memory: float | None = None
    allocated: float | None = None
    growth: float | None = None
    power: str = "unknown"
    thermal: str = "unknown"
    time: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether it has a time that can be compared."""
        return self.outcome == "measured" and self.seconds is not None and self.seconds > 0

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measurement:
        """The measurement of :meth:`to_json`; fields that a later version added are left out."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})


def append(folder: Path, measurement: Measurement) -> None:
    """Add one line to a run folder. Raises OSError where that cannot work."""
    with (folder / MEASUREMENTS).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(measurement.to_json(), allow_nan=False) + "\n")


def read(path: Path) -> tuple[list[Measurement], int]:
    """The measurements of a run folder or of such a file, and how many lines cannot be read.

    Raises OSError where there is no such file.
    """
    found, damaged = [], 0
    with (path / MEASUREMENTS if path.is_dir() else path).open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            try:
                found.append(Measurement.from_json(json.loads(line)))
            except (json.JSONDecodeError, TypeError, AttributeError):
                damaged += bool(line.strip())
    return found, damaged
