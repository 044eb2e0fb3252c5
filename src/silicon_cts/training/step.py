"""What is an exported training step, and where can it run?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from silicon_cts.training.layout import Layout
from silicon_cts.training.runners.table import open_runner

if TYPE_CHECKING:
    from silicon_cts.training.trainer import Trainer


@dataclass(frozen=True)
class Step:
    """``loss, new state = step(state, scalars, batch, draws)``, without state of its own."""

    program: torch.export.ExportedProgram
    """Takes and returns flat tensors, as ``layout`` says."""
    layout: Layout
    saved: Mapping[str, str]
    """Keys of the model's ``state_dict``, and the entries of the state that they are."""
    steps_before: int = 0
    """Steps that the optimizer had taken when this was exported."""

    def on(self, backend: str, *, seed: int = 0) -> Trainer:
        """Convert, compile and load it for a backend, by name: ``cpu``, ``coreai``, ``coreml-reference``, ``mps`` ...

        Args:
            backend: as ``silicon-cts doctor`` names it.
            seed: of the random numbers that go in: dropout masks, noise.

        Raises:
            StepError: the backend is not here, cannot train, or refuses the program; the message says why.
        """
        from silicon_cts.training.trainer import Trainer

        return Trainer(self, open_runner(backend, self.program), seed)
