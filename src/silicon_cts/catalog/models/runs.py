"""In which ways is a model trained: how long, in which precision, compiled? Known without importing torch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SCALE = 1024.0
"""What the loss of a run in float16 is multiplied by at first: no gradient of these models overflows."""
LONG = 50
"""Steps in which a model learns its task."""
GROWTH_INTERVAL = 3
"""Steps without an infinite gradient after which a gradient scaler doubles the scale."""
INFINITE = 2
"""Step, counted from 0, at which the gradients of a run with a gradient scaler are infinite: it must be skipped."""


@dataclass(frozen=True)
class Run:
    """One way to train a model."""

    steps: int
    micro_batches: int = 1
    """Batches of one step: each goes forward and backward, and their gradients add up in ``.grad``."""
    dtypes: tuple[str, ...] = ("float32",)
    """In which parameters and batches are."""
    autocast: str = ""
    """dtype that autocast computes in; empty without autocast. Float16 takes a gradient scaler."""
    compiled: bool = False
    """Whether forward and backward are compiled by ``torch.compile``."""
    capturable: bool = False
    """Whether the optimizer counts its steps on the device, as a graph of CUDA needs it."""
    loss_scale: float = 1.0
    """What the loss is multiplied by, and gradients are divided by: always the same, as a program has it."""
    judged_in: str = ""
    """dtype whose roundings are allowed for; empty: those of the dtype that it is asked in."""
    spread_of_start: bool = False
    """Whether how far training may diverge is told by where the CPU goes, in the dtype that is asked, from weights,
    batches and options that are off by roundings of ``judged_in``; else by making all intermediate results off."""

    @property
    def impossible(self) -> str | None:
        """Why no machine like this can be asked, or None: what is compiled here is what others are held against."""
        compilers = (os.environ.get("CXX", ""), "g++", "clang++", "cl")
        if not self.compiled or any(name and shutil.which(name) for name in compilers):
            return None
        return "torch.compile finds no C++ compiler: install g++ or clang++, or set CXX"

    @property
    def batches(self) -> int:
        """How many it trains on."""
        return self.steps * self.micro_batches

    @property
    def learns(self) -> bool:
        """Whether it is long enough to learn something."""
        return self.steps >= LONG

    @property
    def scales(self) -> bool:
        """Whether a gradient scaler takes part."""
        return self.autocast == "float16"


RUNS: Mapping[str, Run] = MappingProxyType(
    {
        "one_step": Run(1),
        "accumulated": Run(2, micro_batches=3),
        # Over many steps a rounding decides on which side of the kink of a ReLU it is, and grows from there; and an
        # adaptive optimizer makes steps of what is rounding alone, the gradient of a bias that a norm takes away.
        "fifty_steps": Run(LONG, judged_in="float16", spread_of_start=True),
        "autocast_float16": Run(8, autocast="float16", judged_in="float16"),
        "autocast_bfloat16": Run(8, autocast="bfloat16", judged_in="bfloat16"),
        "compiled": Run(1, compiled=True),
        # 1 - 0.999 ** step is computed on the device in float32, where it loses four digits: 50 of float32's budgets.
        "capturable": Run(1, capturable=True, judged_in="float16"),
        "float16": Run(LONG, dtypes=("float16",)),
        "float16_scaled": Run(LONG, dtypes=("float16",), loss_scale=SCALE),
    }
)
"""By name, the last part of the id of a training call."""
