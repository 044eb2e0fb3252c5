"""Which function computes which MIL operation?"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .arithmetic import Call
from .errors import UnsupportedOperationError

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Implementation:
    """How one operation is computed.

    Attributes:
        function: takes the inputs of the operation by their MIL names as carriers, strings, lists or tuples of these;
            gives one value, or a tuple of as many as the operation has outputs.
        takes_call: whether the function also asks for the `Call`.
    """

    function: Callable[..., Any]
    takes_call: bool

    def __call__(self, call: Call, inputs: dict[str, Any]) -> tuple[Any, ...]:
        """The outputs of the operation."""
        result = self.function(call=call, **inputs) if self.takes_call else self.function(**inputs)
        return result if isinstance(result, tuple) else (result,)


IMPLEMENTATIONS: dict[str, Implementation] = {}

STRUCTURAL = frozenset({"const", "cond", "while_loop"})
"""Operations that are no function of their inputs: the plan holds the constants, the evaluator runs the blocks."""

NOT_EVALUATED: dict[str, str] = {
    "_const_symbolic": "holds a symbolic shape while the converter works; a finished program has no value for it",
}
"""Operations of the opset that cannot be evaluated, with the reason."""

SHAPE_INFERENCE_WRONG: dict[str, str] = {
    "crop_resize": "with boxes that name their image the documented result has one image, the declared one has all",
}
"""Operations whose result is not held against the declared shape, with the reason."""


def op(*names: str) -> Callable[[Function], Function]:
    """Register the decorated function as what computes the operations `names`.

    A function that has a parameter `call` is given the `Call`, too.
    """

    def register(function: Function) -> Function:
        takes_call = "call" in inspect.signature(function).parameters
        for name in names:
            IMPLEMENTATIONS[name] = Implementation(function, takes_call)
        return function

    return register


def implementation(name: str) -> Implementation:
    """What computes the operation `name`; UnsupportedOperationError if nothing does."""
    from . import ops  # noqa: F401  fills the table

    if name not in IMPLEMENTATIONS:
        raise UnsupportedOperationError(f"operation {name!r}: {NOT_EVALUATED.get(name, 'is not part of the opset')}")
    return IMPLEMENTATIONS[name]
