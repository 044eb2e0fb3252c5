"""In which ways does a PyTorch program become a Core ML program?

Two front ends go through different converter code and disagree in places; FLOAT16 is what people deploy and FLOAT32 is
where a wrong formula shows. Every sample is asked in all four.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Way:
    """One front end at one compute precision."""

    front: str
    """``trace`` (torch.jit.trace) or ``export`` (torch.export and ``run_decompositions({})``)."""
    precision: str
    """dtype in which the program computes what is float32 in PyTorch: ``float16`` or ``float32``."""

    def __str__(self) -> str:
        return f"{self.front} {self.precision}"


FRONTS = ("trace", "export")
PRECISIONS = ("float32", "float16")
WAYS: Mapping[str, Way] = MappingProxyType(
    {str(way): way for way in (Way(front, precision) for front in FRONTS for precision in PRECISIONS)}
)
"""By name, as records carry it: ``trace float16``."""
