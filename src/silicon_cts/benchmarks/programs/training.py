"""How is a step of training run as a program, stage by stage?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome
from silicon_cts.benchmarks.programs.program import Program
from silicon_cts.benchmarks.table import Row
from silicon_cts.catalog.models.table import MODELS
from silicon_cts.training import StepError, Trainer, export_step


class TrainingProgram(Program):
    """The step of a model with Adam: a call is one step on one batch.

    As :class:`silicon_cts.training.Trainer` takes it: the state stays in the backend, the batch goes in and the loss
    comes out with every call.
    """

    stages: ClassVar[Mapping[str, str]] = {"conversion": "build", "first_call": "run", "steady": "run"}

    def __init__(self, backend: str, row: Row, dtype: str, folder: Path) -> None:
        super().__init__(backend, row, dtype, folder)
        self._model = MODELS[row.operator.split(".")[1]]
        self._inputs, self._labels = self._model.batch()
        self._trainer: Trainer | None = None

    @staticmethod
    def failure(error: Exception, stage: str) -> Outcome:
        """See :meth:`Program.failure`."""
        made = outcome.refusal if isinstance(error, StepError) else outcome.exception
        return made(outcome.one_line(error), stage)

    def convert(self) -> None:
        """Export the step, convert and load it."""
        model = self._model.build()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        step = export_step(model, self._model.loss_function(), optimizer, (self._inputs, self._labels))
        self._trainer = step.on(self.backend)

    def call(self) -> None:
        """One step."""
        assert self._trainer is not None
        self._trainer(self._inputs, self._labels)

    def close(self) -> None:
        """Unload."""
        if self._trainer is not None:
            self._trainer.close()
