"""Which runner takes which backend?"""

from __future__ import annotations

from fnmatch import fnmatchcase
from importlib import import_module

import torch

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import one_line
from silicon_cts.training.errors import StepError
from silicon_cts.training.runners.protocol import Runner

RUNNERS: dict[str, str] = {
    "cpu": "torch_device:TorchRunner",
    "mps": "torch_device:TorchRunner",
    "cuda": "torch_device:TorchRunner",
    "torch:*": "torch_device:TorchRunner",
    "coreai": "coreai:CoreAIRunner",
    "coreai-*": "coreai:CoreAIRunner",
    "coreml-reference": "coreml:ReferenceRunner",
    "coreml-*": "coreml:DeviceRunner",
}
"""By backend or glob of backends: file in this folder and class, called with (backend, program)."""


def row(backend: str) -> str | None:
    """The row of :data:`RUNNERS` for a backend; None for one that trains no programs."""
    return next((row for pattern, row in RUNNERS.items() if fnmatchcase(backend, pattern)), None)


def open_runner(backend: str, program: torch.export.ExportedProgram) -> Runner:
    """The program, ready to run on the backend. Raises StepError that says why it is not."""
    found = row(backend)
    try:
        absence = registry.get(backend).absence()
    except registry.UnknownBackendError as error:
        absence = None
        if found is None:
            raise StepError(str(error)) from None
    if found is None:
        raise StepError(f"{backend} cannot train a program yet; what can: {', '.join(RUNNERS)}")
    if absence is not None:
        raise StepError(f"{backend} is not here: {absence}")
    file, _, name = found.partition(":")
    try:
        runner: Runner = getattr(import_module(f"{__name__.rpartition('.')[0]}.{file}"), name)(backend, program)
    except ImportError as error:
        raise StepError(f"{backend} is not here: {one_line(error)}") from error
    except Exception as error:  # whatever a converter raises
        raise StepError(f"{backend} refuses the training step: {one_line(error, 600)}") from error
    return runner
