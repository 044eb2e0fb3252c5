"""How does a list of tasks become one outcome each, whatever the backend does?

The worker is kept warm, replaced when it dies or is full, and a batch that fails as a whole is split until the task
that fails alone is found. What each process ran is remembered: an answer may depend on it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Backend, Capability
from silicon_cts.execution.process import WorkerProcess

_REMEMBERED = 1024
"""Tasks of which it is known what ran before them."""
_TOLD = 4
"""Of those before a task, the last few kinds."""


class Executor:
    """Runs tasks on one backend. Close it, or use it as a context manager."""

    def __init__(self, backend: Backend, deadline: float | None = None) -> None:
        """``deadline`` in seconds replaces the backend's own for every stage."""
        self.backend = backend
        self._deadline = deadline
        self._worker: WorkerProcess | None = None
        self._started = False
        self._processes = 0
        self._ran: deque[tuple[int, Task]] = deque(maxlen=_REMEMBERED)
        """With the number of its process, each task that was given to one."""

    @cached_property
    def capability(self) -> Capability:
        """What the backend declares."""
        return self.backend.capability()

    def run(self, tasks: Sequence[Task]) -> list[Outcome | None]:
        """One outcome a task, in order; None for a task that was not tried since its likes had failed before it."""
        return [found for batch in self._batches(tasks) for found in self._settle(batch)]

    def run_groups(
        self, groups: Sequence[Sequence[Task]], suspects: Collection[Task] = ()
    ) -> list[list[Outcome | None]]:
        """As :meth:`run` for several lists of tasks that are likely to fare alike: an operator in several dtypes.

        An ahead-of-time backend gets them all in one program, whose cost is mostly fixed; when that fails as a whole,
        each list is run by itself. ``suspects`` are tasks that are expected to fail: they are run alone from the
        start, so that they do not take the others down, unless the backend splits by itself.
        """
        found: dict[Task, Outcome | None] = {}
        if self.capability.ahead_of_time:
            for group in groups:
                for task in group if not self.capability.splits else ():
                    if task in suspects:
                        found |= zip([task], self._settle([task]), strict=True)
            left = [task for group in groups for task in group if task not in found]
            together = self._attempt(left) if left and len(left) <= self.capability.batch and len(groups) > 1 else None
            if isinstance(together, list):
                found |= zip(left, together, strict=True)
        failed_elsewhere: int | None = None
        for group in groups:
            left = [task for task in group if task not in found]
            if left and len(left) < len(group):
                found |= {
                    task: one
                    for batch in self._batches(left)
                    for task, one in zip(batch, self._once(batch), strict=True)
                }
            elif left:
                outcomes = self._ask_suspect_first(left, failed_elsewhere)
                found |= zip(left, outcomes, strict=True)
                failures = [one is not None and one.kind != "result" for one in outcomes]
                failed_elsewhere = failures.index(True) if True in failures else None
        return [[found[task] for task in group] for group in groups]

    def run_fresh(self, task: Task) -> Outcome:
        """The task alone, in a worker that has run nothing before it (in this process for an unisolated backend)."""
        self._drop_worker()
        return self.ask(task)

    def ask(self, task: Task, most: float | None = None) -> Outcome:
        """The task alone, in the worker as it is. ``most`` seconds for each stage, where its deadline is longer."""
        found = self._attempt([task], most)
        return found if isinstance(found, Outcome) else found[0]

    def before(self, task: Task) -> list[str]:
        """What ran in the same process before a task ran last: operator, aspect and dtype, the latest last."""
        ran = list(self._ran)
        place = next((index for index in reversed(range(len(ran))) if ran[index][1] == task), 0)
        names = [
            f"{one.recipe.operator} ({one.aspect}, {one.recipe.dtype})"
            for process, one in ran[:place]
            if process == ran[place][0]
        ]
        groups = [(name, len(list(group))) for name, group in groupby(names)]
        return [f"{name} {times} times" if times > 1 else name for name, times in groups][-_TOLD:]

    def close(self) -> None:
        """Kill the worker."""
        self._drop_worker()

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _batches(self, tasks: Sequence[Task]) -> list[Sequence[Task]]:
        size = self.capability.batch
        return [tasks[start : start + size] for start in range(0, len(tasks), size)]

    def _ask_suspect_first(self, group: Sequence[Task], suspect: int | None) -> list[Outcome | None]:
        """The sample that failed in another dtype alone, before it takes the others down with it again."""
        if suspect is None or len(group) > self.capability.batch or suspect >= len(group) or len(group) == 1:
            return self.run(group)
        alone = self._settle([group[suspect]])
        others = [*group[:suspect], *group[suspect + 1 :]]
        rest = self._once(others) if _failed(alone) else self._settle(others)
        return [*rest[:suspect], *alone, *rest[suspect:]]

    def _settle(self, batch: Sequence[Task]) -> list[Outcome | None]:
        """The batch together; if that fails as a whole, its first task alone; if that is well, search the others."""
        together = self._attempt(batch)
        if isinstance(together, list):
            return list(together)
        if len(batch) == 1:
            return [together]
        first, rest = self._settle(batch[:1]), batch[1:]
        if _failed(first):
            return first + self._once(rest)
        return first + self._search(rest)

    def _search(self, batch: Sequence[Task]) -> list[Outcome | None]:
        """Bisect until one task fails alone; what is left after that gets one try together."""
        together = self._attempt(batch)
        if isinstance(together, list):
            return list(together)
        if len(batch) == 1:
            return [together]
        middle = len(batch) // 2
        left = self._search(batch[:middle])
        right = self._once(batch[middle:]) if _failed(left) else self._search(batch[middle:])
        return left + right

    def _once(self, batch: Sequence[Task]) -> list[Outcome | None]:
        together = self._attempt(batch)
        if isinstance(together, list):
            return list(together)
        return [together] if len(batch) == 1 else [None] * len(batch)

    def _attempt(self, batch: Sequence[Task], most: float | None = None) -> list[Outcome] | Outcome:
        if self.capability.isolation == "none":
            self._ran.extend((self._processes, task) for task in batch)
            return self._run_here(batch)
        worker = self._warm_worker()
        self._ran.extend((self._processes, task) for task in batch)
        deadlines = self._deadlines()
        if most is not None:
            deadlines = {stage: min(seconds, most) for stage, seconds in deadlines.items()}
        answer = worker.run(batch, deadlines)
        if not worker.alive:
            self._drop_worker()
        return answer

    def _run_here(self, batch: Sequence[Task]) -> list[Outcome] | Outcome:
        if not self._started:
            self.backend.start()
            self._started = True
        begin = time.perf_counter()
        try:
            found = self.backend.run(batch, lambda _stage: None)
        except Exception as error:  # as in a worker: an outcome of the whole batch
            return outcome.exception(outcome.one_line(error), self.backend.stages[-1])
        share = (time.perf_counter() - begin) / max(len(batch), 1)
        return [replace(one, seconds=share) for one in found]

    def _deadlines(self) -> Mapping[str, float]:
        if self._deadline is None:
            return self.capability.deadlines
        return dict.fromkeys(self.backend.stages, self._deadline)

    def _warm_worker(self) -> WorkerProcess:
        limit = self.capability.recycle_after
        if self._worker is not None and limit is not None and self._worker.tasks_done >= limit:
            self._drop_worker()
        if self._worker is None or not self._worker.alive:
            self._processes += 1
            self._worker = WorkerProcess(self.backend.name, self.capability.isolation, self.backend.environment)
        return self._worker

    def _drop_worker(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None


def _failed(outcomes: Sequence[Outcome | None]) -> bool:
    return any(found is None or found.kind != "result" for found in outcomes)
