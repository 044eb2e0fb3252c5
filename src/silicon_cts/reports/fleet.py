"""How do the runs of many machines become one, with the machine in front of each backend?

A machine is what :func:`silicon_cts.benchmarks.baselines.identity` says: chip, memory, build of the system, versions.
Of several runs of one machine the newest record of each check is kept, and the newest run of each benchmark.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from silicon_cts.benchmarks.baselines import identity
from silicon_cts.records import machines, measurement
from silicon_cts.records.measurement import Measurement
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run, RunFolder
from silicon_cts.reports import coverage, description

_NAMED_BY = ("chip", "system", "memory_gib", "versions torch", "python", "versions coremltools", "versions coreai-core")
"""What a machine is named after: as much of it as tells it from the others."""
_TOLD = ("fixed", "unmatched", "not_exercised", "promoted")
"""Lists of sentences in ``run.json``."""


@dataclass(frozen=True)
class Machine:
    """The runs of one machine, oldest first."""

    label: str
    runs: tuple[Run, ...]

    @property
    def records(self) -> list[Record]:
        """The newest of each check, with the machine in front of the backend."""
        found = coverage.settled(one for run in self.runs for one in run.records)
        return [replace(one, backend=machines.on(self.label, one.backend)) for one in found]

    @property
    def superseded(self) -> int:
        """Records of older runs, of which there is a newer one."""
        return sum(len(coverage.settled(run.records)) for run in self.runs) - len(self.records)

    @property
    def measurements(self) -> list[Measurement]:
        """Of the newest run of each benchmark, from all of its processes."""
        found: dict[str, list[Measurement]] = {}
        for run in self.runs:
            with suppress(OSError):
                lines, _ = measurement.read(run.path)
                newer: dict[str, list[Measurement]] = {}
                for one in lines:
                    newer.setdefault(one.benchmark, []).append(one)
                found |= newer
        return [
            replace(one, backend=machines.on(self.label, one.backend), benchmark=machines.on(self.label, one.benchmark))
            for lines in found.values()
            for one in lines
        ]

    def described(self) -> dict[str, Any]:
        """What ``run.json`` says of it."""
        return {
            "fingerprint": self.runs[-1].description.get("fingerprint"),
            "runs": [run.path.name for run in self.runs],
            "records": len(self.records),
            "superseded": self.superseded,
            "state": " ".join(f"{run.path.name}: {told}" for run in self.runs if (told := description.state(run))),
        }


def fleet(runs: Iterable[Run]) -> list[Machine]:
    """The machines of these runs, by name."""
    ordered = sorted(runs, key=lambda run: (str(run.description.get("start") or ""), run.path.name))
    by_identity: dict[str, list[Run]] = {}
    for run in ordered:
        by_identity.setdefault(json.dumps(identity(description.mapping(run, "fingerprint"))), []).append(run)
    labels = _labels([identity(description.mapping(found[0], "fingerprint")) for found in by_identity.values()])
    found = [Machine(label, tuple(own)) for label, own in zip(labels, by_identity.values(), strict=True)]
    return sorted(found, key=lambda one: one.label)


def _labels(facts: Sequence[Mapping[str, Any]]) -> list[str]:
    """As short as tells them apart: ``m4``, or ``m4-macos-27-0-26a428``; numbered where nothing does."""
    labels = [""]
    for most in range(1, len(_NAMED_BY) + 1):
        labels = [_slug(*(one.get(name) for name in _NAMED_BY[:most])) for one in facts]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{label}-{place}" for label, place in zip(labels, count(1), strict=False)]


def _slug(*facts: Any) -> str:
    told = re.sub(r"\((R|TM)\)|\bApple\b", "", " ".join(str(one) for one in facts if one is not None))
    return re.sub(r"[^a-z0-9]+", "-", told.lower()).strip("-") or "unknown"


def write(path: Path, found: Sequence[Machine]) -> None:
    """One run folder of them all. Raises RunFolderError and OSError where that cannot work."""
    last = {machine.label: machine.runs[-1] for machine in found}
    backends: dict[str, Any] = {}
    unchecked: dict[str, Any] = {}
    told: dict[str, list[str]] = {name: [] for name in _TOLD}
    for label, run in last.items():
        for name, about in description.mapping(run, "backends").items():
            backends[machines.on(label, name)] = about
        unchecked |= description.mapping(run, "unchecked")
    for machine in found:
        for name, sentences in told.items():
            own = dict.fromkeys(one for run in machine.runs for one in description.lines(run, name))
            sentences += [f"{machine.label}: {one}" for one in own]
    operators = [run.description["operators"] for run in last.values() if "operators" in run.description]
    folder = RunFolder(
        path,
        {
            "machines": {machine.label: machine.described() for machine in found},
            "backends": backends,
            "unchecked": unchecked,
            **({"operators": max(operators)} if operators else {}),
            **told,
        },
    )
    for machine in found:
        for record in machine.records:
            folder.append(record)
        for one in machine.measurements:
            measurement.append(path, one)
    folder.finish(seconds=sum(description.seconds(run) or 0.0 for machine in found for run in machine.runs))
