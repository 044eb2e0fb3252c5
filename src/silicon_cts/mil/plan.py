"""In which order, and with which constants, is a function of a program computed?

A `Plan` is made once and run many times: it holds the constants (decompressed), the implementation of every operation,
and after which step a value is needed no more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .arithmetic import Call, Mode, settle
from .errors import EvaluationError, UnsupportedOperationError
from .registry import SHAPE_INFERENCE_WRONG, STRUCTURAL, Implementation, implementation
from .values import Array, declared_shape, declared_type

Environment = dict[Any, Any]
"""The values at hand, by MIL variable."""

_WITH_EFFECTS = frozenset({"coreml_update_state"})
"""Operations that do something besides giving a result."""
_FIRST_OPSET = 13
_FIRST_OPSET_VERSION = 4


@dataclass(frozen=True)
class Output:
    """One result of an operation: its variable, the name of its MIL type ("" if no tensor) and its declared shape."""

    var: Any
    type: str
    shape: tuple[int | None, ...] | None

    def accept(self, operation: Any, value: Any, mode: Mode) -> Any:
        """`value` in the carrier of the declared type; EvaluationError if its shape is not the declared one."""
        if self.type in ("", "string", "dict"):
            return value
        settled = settle(value, self.type, mode)
        if operation.op_type not in SHAPE_INFERENCE_WRONG and not _fits(settled.shape, self.shape):
            declared = tuple("?" if size is None else size for size in self.shape or ())
            raise EvaluationError(operation, f"gives shape {settled.shape}, the program declares {declared}")
        return settled


@dataclass(frozen=True)
class Step:
    """One operation of a block, ready to be computed.

    Attributes:
        operation: the MIL operation.
        implementation: what computes it; None for an operation that runs blocks.
        call: what the implementation may know of it.
        inputs: its input variables, or tuples of variables, by name.
        outputs: its results.
        blocks: the plans of its blocks.
        frees: the variables that no later step of the block needs.
    """

    operation: Any
    implementation: Implementation | None
    call: Call
    inputs: dict[str, Any]
    outputs: tuple[Output, ...]
    blocks: tuple["Block", ...]
    frees: tuple[Any, ...] = ()

    def compute(self, environment: Environment) -> tuple[Any, ...]:
        """The results of the operation; EvaluationError if there are none, or if they have not the declared shape."""
        assert self.implementation is not None
        inputs = {
            name: tuple(environment[var] for var in given) if isinstance(given, (tuple, list)) else environment[given]
            for name, given in self.inputs.items()
        }
        try:
            results = self.implementation(self.call, inputs)
        except UnsupportedOperationError as error:
            raise UnsupportedOperationError(f"{self.operation.op_type} {self.operation.name!r}: {error}") from error
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise EvaluationError(self.operation, str(error)) from error
        return tuple(
            output.accept(self.operation, value, self.call.mode)
            for output, value in zip(self.outputs, results, strict=True)
        )


@dataclass(frozen=True)
class Block:
    """A block of a program: its input variables, its steps and its output variables."""

    inputs: tuple[Any, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Any, ...]


@dataclass(frozen=True)
class Plan:
    """A function of a program, ready to be evaluated.

    Attributes:
        function: the MIL function.
        mode: how float16 is treated.
        block: its operations.
        constants: the value of every constant in it.
    """

    function: Any
    mode: Mode
    block: Block
    constants: Environment


def prepare(function: Any, mode: Mode | str = Mode.AS_WRITTEN) -> Plan:
    """Plan the evaluation of the MIL function `function`.

    Raises:
        UnsupportedOperationError: it holds an operation that cannot be evaluated.
    """
    constants: Environment = {}
    mode = Mode(mode)
    return Plan(function, mode, _block(function, function.inputs.values(), mode, constants), constants)


def giving(plan: Plan, outputs: Iterable[Any]) -> Plan:
    """The plan of the same function with these of its output variables alone, and the steps that they need.

    Steps that change a state are all kept.
    """
    wanted = tuple(outputs)
    needed, steps = set(wanted), []
    for step in reversed(plan.block.steps):
        if step.operation.op_type in _WITH_EFFECTS or any(output.var in needed for output in step.outputs):
            needed.update(_used(step))
            steps.append(replace(step, frees=()))
    block = Block(plan.block.inputs, _with_frees(steps[::-1], wanted), wanted)
    return replace(plan, block=block)


def _block(block: Any, inputs: Iterable[Any], mode: Mode, constants: Environment) -> Block:
    steps = []
    for operation in block.operations:
        if operation.op_type == "const":
            constants[operation.outputs[0]] = _constant(operation.outputs[0], mode)
        elif operation.op_type.startswith("constexpr_"):
            step = _step(operation, mode, constants)
            with np.errstate(all="ignore"):
                constants.update(
                    (output.var, value) for output, value in zip(step.outputs, step.compute(constants), strict=True)
                )
        else:
            steps.append(_step(operation, mode, constants))
    return Block(tuple(inputs), _with_frees(steps, block.outputs), tuple(block.outputs))


def _step(operation: Any, mode: Mode, constants: Environment) -> Step:
    outputs = tuple(Output(var, declared_type(var), declared_shape(var)) for var in operation.outputs)
    return Step(
        operation=operation,
        implementation=None if operation.op_type in STRUCTURAL else implementation(operation.op_type),
        call=Call(operation, _opset(operation), tuple(output.type for output in outputs), mode),
        inputs={name: given for name, given in operation.inputs.items() if not name.startswith("_")},
        outputs=outputs,
        blocks=tuple(_block(block, block.inputs, mode, constants) for block in operation.blocks),
    )


def _opset(operation: Any) -> int:
    if not isinstance(operation._op_variants, dict):  # a dialect operation has but one version
        return _FIRST_OPSET
    return int(operation.opset_version) - _FIRST_OPSET_VERSION + _FIRST_OPSET


def _constant(var: Any, mode: Mode) -> Any:
    value = getattr(var.val, "ls", var.val)
    if isinstance(value, (str, list, tuple)):
        return value
    name = declared_type(var)
    if name == "string":
        return str(value)
    settled: Array = settle(value, name, mode)
    return settled if settled.flags.writeable else settled.copy()


def _fits(shape: tuple[int, ...], declared: tuple[int | None, ...] | None) -> bool:
    if declared is None:
        return True
    return len(shape) == len(declared) and all(
        size in (None, found) for found, size in zip(shape, declared, strict=True)
    )


def _with_frees(steps: list[Step], outputs: Iterable[Any]) -> tuple[Step, ...]:
    """The steps, each with the variables of this block that are used there for the last time."""
    made = {output.var for step in steps for output in step.outputs}
    alive = set(outputs)
    planned = []
    for step in reversed(steps):
        used = {var for var in (*_used(step), *(output.var for output in step.outputs)) if var in made}
        planned.append(
            Step(
                step.operation,
                step.implementation,
                step.call,
                step.inputs,
                step.outputs,
                step.blocks,
                tuple(used - alive),
            )
        )
        alive |= used
    return tuple(reversed(planned))


def _used(step: Step) -> Iterator[Any]:
    for given in step.inputs.values():
        yield from given if isinstance(given, (tuple, list)) else (given,)
    for block in step.blocks:
        yield from block.outputs
        for inner in block.steps:
            yield from _used(inner)
