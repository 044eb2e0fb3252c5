"""How is a worker process started, waited for and killed?

Looked at first: Pebble (a deadline for a task, but not for its stages; a dead worker is an exit code without its last
words; no process group) and loky (no deadlines; one crash breaks the pool). Neither can do deadline by stage, reason of
a crash and reuse together, so this is ``multiprocessing`` and a pipe.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from silicon_cts.backends.outcome import Outcome
from silicon_cts.backends.protocol import Isolation
from silicon_cts.execution import template, worker
from silicon_cts.execution.wire import unpack
from silicon_cts.execution.worker import Work

START_SECONDS = 180.0
"""Deadline for making a worker warm."""
_LOG_TAIL_BYTES = 8192
_LAST_LINES = 6


class WorkerProcess:
    """One warm worker of one backend, with a folder of its own for temporary files."""

    def __init__(
        self,
        backend: str,
        isolation: Isolation,
        environment: Mapping[str, str] | None = None,
        work: Work = worker.tasks,
    ) -> None:
        assert isolation != "none"
        self.tasks_done = 0
        self._said_before = 0
        self._folder = tempfile.mkdtemp(prefix="silicon-cts-worker-")
        self._log = str(Path(self._folder) / "stderr.log")
        Path(self._log).touch()
        context: Any = multiprocessing.get_context(isolation)
        if isolation == "forkserver":
            context.set_forkserver_preload([template.__name__])
            os.environ[template.VARIABLE] = backend  # read once, if this start is the one that starts the fork server
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, backend, self._folder, self._log, dict(environment or {}), work)
        self._process = context.Process(target=worker.serve, args=arguments, daemon=True)
        self._process.start()
        os.environ.pop(template.VARIABLE, None)
        theirs.close()
        self._failure = self._wait({"start": START_SECONDS})

    @property
    def alive(self) -> bool:
        """Whether it can be given another batch."""
        return bool(self._process.is_alive())

    def run(self, tasks: Sequence[Any], deadlines: Mapping[str, float]) -> list[Outcome] | Outcome:
        """Outcomes of the tasks, or the one outcome (exception, crash or hang) that befell the whole batch.

        ``tasks`` are what its work takes. After a crash or a hang the worker is gone.
        """
        if isinstance(self._failure, Outcome):  # it died while starting
            return self._failure
        self._said_before = Path(self._log).stat().st_size
        try:
            self._pipe.send(list(tasks))
        except (BrokenPipeError, OSError):
            return self._crashed("before the batch", 0.0)
        answer = self._wait(deadlines)
        self.tasks_done += len(tasks)
        return answer

    def close(self) -> None:
        """Kill the worker's whole process group and remove its folder, with what it had no time to remove."""
        self._kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self, deadlines: Mapping[str, float]) -> list[Outcome] | Outcome:
        begin = entered = time.monotonic()
        stage = next(iter(deadlines))
        while True:
            allowed = deadlines.get(stage, max(deadlines.values()))
            left = entered + allowed - time.monotonic()
            ready = wait([self._pipe, self._process.sentinel], timeout=max(left, 0.0))
            if not ready:
                self._kill()
                reason = f"no answer in stage {stage} within {allowed:g} s; the worker was killed"
                return Outcome(
                    "hang", reason=self._with_last_words(reason), stage=stage, seconds=time.monotonic() - begin
                )
            try:
                if not self._pipe.poll():  # only the sentinel: it died
                    raise EOFError
                kind, content = self._pipe.recv()
            except (EOFError, OSError):
                return self._crashed(stage, time.monotonic() - begin)
            if kind == "stage":
                stage, entered = content, time.monotonic()
            elif kind == "done":
                return [unpack(found) for found in content]
            else:
                failed: Outcome = content
                return failed

    def _crashed(self, stage: str, seconds: float) -> Outcome:
        self._process.join(timeout=5)
        self._kill()
        reason = f"{_describe_exit(self._process.exitcode)} in stage {stage}"
        return Outcome("crash", reason=self._with_last_words(reason), stage=stage, seconds=seconds)

    def _kill(self) -> None:
        pid = self._process.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        if self._process.is_alive():
            self._process.kill()
        self._process.join(timeout=5)
        self._pipe.close()

    def _with_last_words(self, reason: str) -> str:
        words = last_words(Path(self._log), self._said_before)
        return f"{reason}; last words: {words}" if words else reason


def last_words(log: Path, start: int = 0) -> str:
    """The last lines of a worker's stderr from byte ``start`` on, joined by `` | ``; empty if it said nothing."""
    try:
        with log.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(start, size - _LOG_TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-_LAST_LINES:])[-600:]


def _describe_exit(code: int | None) -> str:
    if code is None:
        return "the worker stopped answering"
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exited with status {code}"
