"""For every fault of the table, a call that it must spoil and one that it must leave alone."""

from . import behaviour, layouts, sizes_and_arguments, values
from .case import Case

CASES: dict[str, Case] = layouts.CASES | sizes_and_arguments.CASES | values.CASES | behaviour.CASES

__all__ = ["CASES", "Case"]
