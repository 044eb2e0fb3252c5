"""What must a backend do to train?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

Handle = Any
"""A tensor as the backend holds it, so that state does not leave the backend between two steps."""


class Runner(Protocol):
    """A compiled program."""

    def put(self, tensor: torch.Tensor) -> Handle:
        """A CPU tensor into the backend."""

    def get(self, handle: Handle) -> torch.Tensor:
        """Out of it again: a CPU tensor of its own memory."""

    def __call__(self, inputs: Sequence[Handle]) -> list[Handle]:
        """Run the program: all inputs in order, all outputs in order."""

    def close(self) -> None:
        """Give back what it holds."""
