"""Which backends run programs, which rows of the table are asked of them, and in which dtypes?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from importlib import import_module

from silicon_cts.backends import registry
from silicon_cts.benchmarks.figures import YARDSTICKS
from silicon_cts.benchmarks.measure import ROWS, Case
from silicon_cts.benchmarks.programs.program import METRICS, Program
from silicon_cts.benchmarks.table import Row
from silicon_cts.catalog.models.calls import PROGRAMS, task_of
from silicon_cts.training.runners import table as runners

FAMILIES = {
    "coreai": "coreai:CoreAIProgram",
    "coreai-*": "coreai:CoreAIProgram",
    "coreml-reference": "coreml:Converted",
    "coreml-*": "coreml:CoreMLProgram",
}
"""By backend or glob of backends: file in this folder and class."""
_TRAINING = "training:TrainingProgram"
_DTYPES = ("float32", "float16")
_EAGER = ("to_host", "to_device")
"""Operators that move tensors between host and device, which no program does."""


def runs_programs(backend: str) -> bool:
    """Whether a backend is one of these."""
    return _family(backend) is not None


def kind(backend: str, row: Row) -> type[Program]:
    """The class that runs a row on one of these backends."""
    reference = _TRAINING if task_of(row.operator) == "training" else _family(backend)
    assert reference is not None
    file, _, name = reference.partition(":")
    found: type[Program] = getattr(import_module(f"{__name__.rpartition('.')[0]}.{file}"), name)
    return found


def cases(backends: Iterable[str], rows: Iterable[Row] = ROWS) -> Iterator[Case]:
    """The benchmarks of these backends, all stages of a program after each other. The yardsticks come first."""
    ordered = sorted(rows, key=lambda row: row.operator not in YARDSTICKS)
    for backend in backends:
        computed = set(registry.get(backend).capability().ways.values())
        dtypes = [one for one in _DTYPES if one in computed or "" in computed]
        for row in ordered:
            if not _is_asked(backend, row):
                continue
            stages = kind(backend, row).stages
            for dtype in dtypes:
                if dtype in row.dtypes:
                    yield from (Case(row, dtype, "forward", backend, one) for one in METRICS if one in stages)


def _is_asked(backend: str, row: Row) -> bool:
    if task_of(row.operator) != "training":
        return row.operator not in _EAGER
    trains = runners.row(backend) is not None and "steady" in kind(backend, ROWS[0]).stages
    return trains and row.operator.split(".")[1] in PROGRAMS


def _family(backend: str) -> str | None:
    return next((found for pattern, found in FAMILIES.items() if fnmatchcase(backend, pattern)), None)
