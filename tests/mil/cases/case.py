"""One operation with inputs and what its documentation says it gives."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813


@dataclass(frozen=True)
class Const:
    """An array that the program holds as a constant."""

    array: np.ndarray


@dataclass(frozen=True)
class Case:
    """An operation, its inputs, and its outputs.

    Attributes:
        op: the operation.
        label: what is special about the case.
        inputs: the arrays that the program takes when it runs.
        attributes: what the program holds as constants.
        expected: the outputs.
        opset: 15 to 18 for iOS15 to iOS18.
        tolerance: relative and absolute.
    """

    op: str
    label: str
    inputs: dict[str, np.ndarray]
    attributes: dict[str, Any]
    expected: tuple[np.ndarray, ...]
    opset: int = 18
    tolerance: float = 1e-6
    builder: Callable[..., Any] | None = field(default=None, compare=False)

    @property
    def id(self) -> str:
        return f"{self.op}-{self.label}" if self.label else self.op

    def build(self, **variables: Any) -> Any:
        """Build the operation in the function under construction."""
        constants = {k: v.array if isinstance(v, Const) else v for k, v in self.attributes.items()}
        return (self.builder or getattr(mb, self.op))(**variables, **constants)


def case(
    op: str,
    expected: Any,
    label: str = "",
    *,
    opset: int = 18,
    tolerance: float = 1e-6,
    builder: Callable[..., Any] | None = None,
    **given: Any,
) -> Case:
    """A case; of what is given, arrays are inputs and all else is constant."""
    outputs = expected if isinstance(expected, tuple) else (expected,)
    return Case(
        op=op,
        label=label,
        inputs={name: value for name, value in given.items() if isinstance(value, np.ndarray)},
        attributes={name: value for name, value in given.items() if not isinstance(value, np.ndarray)},
        expected=tuple(np.asarray(output) for output in outputs),
        opset=opset,
        tolerance=tolerance,
        builder=builder,
    )
