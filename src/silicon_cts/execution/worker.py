"""What runs inside a worker process?

``serve`` is the whole life of a worker: make the backend warm, then answer batches until the pipe closes. It leads a
process group of its own, so that whatever the backend starts is killed with it, and writes its stderr to a file whose
last lines tell why it died. Messages to the parent: ``("stage", name)`` as a stage is entered, then ``("done",
outcomes)`` or ``("failed", outcome)`` once for each batch.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome
from silicon_cts.backends.protocol import Backend, Enter
from silicon_cts.catalog.processor import as_yardstick

Work = Callable[[Backend, Sequence[Any], Enter], Sequence[Outcome]]
"""What a worker does with a batch: one outcome for each of what it is given, in order. A function of a module."""


def tasks(backend: Backend, batch: Sequence[Any], enter: Enter) -> Sequence[Outcome]:
    """What a worker does unless it is told otherwise: run tasks."""
    from silicon_cts.training.tasks import run

    return run(backend, batch, enter)


def serve(
    pipe: Connection, backend_name: str, folder: str, log: str, environment: Mapping[str, str], work: Work = tasks
) -> None:
    """Run a worker of the backend until the parent closes the pipe.

    stdout is dropped, stderr goes to ``log``, temporary files to ``folder``, which the parent removes: a worker is
    killed, and has no time to.
    """
    with contextlib.suppress(PermissionError):  # already a group leader
        os.setsid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is expected here: no core file, no second lost
    os.environ.update(TMPDIR=folder)
    os.environ.update(environment)
    tempfile.tempdir = folder  # the template process may have looked it up already
    _redirect(log)
    warnings.simplefilter("ignore")
    from silicon_cts.backends import registry

    pipe.send(("stage", "start"))
    start(backend_name)
    if "torch" in sys.modules:
        as_yardstick()  # as the process that judges
    backend = registry.get(backend_name)
    pipe.send(("done", []))

    while True:
        try:
            batch: Sequence[Any] = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_answer(backend, batch, pipe, work))


def start(backend_name: str) -> None:
    """Make this process warm for the backend: all that a task needs is loaded before any deadline of a task runs."""
    from silicon_cts.backends import registry

    registry.get(backend_name).start()
    import torch.fx.config

    import silicon_cts.sampling.sample
    import silicon_cts.training.tasks  # noqa: F401
    from silicon_cts.catalog.operators import operators

    operators()
    torch.fx.config.do_not_emit_stack_traces = True  # of each operation that is exported: nobody reads them here


def _answer(backend: Backend, batch: Sequence[Any], pipe: Connection, work: Work) -> tuple[str, Any]:
    from silicon_cts.execution.wire import pack

    stage = ""

    def enter(name: str) -> None:
        nonlocal stage
        if name != stage:
            stage = name
            pipe.send(("stage", name))

    begin = time.perf_counter()
    try:
        outcomes = [pack(found) for found in work(backend, batch, enter)]
    except Exception as error:  # an exception for the whole batch: the parent splits it
        return "failed", outcome.exception(outcome.one_line(error), stage)
    share = (time.perf_counter() - begin) / max(len(batch), 1)
    return "done", [replace(found, seconds=share) for found in outcomes]


def _redirect(log: str) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    for path, descriptor in ((os.devnull, 1), (log, 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  pytest's capture may have replaced it
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
