"""What can a comparison find, and which of several findings is the worst?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Grade = Literal["metadata", "exact", "A", "B", "C", ""]
ORDER: tuple[Grade, ...] = ("metadata", "exact", "A", "B", "C", "")
"""From the grade that says least against an answer to none at all: the empty grade is no agreement."""

K = 8.0
"""Error budgets allowed in grades A and B. How it was found: see ``numerics/README.md``."""
R = 4.0
"""Times the CPU's own error allowed in grade C."""


@dataclass(frozen=True)
class Comparison:
    """The result of comparing one output, or the worst of several."""

    grade: Grade
    ratio: float = 0.0
    """Largest error in budgets over the elements; 0.0 where nothing was rounded. Up to K it may be an upper bound:
    where the rounding of the result alone allows the error, the conditioning is not measured."""
    reason: str = ""
    """What is wrong, as ``what=actual, but should be expected``; empty if nothing is."""
    worst: tuple[int, ...] | None = None
    """Index of the element with the largest ratio."""
    ulp: float = 0.0
    """Error of that element in units in the last place of the reference."""
    output: int = 0
    """Which of the tensors that were observed."""
    notes: tuple[str, ...] = ()
    """What differs without being wrong: strides."""
    signal_to_noise: float | None = None
    """Of a model, in dB, of the output that has least; None for an operator."""
    top_1: float | None = None
    """Share of the clear decisions of a model that are right; None where it decides nothing."""

    @property
    def agrees(self) -> bool:
        """Whether any grade was reached."""
        return self.grade != ""


def disagreement(reason: str, output: int = 0, **found: float) -> Comparison:
    """A comparison that found something wrong."""
    return Comparison("", found.get("ratio", math.inf), reason, output=output)


def worst(comparisons: list[Comparison]) -> Comparison:
    """The one with the worst grade, then the largest ratio. An empty list agrees exactly: there was no output."""
    if not comparisons:
        return Comparison("exact")
    return max(comparisons, key=lambda one: (ORDER.index(one.grade), one.ratio))
