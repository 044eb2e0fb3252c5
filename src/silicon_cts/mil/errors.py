"""What can go wrong when a program is evaluated, and how is it told to the caller?"""

from typing import Any


class InputError(RuntimeError):
    """An input is missing, or has the wrong shape or type (Core ML raises a RuntimeError for these, too)."""


class UnsupportedOperationError(NotImplementedError):
    """The program holds an operation, or an attribute of one, that has no defined value here."""


class EvaluationError(RuntimeError):
    """An operation could not be computed, or did not give what the program declares.

    Attributes:
        operation: the MIL operation that failed.
    """

    def __init__(self, operation: Any, reason: str) -> None:
        super().__init__(f"{operation.op_type} {operation.name!r}: {reason}")
        self.operation = operation
