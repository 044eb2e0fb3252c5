"""What does Core ML answer, and where did it plan to compute that?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from silicon_cts import mil
from silicon_cts.backends import outcome
from silicon_cts.backends.coreml import placement
from silicon_cts.backends.coreml.front import Passed
from silicon_cts.backends.coreml.interface import arrays, names, shares, tensor
from silicon_cts.backends.coreml.rounding import spread
from silicon_cts.backends.outcome import Outcome, Placed
from silicon_cts.sampling.observation import Observed


def answer(model: Any, loaded: Any, plan: Any, passed: Passed, precision: str, unit: str) -> Mapping[int, Outcome]:
    """The outcome of every sample in a program: ``loaded`` is its ``CompiledMLModel``, ``plan`` its ``MLComputePlan``.

    How far roundings move a float16 program is measured with the MIL evaluator. Raises what predicting raises.
    """
    description = model.get_spec().description
    taken = {one.name for one in description.input}
    inputs = {name: one for name, one in arrays(passed.inputs).items() if name in taken}
    answers = loaded.predict(dict(inputs))
    given = [one.name for one in description.output]
    moves = _moves(mil.load(model), inputs) if precision == "float16" else {}
    planned = placements(plan, passed, given)
    found = {}
    for member, own in zip(passed.members, shares(passed.members, given), strict=True):
        values = [tensor(answers[name], dtype) for name, dtype in zip(own, member.dtypes, strict=True)]
        spreads: Observed | None = [torch.from_numpy(moves[name]) for name in own] if moves else None
        placed = planned[member.key]
        one = outcome.result(list(values), placement.elsewhere(placed, unit))
        found[member.key] = replace(one, placement=placed, spread=spreads)
    return found


def placements(plan: Any, passed: Passed, outputs: Sequence[str]) -> dict[int, tuple[Placed, ...]]:
    """Where the operations of each sample were planned, by its key; nowhere without a plan."""
    planned = placement.read(plan) if plan is not None else []
    starts = _inputs_of(passed)
    around = set(names(passed.inputs)) - {name for own in starts.values() for name in own}
    return {
        one.key: tuple(placement.own(planned, starts[one.key], own, around))
        for one, own in zip(passed.members, shares(passed.members, outputs), strict=True)
    }


def _moves(model: mil.Model, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return spread(model.plan("float32"), inputs, mil.evaluate(model.plan(), inputs))


def _inputs_of(passed: Passed) -> dict[int, list[str]]:
    """The names of the inputs of each sample, by its key."""
    given = iter(names(passed.inputs))
    return {one.key: [next(given) for _ in range(len(one.sample.tensors) - len(one.held))] for one in passed.first}
