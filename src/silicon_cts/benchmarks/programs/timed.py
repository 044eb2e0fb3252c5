"""How is a program timed stage by stage, in a process that a crash or a hang takes down and nothing else?

Core AI aborts its process on some operators, and Core ML can hang where no timer inside the process stops it. So a
program is timed in a warm worker, as conformance checks run in one. The times are read in that very process, between
nothing but the call: the pipe is crossed once for each program, when all of them are there.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Outcome
from silicon_cts.backends.protocol import Backend, Enter
from silicon_cts.benchmarks.figures import Work
from silicon_cts.benchmarks.measure import ROWS, resident, rounds_for, work_of
from silicon_cts.benchmarks.programs.program import METRICS, Program
from silicon_cts.benchmarks.programs.table import kind
from silicon_cts.execution import worker
from silicon_cts.execution.process import WorkerProcess

MOST_SECONDS = 10.0
"""For one call; what takes longer is no benchmark."""


@dataclass(frozen=True)
class Asked:
    """One program."""

    row: str
    """Id of the row of the table."""
    dtype: str
    seconds: float
    """About as long for the metric ``steady``."""
    before: str = ""
    """Stage of the backend at which it is known to die, and which is not entered; empty: all are."""


@dataclass(frozen=True)
class Timed(Outcome):
    """What came of one program, which may have ended before it had all of its stages."""

    rounds: dict[str, list[float]] = field(default_factory=dict)
    """By metric, the seconds of each round."""
    memory: dict[str, float] = field(default_factory=dict)
    """By metric, the resident size of the process after it, bytes."""
    work: Work = Work()  # noqa: RUF009  frozen


def timed(backend: Backend, batch: Sequence[Asked], enter: Enter) -> list[Timed]:
    """Time programs, each by itself: what the worker does."""
    rows = {row.id: row for row in ROWS}
    found = []
    for asked in batch:
        with tempfile.TemporaryDirectory(prefix="silicon-cts-") as folder:
            row = rows[asked.row]
            enter(backend.stages[0])
            program = kind(backend.name, row)(backend.name, row, asked.dtype, Path(folder))
            found.append(stages(program, _before(program, asked.before), asked.seconds, enter))
    return found


def _before(program: Program, stage: str) -> list[str]:
    metrics = [one for one in METRICS if one in program.stages]
    return list(takewhile(lambda metric: program.stages[metric] != stage, metrics))


def stages(
    program: Program,
    metrics: Sequence[str],
    seconds: float,
    enter: Enter,
    now: Callable[[], float] = time.perf_counter,
) -> Timed:
    """Time a program's stages in order, each once, and the last call after call for about so many seconds.

    One that fails ends it: what follows needs it. What was timed before is kept.
    """
    rounds: dict[str, list[float]] = {}
    memory: dict[str, float] = {}
    stage, ended = "", Outcome("result")

    def once(work: Callable[[], None]) -> float:
        begin = now()
        work()
        return now() - begin

    try:
        for metric in metrics:
            stage, work = program.stages[metric], program.timed(metric)
            enter(stage)
            many = rounds_for(once(work), seconds) if metric == "steady" else 1
            rounds[metric] = [once(work) for _ in range(many)]
            memory[metric] = resident()
    except Exception as error:
        ended = program.failure(error, stage)
    finally:
        program.close()
    counted = work_of(program.row, program.inputs) if program.inputs else Work()
    return Timed(ended.kind, reason=ended.reason, stage=ended.stage, rounds=rounds, memory=memory, work=counted)


class Times:
    """The programs of one backend, timed as they are asked for; the last one is kept for its other metrics."""

    def __init__(self, backend: str, seconds: float, work: worker.Work = timed) -> None:
        self._backend = registry.get(backend)
        self._seconds = seconds
        self._work = work
        self._worker: WorkerProcess | None = None
        self._last: tuple[Asked, Outcome] | None = None

    def ask(self, row: str, dtype: str) -> Outcome:
        """What came of a program: :class:`Timed`, or the crash or hang that took its process."""
        asked = Asked(row, dtype, self._seconds)
        if self._last is None or self._last[0] != asked:
            self._last = asked, self._ask(asked)
        return self._last[1]

    def _ask(self, asked: Asked) -> Outcome:
        """Where a stage takes the process down, the stages before it are timed in another."""
        found = self._run(asked)
        if not asked.before and found.kind in ("crash", "hang"):
            before = self._run(replace(asked, before=found.stage))
            if isinstance(before, Timed):
                return replace(before, kind=found.kind, reason=found.reason, stage=found.stage)
        return found

    def _run(self, asked: Asked) -> Outcome:
        capability = self._backend.capability()
        if self._worker is None:
            backend = self._backend
            self._worker = WorkerProcess(backend.name, capability.isolation, backend.environment, self._work)
        found = self._worker.run([asked], {**capability.deadlines, "run": MOST_SECONDS})
        if not self._worker.alive:
            self.close()
        return found if isinstance(found, Outcome) else found[0]

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None
