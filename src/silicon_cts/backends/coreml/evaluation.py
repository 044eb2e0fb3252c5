"""What does a converted program answer, by the MIL evaluator?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from silicon_cts import mil
from silicon_cts.backends import outcome
from silicon_cts.backends.coreml.front import Member, Passed
from silicon_cts.backends.coreml.interface import arrays, shares, tensor
from silicon_cts.backends.coreml.refusals import failure
from silicon_cts.backends.coreml.rounding import spread
from silicon_cts.backends.outcome import Outcome
from silicon_cts.mil.plan import giving

Answer = tuple[Any, Any]
"""One output, and how far roundings move it (None if the program has no float16)."""

_FAILURES = (mil.EvaluationError, mil.UnsupportedOperationError)


def answer(function: Any, passed: Passed, precision: str) -> Mapping[int, Outcome]:
    """The outcome of every sample in a MIL function, by its key; in float16, with how far its roundings move it.

    Where the evaluation fails, each sample's own part of the program is evaluated by itself. Raises RuntimeError if the
    program has not as many outputs as were traced.
    """
    parts = shares(passed.members, function.outputs)
    inputs = {name: one for name, one in arrays(passed.inputs).items() if name in function.inputs}
    modes = ("as_written", "float32") if precision == "float16" else ("as_written",)
    plans = [mil.prepare(function, mode) for mode in modes]
    try:
        answers = shares(passed.members, _evaluate(plans, inputs, function.outputs))
    except _FAILURES:
        return {one.key: _alone(plans, inputs, one, own) for one, own in zip(passed.members, parts, strict=True)}
    return {one.key: _outcome(one, own) for one, own in zip(passed.members, answers, strict=True)}


def _alone(plans: Sequence[mil.Plan], inputs: Mapping[str, Any], member: Member, outputs: Sequence[Any]) -> Outcome:
    try:
        return _outcome(member, _evaluate([giving(plan, outputs) for plan in plans], inputs, outputs))
    except _FAILURES as error:
        return failure(error, "run")


def _evaluate(plans: Sequence[mil.Plan], inputs: Mapping[str, Any], outputs: Sequence[Any]) -> list[Answer]:
    answers = mil.evaluate(plans[0], inputs)
    moves = spread(plans[1], inputs, answers) if len(plans) > 1 else {}
    return [(answers[var.name], moves.get(var.name)) for var in outputs]


def _outcome(member: Member, answers: Sequence[Answer]) -> Outcome:
    moves = [None if move is None else torch.from_numpy(move) for _, move in answers]
    observed = [tensor(value, dtype) for (value, _), dtype in zip(answers, member.dtypes, strict=True)]
    found = outcome.result(list(observed))
    return replace(found, spread=list(moves) if any(move is not None for move in moves) else None)
