"""Runs made up for the tests of the reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run, RunFolder, read
from silicon_cts.reports.legend import GRADES, VERDICTS

HOSTILE = "</script><img src=x onerror=alert(1)> & | `x` **b** \x1b[31m $a$ \ud800 [l](http://e) @you {{ 7 * 7 }}"
FINGERPRINT: dict[str, Any] = {
    "chip": "Apple M3 Max",
    "cores": 14,
    "memory_gib": 36,
    "virtual": False,
    "rosetta": False,
    "system": "macOS 27.0 (26A428)",
    "machine": "arm64",
    "python": "3.12.4",
    "silicon_cts": "0.1.0",
    "versions": {"torch": "2.13.0", "coreai-core": "1.0.0b3"},
    "environment": {},
}
DESCRIPTION: dict[str, Any] = {
    "fingerprint": FINGERPRINT,
    "options": {"budget": "quick", "seed": 3, "backend": ["mps"], "op": [], "deadline": None},
    "backends": {
        "mps": {"absent": None, "remedy": "", "dtypes": ["float32"], "aspects": ["forward"], "marks": ["mps"]},
        "cuda": {"absent": "no such GPU", "remedy": "buy one"},
    },
}
ENDING: dict[str, Any] = {
    "operators": 702,
    "unchecked": {"to_sparse": "returns a sparse tensor"},
    "fixed": ["mps cumsum rank 5: remove it"],
    "unmatched": ["mps old_one"],
    "not_exercised": ["fault mps-1 never fired in 12 checks: a gap of the sampling, not a pass"],
    "promoted": ["suites/operators/regressions/std.json"],
    "exit_status": 1,
    "seconds": 252.3,
}


def record(operator: str = "std", verdict: str = "agrees", grade: str = "", **more: Any) -> Record:
    """A record of which only what matters is given."""
    defaults: dict[str, Any] = {
        "variant": "",
        "aspect": "forward",
        "dtype": "float32",
        "backend": "mps",
        "counts": {verdict: 2},
    }
    return Record(operator=operator, verdict=verdict, grade=grade, **{**defaults, **more})


def every_verdict() -> list[Record]:
    """One record of each grade and each verdict, and one known issue."""
    agreeing = [record(f"good{grade}", grade=grade, ratio=1.5) for grade in GRADES]
    others = [
        record(f"bad_{verdict}", verdict, reason=f"because {verdict}", script="import torch\n\nprint(1)\n", seconds=0.5)
        for verdict in VERDICTS
        if verdict != "agrees"
    ]
    return [*agreeing, *others, record("old", "crashed", reason="SIGABRT", known_issue="mps-old")]


def run(path: Path, records: list[Record], *, finished: bool = True, description: dict[str, Any] = DESCRIPTION) -> Run:
    """These records as a run on disk, read back."""
    folder = RunFolder(path, description)
    for one in records:
        folder.append(one)
    if finished:
        folder.finish(**ENDING)
    return read(path)
