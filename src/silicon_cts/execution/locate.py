"""Where does a wrong answer come from? Asked of the backend in a process of its own, which may die of it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Task

DEADLINE = 120.0
"""Seconds that it may take."""
_TO_END = 5.0
"""Seconds that the process has to end after its answer."""


def located(backend: str, task: Task, most: float) -> str:
    """What :meth:`~silicon_cts.backends.protocol.Backend.locate` says; empty if it fails, dies or takes too long."""
    context: Any = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_locate, args=(theirs, backend, task, most), daemon=True)
    process.start()
    theirs.close()
    try:
        said: str = ours.recv() if ours.poll(DEADLINE) else ""
    except EOFError:
        said = ""
    process.join(_TO_END)
    process.kill()
    process.join()
    return said


def _locate(pipe: Any, backend: str, task: Task, most: float) -> None:
    with Path(os.devnull).open("w") as nowhere:  # progress of a converter
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
    one = registry.get(backend)
    said = ""
    with contextlib.suppress(Exception):
        one.start()
        said = one.locate(task, most)
    pipe.send(said)
