"""What does a program answer that is called several times and keeps states in between?

The states are Core ML's own (``StateType``, from macOS 15): buffers of the program that every call reads and writes in
place. Compared are the outputs of all calls, and the states read back after the last. Core ML holds states in float16
alone, so a program that computes in float32 rounds too, where it writes: how far that moves its answers is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils._pytree import tree_flatten

from silicon_cts import mil
from silicon_cts.backends import outcome
from silicon_cts.backends.coreml import placement
from silicon_cts.backends.coreml.conversion import convert
from silicon_cts.backends.coreml.front import Member, TracingError, passed
from silicon_cts.backends.coreml.interface import arrays, tensor
from silicon_cts.backends.coreml.prediction import placements
from silicon_cts.backends.coreml.refusals import failure
from silicon_cts.backends.coreml.rounding import RandomRounding, moves
from silicon_cts.backends.coreml.ways import WAYS
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Enter
from silicon_cts.catalog.models import inference
from silicon_cts.catalog.models.calls import CALLS
from silicon_cts.sampling.observation import Observed
from silicon_cts.sampling.sample import Sample, make

if TYPE_CHECKING:
    from silicon_cts.backends.coreml.reference import CoreMLReference

DRAWS = 16
"""Where few roundings make each of many answers, as in a program of float32, four draws may all miss what moves one."""
Inputs = Mapping[str, Any]
"""Of one call: arrays by name."""
OUTPUTS = "outputs"
"""Name of the outputs of all calls, among those of the states."""


def keeps_states(operator: str) -> bool:
    """Whether that is inference of a model that keeps states."""
    return operator in CALLS and CALLS[operator].model.keeps_states


def outcome_of(task: Task, backend: CoreMLReference, enter: Enter) -> Outcome:
    """One program, called once for each of the sample's calls with the same states."""
    way, stage = WAYS[task.way], ""

    def entered(name: str) -> None:
        nonlocal stage
        stage = name
        enter(name)

    entered("build")
    calls = _calls(task)
    try:
        program = passed(way.front, [calls.member], kind=backend.kind)
        named = calls.named(program.model)
        entered("convert")
        model = convert(program, way.precision, named)
        loaded, plan = backend.ready(model, entered)
        description = model.get_spec().description
        (given,) = [one.name for one in description.output]
        taken = {one.name for one in description.input}
        rest = program.inputs[len(calls.inputs[0]) :]  # of what the calls are embedded in
        inputs = [{key: one for key, one in arrays((*own, *rest)).items() if key in taken} for own in calls.inputs]
        states = [one.name for one in description.state]
        answers = _answers(loaded, lambda own, state: loaded.predict(dict(own), state), inputs, given, states)
        moved = _moves(mil.load(model), inputs, given, states, answers)
        placed = placements(plan, program, [given])[calls.member.key]
    except Exception as error:
        return failure(error.cause if isinstance(error, TracingError) else error, stage)
    observed: Observed = [tensor(one, torch.float32) for one in answers.values()]
    spread: Observed = [torch.from_numpy(moved[name]) for name in answers]
    return replace(outcome.result(observed, placement.elsewhere(placed, backend.unit)), placement=placed, spread=spread)


@dataclass(frozen=True)
class _Calls:
    """A sample of all calls, as one call that is a member of a program and the inputs of each."""

    member: Member
    inputs: Sequence[tuple[torch.Tensor, ...]]
    states: Sequence[torch.Tensor]

    def named(self, program: Any) -> dict[str, torch.Tensor]:
        """The states by the names of the buffers that hold them."""
        buffers = dict(program.named_buffers())
        ends = [f"constant_{len(self.inputs[0]) + index}" for index in range(len(self.states))]
        return {
            next(name for name in buffers if name.endswith(f".{end}")): one
            for end, one in zip(ends, self.states, strict=True)
        }


def _calls(task: Task) -> _Calls:
    (inputs, weights), _ = make(task.recipe).arguments()
    name = CALLS[task.recipe.operator].model.name
    states = inference.states(name, inputs)
    calls = list(zip(*(one.unbind() for one in inputs), strict=True))
    leaves, spec = tree_flatten(((calls[0], states, weights), {}))
    sample = Sample(inference.OneCall(name), tuple(leaves), spec, lambda output: output)
    held = tuple(range(len(calls[0]), len(leaves)))
    return _Calls(Member(0, sample, held, (torch.float32,)), calls, states)


def _answers(
    model: Any, call: Callable[[Inputs, Any], Any], inputs: Sequence[Inputs], output: str, states: Sequence[str]
) -> dict[str, Any]:
    """What all calls gave, and the states after the last."""
    state = model.make_state()
    given = np.stack([call(own, state)[output] for own in inputs])
    return {OUTPUTS: given} | {name: state.read_state(name) for name in states}


def _moves(
    model: mil.Model, inputs: Sequence[Inputs], output: str, states: Sequence[str], answers: Mapping[str, Any]
) -> dict[str, Any]:
    """How far the roundings of all calls move each of the answers."""
    plan = model.plan("float32")

    def run(rounding: RandomRounding | None) -> dict[str, Any]:
        def call(own: Inputs, state: mil.State) -> dict[str, Any]:
            return mil.evaluate(plan, own, on_value=rounding, state=state)

        return _answers(model, call, inputs, output, states)

    return moves(run, answers, DRAWS)
