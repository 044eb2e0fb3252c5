"""What is timed of a program, and how does a row of the table become one that PyTorch exports?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import torch

from silicon_cts.backends.outcome import Outcome
from silicon_cts.benchmarks.table import New, Row

STAGES: Mapping[str, str] = MappingProxyType(
    {
        "conversion": "convert",
        "compile": "compile",
        "load_cold": "load",
        "load_warm": "load",
        "first_call": "run",
        "steady": "run",
    }
)
"""Metric -> stage of the backend, in their order: each that a program has is timed, as a benchmark of its own."""
METRICS = tuple(STAGES)
_SEED = 6021


class Program(ABC):
    """A row of the table as a program of one backend, on its way: each method is one stage, and needs those before."""

    stages: ClassVar[Mapping[str, str]]
    """Those of :data:`STAGES` that it has: a stage of the backend says which deadline a metric has."""

    def __init__(self, backend: str, row: Row, dtype: str, folder: Path) -> None:
        """``folder`` is empty, and the program's own."""
        self.backend, self.row, self.dtype, self.folder = backend, row, dtype, folder
        self.inputs: tuple[torch.Tensor, ...] = ()
        """What a call is given."""

    @staticmethod
    @abstractmethod
    def failure(error: Exception, stage: str) -> Outcome:
        """The outcome that an exception of a stage is: the backend's refusal, or an exception that is none."""

    @abstractmethod
    def convert(self) -> None:
        """From PyTorch to a program on disk: export and conversion."""

    def compile(self) -> None:
        """From the program on disk to one for this machine."""
        raise NotImplementedError

    def load(self) -> None:
        """Make it ready to be called; what was loaded before is let go."""
        raise NotImplementedError

    def call(self) -> None:
        """Call it on the tensors of the row, and have the answers back in memory."""
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027
        """Give back what is held."""

    def timed(self, metric: str) -> Callable[[], None]:
        """What a metric times."""
        return {
            "conversion": self.convert,
            "compile": self.compile,
            "load_cold": self.load,
            "load_warm": self.load,
            "first_call": self.call,
            "steady": self.call,
        }[metric]


class Called(torch.nn.Module):
    """The call of a row as a module, given its tensors. A model among its arguments is held, with its weights."""

    def __init__(self, row: Row, dtype: str) -> None:
        super().__init__()
        torch.manual_seed(_SEED)
        arguments = row.make(New(getattr(torch, dtype), "cpu"))
        self._call = row.call
        self._fixed = [None if isinstance(one, torch.Tensor) else one for one in arguments]
        self.held = torch.nn.ModuleList(one for one in arguments if isinstance(one, torch.nn.Module))
        self.inputs = tuple(one.detach() for one in arguments if isinstance(one, torch.Tensor))

    def forward(self, *tensors: torch.Tensor) -> Any:
        """Call it on these tensors."""
        given = iter(tensors)
        return self._call(*(next(given) if one is None else one for one in self._fixed))

    def exported(self) -> torch.export.ExportedProgram:
        """The call with static shapes. Raises whatever torch.export raises."""
        with torch.no_grad():
            return torch.export.export(self.eval(), self.inputs)
