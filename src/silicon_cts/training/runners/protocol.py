"""What must a backend do to train?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from silicon_cts.backends.outcome import Placed

Handle = Any
"""A tensor as the backend holds it, so that state does not leave the backend between two steps."""


class Runner(Protocol):
    """A compiled program."""

    placement: tuple[Placed, ...]
    """Where each operation of the step was planned; empty if the backend does not say."""
    elsewhere: str
    """What was planned on another unit than the one asked for; empty if nothing was."""

    def put(self, tensor: torch.Tensor) -> Handle:
        """A CPU tensor into the backend."""

    def get(self, handle: Handle) -> torch.Tensor:
        """Out of it again: a CPU tensor of its own memory."""

    def __call__(self, inputs: Sequence[Handle]) -> list[Handle]:
        """Run the program: all inputs in order, all outputs in order."""

    def close(self) -> None:
        """Give back what it holds."""
