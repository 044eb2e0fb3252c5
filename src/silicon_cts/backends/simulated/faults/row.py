"""What does the table of faults say of one bug?"""

import copy
from dataclasses import dataclass
from typing import ClassVar

from .fault import Fault, Rule

ASPECTS = frozenset(
    {"forward", "gradient", "layout", "inplace", "out", "special_values", "rejects", "repeat", "training"}
)
"""Where a fault can show: the aspects of the suite, and `training` for optimizer steps and modules."""


@dataclass(frozen=True)
class Row:
    """One bug of the MPS backend and how it is acted out on CPU tensors."""

    prefix: ClassVar[str] = "mps"
    """Of the ids; a table of made-up bugs has another, and counts its rows."""
    issue: int
    """Its number in pytorch/pytorch."""
    code: str
    """What goes wrong, F01 to F37."""
    summary: str
    kernels: tuple[str, ...]
    """The ATen overload packets that it hits, as the CPU calls them."""
    operators: tuple[str, ...]
    """Globs over the ids of operators, models, training runs and modules, which a suite would run to meet it."""
    aspects: tuple[str, ...]
    rule: Rule
    """What happens; a rule with memory is an instance, and every mode gets its own copy."""
    scaled: str = ""
    """Which threshold is smaller than the historic one, or what else had to be read differently, and why."""
    part: str = ""
    """A letter where one issue has several rows."""

    @property
    def id(self) -> str:
        """The name to ask for, such as `mps-118115`."""
        return f"{self.prefix}-{self.issue}{self.part}"

    def make(self) -> Fault:
        """A fresh mode that acts out this bug."""
        return Fault(self.kernels, copy.deepcopy(self.rule))


@dataclass(frozen=True)
class NotActed:
    """One bug that a dispatch mode over CPU tensors cannot honestly act out."""

    issue: int
    code: str
    reason: str
