"""How many times as fast as the CPU is a backend with a model? From measurements of the same machine, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from silicon_cts.benchmarks.baselines import identity
from silicon_cts.benchmarks.figures import ratios_to_cpu
from silicon_cts.catalog.models.calls import task_of
from silicon_cts.records import measurement, run_folder
from silicon_cts.records.machines import is_control
from silicon_cts.records.measurement import MEASUREMENTS, Measurement
from silicon_cts.records.run_folder import Run, RunFolderError


@dataclass(frozen=True)
class Speeds:
    """What was timed, where anything was."""

    measured_in: str = ""
    """Name of the run folder that holds the measurements; empty if there is none."""
    times: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    """By model, task and backend, the CPU left out: how many times as fast as the CPU in float32.

    The backend is timed in float32 too or, where it has none, in float16.
    """


def speeds(run: Run) -> Speeds:
    """Of the run's own measurements or, where it has none, of the newest run beside it on the same machine."""
    for path in (run.path, *_beside(run)):
        with suppress(OSError):
            found, _ = measurement.read(path)
            if times := _times(found):
                return Speeds(path.name, times)
    return Speeds()


def _times(measurements: list[Measurement]) -> dict[tuple[str, str, str], float]:
    timed = [
        one for one in measurements if one.is_measured and one.metric == "steady" and task_of(one.operator) is not None
    ]
    halves, wholes = (
        {(one.operator, one.backend): one.seconds or 0.0 for one in timed if one.dtype == dtype}
        for dtype in ("float16", "float32")
    )
    halves = {key: seconds for key, seconds in halves.items() if not is_control(key[1])}
    return {
        (operator.split(".")[1], str(task_of(operator)), backend): ratio
        for (operator, backend), ratio in ratios_to_cpu(halves | wholes).items()
    }


def _beside(run: Run) -> Iterator[Path]:
    """Run folders with measurements of the same machine and versions, the newest first."""
    machine = run.description.get("fingerprint")
    if not isinstance(machine, dict) or not run.path.is_dir():
        return
    for path in sorted((one.parent for one in run.path.parent.glob(f"*/{MEASUREMENTS}")), reverse=True):
        with suppress(RunFolderError):
            other = run_folder.read(path).description.get("fingerprint")
            if not path.is_symlink() and isinstance(other, dict) and identity(other) == identity(machine):
                yield path
