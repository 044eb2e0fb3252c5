"""What goes into the program of a training step, in which order, and what comes out?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from silicon_cts.training.optimizers import Group

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One tensor of the state that goes round."""

    name: str
    """``model.fc.weight``, ``loss.weight``, ``optimizer.exp_avg.model.fc.weight``."""
    value: torch.Tensor
    """What it starts with, in the shape in which it is carried: (1,) for a tensor of no dimensions, which Core ML does
    not take."""
    shape: torch.Size
    """The shape that the model sees."""
    changes: bool
    """Whether it comes out again; a frozen parameter does not."""


@dataclass(frozen=True)
class Draw:
    """Random numbers that go in with each step, because no two runtimes draw the same."""

    kind: str
    """A row of ``randomness.DRAWS``."""
    shape: tuple[int, ...]
    dtype: torch.dtype
    chance: float = 1.0
    """Of a one, in a mask."""


@dataclass(frozen=True)
class Layout:
    """Inputs: state, scalars of each group, batch, draws. Outputs: the loss of shape (1,), the entries that change."""

    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]
    scalar_dtype: torch.dtype
    inputs: tuple[torch.Tensor, ...]
    """Of the example batch: what the model is called with."""
    labels: torch.Tensor
    draws: tuple[Draw, ...] = ()

    def scalars(self, step: int) -> list[torch.Tensor]:
        """Scalars of step number ``step``, counted from 1: each of shape (1,)."""
        return [
            torch.tensor([value], dtype=self.scalar_dtype)
            for group in self.groups
            for value in group.rule.scalars(group.options, step).values()
        ]

    def scalars_by_group(self, flat: Sequence[T]) -> list[dict[str, T]]:
        """Put names to what :meth:`scalars` gave."""
        rest = iter(flat)
        return [{name: next(rest) for name in group.rule.scalars(group.options, 1)} for group in self.groups]

    def split(self, flat: Sequence[T]) -> tuple[list[T], list[T], list[T], T, list[T]]:
        """State, scalars, inputs, labels and draws out of all inputs of the program."""
        ends, counts = 0, [len(self.entries), len(self.scalars(1)), len(self.inputs), 1, len(self.draws)]
        parts = []
        for count in counts:
            parts.append(list(flat[ends : ends + count]))
            ends += count
        state, scalars, inputs, (labels,), draws = parts
        return state, scalars, inputs, labels, draws

    def examples(self) -> list[torch.Tensor]:
        """Tensors for all inputs but the draws."""
        return [*(entry.value for entry in self.entries), *self.scalars(1), *self.inputs, self.labels]
