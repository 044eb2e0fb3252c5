"""In what is an operator embedded, so that it is not planned on the CPU for its size alone?

The Neural Engine is not worth the way there and back for one small operation. So every float input of a sample passes
through an addition to what a stack of convolutions leaves, in the layout that the Neural Engine prefers: (batch,
channels, 1, length), with the last axis a multiple of 64 bytes. They leave -0.0, which changes no number, not even 0.0
and -0.0: their result is positive, and is multiplied by an input that is -0.0.

Whether these sizes are enough is for hardware to say: not run on hardware.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch

from silicon_cts.backends.program import Program
from silicon_cts.sampling.sample import Sample

LAYERS, CHANNELS, LENGTH = 8, 256, 512
"""268 million multiply-adds, half of a MobileNet; a row of float16 is 1024 bytes."""
INPUTS = 2
"""Inputs that an embedded program has besides those of its samples; they are its last."""


class Embedded(Program):
    """Samples side by side behind the same convolutions. Those that take no floats stand beside them."""

    def __init__(
        self, samples: Sequence[Sample], held: Sequence[Collection[int]] | None = None, lifted: bool = False
    ) -> None:
        super().__init__(samples, held, lifted)
        self.stack = torch.nn.Sequential(*(torch.nn.Conv2d(CHANNELS, CHANNELS, 1) for _ in range(LAYERS)))
        for parameter in self.stack.parameters():  # each layer leaves the mean of the channels
            torch.nn.init.constant_(parameter, 1 / CHANNELS if parameter.dim() > 1 else 0.0)
        self.inputs += [torch.ones(1, CHANNELS, 1, LENGTH), torch.tensor([-0.0])]

    def forward(self, *tensors: torch.Tensor) -> list[list[torch.Tensor]]:
        """Run every sample on its share of the tensors, each moved by nothing."""
        *given, ones, zero = tensors
        nothing = self.stack(ones).relu().mean((1, 2, 3)) * zero
        moved = [one + nothing.to(one.dtype) if one.is_floating_point() and one.dim() else one for one in given]
        return super().forward(*moved)
