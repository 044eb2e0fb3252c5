"""What does a function of a program give for these inputs?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .arithmetic import Mode, settle, stored
from .errors import EvaluationError, InputError
from .plan import Block, Environment, Plan, Step, prepare
from .state import State
from .values import Array, declared_shape, declared_type

OnValue = Callable[[Any, Any, Array], Array | None]
"""Called with an operation, its output variable and the value; may give another value to go on with."""


def evaluate(
    function: Any,
    inputs: Mapping[str, Any],
    *,
    mode: Mode | str | None = None,
    on_value: OnValue | None = None,
    state: State | None = None,
) -> dict[str, Any]:
    """Evaluate a MIL function, or the `Plan` of one.

    Args:
        function: a MIL function of a program, or what `prepare` made of it (faster when evaluated more than once).
        inputs: an array for every input of the function, of its declared shape; cast to its declared type.
        mode: how float16 is treated, "as_written" by default; with a `Plan`, its mode or None.
        on_value: called as `on_value(operation, var, array)` with every result of every operation but constants, in
            the order of computation and once for every turn of a loop; what it returns, if not None, takes the place
            of the result (same shape; cast to the declared type).
        state: the values of the states, read and updated; needed if the function has any.

    Returns:
        The outputs by name, in the order of the function: arrays of the declared type (float32 for float16 in mode
        "float32"), a `str` or `int` and a `dict` for a classifier.

    Raises:
        InputError: an input is missing or unknown, has another shape, or a state is needed.
        EvaluationError: an operation could not be computed.
        UnsupportedOperationError: an operation cannot be evaluated.
    """
    plan = function if isinstance(function, Plan) else prepare(function, mode or Mode.AS_WRITTEN)
    if mode is not None and Mode(mode) is not plan.mode:
        raise ValueError(f"the plan was made for mode {str(plan.mode)!r}, not for {str(mode)!r}")
    environment = {**plan.constants, **_bind(plan, inputs, state)}
    with np.errstate(all="ignore"):
        _Run(plan.mode, on_value, environment).block(plan.block)
    return {var.name: _seen(environment[var], var, plan.mode) for var in plan.block.outputs}


def _bind(plan: Plan, inputs: Mapping[str, Any], state: State | None) -> Environment:
    from coremltools.converters.mil.mil import types

    variables = plan.function.inputs
    if unknown := [name for name in inputs if name not in variables]:
        raise InputError(f"unknown input {unknown[0]!r}; the inputs are {', '.join(map(repr, variables))}")
    bound: Environment = {}
    for name, var in variables.items():
        if types.is_state(var.sym_type):
            if state is None:
                raise InputError(f"state {name!r} is required: pass state=")
            bound[var] = state.slot(name, plan.mode)
        elif name not in inputs:
            raise InputError(f"input {name!r} is required but not given")
        else:
            bound[var] = _input(name, var, inputs[name], plan.mode)
    return bound


def _input(name: str, var: Any, value: Any, mode: Mode) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise InputError(f"input {name!r} must be an array of numbers, not of {array.dtype}")
    declared = declared_shape(var) or ()
    if len(declared) != array.ndim or any(
        size not in (None, given) for size, given in zip(declared, array.shape, strict=True)
    ):
        wanted = tuple("?" if size is None else size for size in declared)
        raise InputError(f"input {name!r} has shape {array.shape}, the program declares {wanted}")
    settled = settle(array, declared_type(var), mode)
    return settled if settled.flags.writeable else settled.copy()


def _seen(value: Any, var: Any, mode: Mode) -> Any:
    return stored(value, declared_type(var), mode) if isinstance(value, np.ndarray) else value


class _Run:
    """One evaluation: the values at hand, and who watches."""

    def __init__(self, mode: Mode, on_value: OnValue | None, environment: Environment) -> None:
        self._mode = mode
        self._on_value = on_value
        self._environment = environment

    def block(self, block: Block, arguments: Sequence[Any] = ()) -> list[Any]:
        """Run `block` on `arguments` and give its outputs."""
        environment = self._environment
        environment.update(zip(block.inputs, arguments, strict=bool(arguments)))
        for step in block.steps:
            results = self._blocks(step) if step.blocks else step.compute(environment)
            for output, value in zip(step.outputs, results, strict=True):
                environment[output.var] = value if self._on_value is None else self._watched(step, output, value)
            for var in step.frees:
                del environment[var]
        return [environment[var] for var in block.outputs]

    def _blocks(self, step: Step) -> list[Any]:
        if step.operation.op_type == "cond":
            return self.block(step.blocks[0 if self._environment[step.inputs["pred"]] else 1])
        condition, body = step.blocks
        carried = [self._environment[var] for var in step.inputs["loop_vars"]]
        while self.block(condition, carried)[0]:
            carried = self.block(body, carried)
        return carried

    def _watched(self, step: Step, output: Any, value: Any) -> Any:
        if self._on_value is None or not isinstance(value, np.ndarray):
            return value
        changed = self._on_value(step.operation, output.var, stored(value, output.type, self._mode))
        if changed is None:
            return value
        if np.shape(changed) != value.shape:
            raise EvaluationError(step.operation, f"on_value gave shape {np.shape(changed)} for {value.shape}")
        return settle(changed, output.type, self._mode)
