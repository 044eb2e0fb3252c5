"""On which compute unit is each operation of a compiled program planned, and is that the one that was asked for?

From ``MLComputePlan`` (macOS 14.4): anticipated placement, not proof. Which operations are the operator's own is read
off the program: those that compute a sample's outputs from its inputs; casts, constants and copies do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from silicon_cts.backends.outcome import Placed

UNITS = {"MLCPUComputeDevice": "cpu", "MLGPUComputeDevice": "gpu", "MLNeuralEngineComputeDevice": "ane"}
"""Classes of ``coremltools.models.compute_device`` -> the unit."""
AROUND = frozenset({"const", "cast", "identity"})
"""Kinds of operations that carry values to the operator and away from it."""


@dataclass(frozen=True)
class Planned:
    """One operation of the plan, with the names of the values that it takes and gives."""

    placed: Placed
    takes: frozenset[str]
    gives: frozenset[str]


def read(plan: Any, function: str = "main") -> list[Planned]:
    """The operations of a function in a ``MLComputePlan``, those in blocks included, in order.

    Raises ValueError if the plan is not that of an ML program.
    """
    program = plan.model_structure.program
    if program is None:
        raise ValueError("the compute plan is not that of an ML program")
    return [_planned(plan, operation) for operation in _operations(program.functions[function].block)]


def _operations(block: Any) -> Iterator[Any]:
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _operations(inner)


def _planned(plan: Any, operation: Any) -> Planned:
    usage = plan.get_compute_device_usage_for_mlprogram_operation(operation)
    cost = plan.get_estimated_cost_for_mlprogram_operation(operation)
    kind = operation.operator_name.rpartition(".")[2]  # "ios18.conv"
    placed = Placed(
        kind,
        "" if usage is None else unit_of(usage.preferred_compute_device),
        () if usage is None else tuple(map(unit_of, usage.supported_compute_devices)),
        None if cost is None else float(cost.weight),
    )
    bindings = (binding for argument in operation.inputs.values() for binding in argument.bindings)
    takes = frozenset(binding.name for binding in bindings if binding.name is not None)
    return Planned(placed, takes, frozenset(output.name for output in operation.outputs))


def unit_of(device: Any) -> str:
    """The unit of a compute device: ``cpu``, ``gpu`` or ``ane``; the name of its class if it is another."""
    return UNITS.get(type(device).__name__, type(device).__name__)


def own(
    planned: Sequence[Planned], inputs: Iterable[str], outputs: Iterable[str], around: Iterable[str] = ()
) -> list[Placed]:
    """The operations between these inputs and outputs that are the operator's own, in order.

    Without inputs, all that the outputs need. ``around`` are the inputs of what the operator is embedded in: what
    follows from these alone is none of its own, nor is the operation that brings it together with an input.
    """
    reached, outside = set(inputs), set(around)
    forward = []
    for one in _needed(planned, outputs):
        if not reached or one.takes & reached:
            reached |= one.gives if reached else set()
            if not one.takes & outside:
                forward.append(one.placed)
        elif one.takes & outside:
            outside |= one.gives
    return [placed for placed in forward if placed.operation not in AROUND]


def of_step(planned: Sequence[Planned], loss: str, changed: Iterable[str]) -> list[Placed]:
    """The operations of a training step that gives a ``loss`` and a ``changed`` state, in order.

    Each with its part before its kind: ``forward conv`` if the loss rests on it, else ``backward conv``, which stands
    for the update of parameters too.
    """
    forward = set(_needed(planned, [loss]))
    return [
        replace(one.placed, operation=f"{'forward' if one in forward else 'backward'} {one.placed.operation}")
        for one in _needed(planned, [loss, *changed])
        if one.placed.operation not in AROUND
    ]


def _needed(planned: Sequence[Planned], outputs: Iterable[str]) -> list[Planned]:
    """The operations that the outputs rest on, in order."""
    wanted = set(outputs)
    found = []
    for one in reversed(planned):
        if one.gives & wanted:
            wanted |= one.takes
            found.append(one)
    return found[::-1]


def elsewhere(placed: Iterable[Placed], unit: str) -> str:
    """What was planned on another unit than the one asked for, and why not there; empty if nothing was."""
    strays = [one for one in placed if one.preferred and one.preferred != unit]
    if not strays:
        return ""
    told = ", ".join(dict.fromkeys(f"{one.operation} on {one.preferred}{_why(one, unit)}" for one in strays))
    return f"asked for {unit}, planned {told}"


def _why(one: Placed, unit: str) -> str:
    return "" if unit in one.supported else f" ({unit} does not support it)"
