"""What can a converter do wrong to a MIL function? One row a fault: in which call it is planted, and what it changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813

Edit = Callable[[Any], None]
"""Changes a MIL function in place."""


@dataclass(frozen=True)
class Fault:
    """One fault, in one op_db sample."""

    name: str
    operator: str
    sample: int
    edit: Edit
    in_float16: bool = True
    """Whether it is larger than what float16 cannot see, so that the float16 program must be accused too."""


def find(function: Any, kind: str) -> Any:
    """The last operation of a kind."""
    return next(one for one in reversed(list(function.operations)) if one.op_type == kind)


def attribute(kind: str, name: str, value: Any) -> Edit:
    """Give an attribute another value."""

    def edit(function: Any) -> None:
        operation = find(function, kind)
        old = operation.inputs[name]
        assert not np.array_equal(old.val, value), "the fault must change something"
        with function:
            new = mb.const(
                val=np.array(value, old.val.dtype) if hasattr(old.val, "dtype") else value, before_op=operation
            )
        operation.set_inputs(**{name: new}, type_inference=False)

    return edit


def dropped(kind: str, keeps: str = "x") -> Edit:
    """Take an operation out: its input ``keeps`` takes the place of its result."""

    def edit(function: Any) -> None:
        operation = find(function, kind)
        _replace(function, operation, operation.inputs[keeps])

    return edit


def swapped(kind: str, first: str = "x", second: str = "y") -> Edit:
    """Exchange two operands."""

    def edit(function: Any) -> None:
        operation = find(function, kind)
        given = operation.inputs
        operation.set_inputs(**{first: given[second], second: given[first]}, type_inference=False)

    return edit


def followed(kind: str, build: Callable[..., Any]) -> Edit:
    """Change the result of an operation; ``build`` makes the new one of the old."""

    def edit(function: Any) -> None:
        operation = find(function, kind)
        result = operation.outputs[0]
        operations = list(function.operations)
        place = operations.index(operation) + 1
        with function:
            new = build(result, before_op=operations[place] if place < len(operations) else None)
        function.replace_uses_of_var_after_op(
            anchor_op=new.op, old_var=result, new_var=new, no_check_var_types=True, force_replace=True
        )

    return edit


def instead(kind: str, build: Callable[..., Any]) -> Edit:
    """Put another operation in the place of one; ``build`` gets its inputs by name."""

    def edit(function: Any) -> None:
        operation = find(function, kind)
        with function:
            new = build(before_op=operation, **operation.inputs)
        _replace(function, operation, new)

    return edit


def _replace(function: Any, operation: Any, new: Any) -> None:
    function.replace_uses_of_var_after_op(
        anchor_op=operation, old_var=operation.outputs[0], new_var=new, no_check_var_types=True, force_replace=True
    )
    function.remove_ops([operation])
