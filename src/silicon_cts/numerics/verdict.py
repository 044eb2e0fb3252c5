"""What is the judgement on one task, and on several of one operator?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from silicon_cts.backends.outcome import Outcome, Placed, Task
from silicon_cts.backends.protocol import Capability
from silicon_cts.catalog import traits
from silicon_cts.catalog.models.calls import CALLS
from silicon_cts.catalog.operators import Operator
from silicon_cts.numerics import non_unique
from silicon_cts.numerics.comparison import ORDER, Comparison, Grade, compare, disagreement
from silicon_cts.numerics.oracle import NoOracleError, Oracle, oracle
from silicon_cts.numerics.signal import heard
from silicon_cts.sampling.observation import draws_random_numbers
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make
from silicon_cts.sampling.validity import refusal

Verdict = Literal[
    "crashed", "hung", "disagrees", "unstable", "error", "accepted", "unsupported", "not_placed", "no_oracle", "agrees"
]
"""From worst to best: the verdict on an operator is the worst of its samples."""
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

REJECTS = "rejects"
"""The aspect that asks for an error."""
_BY_KIND: dict[str, Verdict] = {"refusal": "unsupported", "exception": "error", "crash": "crashed", "hang": "hung"}


@dataclass(frozen=True)
class Judgement:
    """The verdict on one task and what it rests on."""

    verdict: Verdict
    recipe: Recipe
    reason: str = ""
    grade: Grade = ""
    ratio: float = 0.0
    """Largest error in error budgets."""
    ulp: float = 0.0
    worst: tuple[int, ...] | None = None
    """Index of the worst element."""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    signal_to_noise: float | None = None
    """Of a model, in dB; None for an operator."""
    top_1: float | None = None
    """Share of the clear decisions of a model that are right; None where it decides nothing."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many samples got which verdict, after :func:`summarise`."""
    way: str = ""
    """In which of the backend's ways it was asked."""
    ways: dict[str, dict[str, int]] = field(default_factory=dict)
    """The same for each way, after :func:`summarise`; empty for a backend that has but one."""
    placement: tuple[Placed, ...] = ()
    """Where the operator's operations were planned, if the backend says."""


def judge(task: Task, outcome: Outcome, operator: Operator, capability: Capability) -> Judgement:
    """The verdict on what came of a task."""
    return replace(_judge(task, outcome, operator, capability), way=task.way, placement=outcome.placement)


def _judge(task: Task, outcome: Outcome, operator: Operator, capability: Capability) -> Judgement:
    if task.aspect == REJECTS and outcome.kind in ("refusal", "exception"):
        return Judgement("agrees", task.recipe, grade="exact", notes=outcome.notes, seconds=outcome.seconds)
    if outcome.kind != "result":
        verdict = _BY_KIND[outcome.kind]
        return Judgement(verdict, task.recipe, outcome.reason, notes=outcome.notes, seconds=outcome.seconds)
    if task.aspect == REJECTS:
        reason = f"took what the CPU refuses: {refusal(task.recipe)}"
        return Judgement("accepted", task.recipe, reason, notes=outcome.notes, seconds=outcome.seconds)
    try:
        found = _compare(task, outcome, operator, capability)
    except NoOracleError as error:
        return Judgement("no_oracle", task.recipe, str(error), seconds=outcome.seconds)
    agreed: Verdict = "not_placed" if outcome.elsewhere else "agrees"
    return Judgement(
        agreed if found.agrees else "disagrees",
        task.recipe,
        found.reason or outcome.elsewhere,
        found.grade,
        found.ratio,
        found.ulp,
        found.worst,
        (*outcome.notes, *found.notes),
        outcome.seconds,
        found.signal_to_noise,
        found.top_1,
    )


def _compare(task: Task, outcome: Outcome, operator: Operator, capability: Capability) -> Comparison:
    assert outcome.observed is not None
    allowed = oracle(task).observation.violations
    if violations := [said for said in outcome.violations if said not in allowed]:
        return disagreement("; ".join(violations))
    undefined = operator.uninitialised is not None or (operator.random and draws_random_numbers(make(task.recipe)))
    property_of = non_unique.look_up(operator.id, task.aspect)
    call = CALLS.get(operator.id)

    def held_against(right: Oracle, values: bool) -> Comparison:
        observed = outcome.observed or []
        found = compare(
            observed,
            right,
            exact=task.aspect != "gradient" and traits.only_moves_data(operator.id),
            values=values,
            narrows=capability.narrows,
            own_yardstick=capability.yardstick,
            spread=outcome.spread,
        )
        if call is None or call.task != "inference":
            return found
        return heard(found, observed, right, call.model.loss, capability.yardstick, outcome.spread)

    right = oracle(task)
    found = held_against(right, values=not undefined and property_of is None)
    if not found.agrees and task.aspect == "gradient" and non_unique.is_reordered(right):
        return held_against(right, values=False)
    if found.grade in ("", "C") and not undefined and property_of is None and not task.precision and right.coarser:
        again = held_against(oracle(replace(task, precision=right.coarser)), values=True)
        found = min(found, again, key=lambda one: ORDER.index(one.grade))
    if not found.agrees or undefined or property_of is None:
        return found
    return property_of.check(outcome.observed, right)


def summarise(judgements: Sequence[Judgement], not_tried: int = 0) -> Judgement:
    """The worst of the judgements, with the reason saying of how many; seconds are summed.

    Raises ValueError when there is none.
    """
    if not judgements:
        raise ValueError("no judgement to summarise")
    worst = min(judgements, key=lambda one: (VERDICTS.index(one.verdict), -ORDER.index(one.grade), -one.ratio))
    counts: Counter[str] = Counter(one.verdict for one in judgements)
    reason = f"{worst.way}: {worst.reason}" if worst.way and worst.reason else worst.reason
    if worst.verdict != "agrees" and len(judgements) > 1:
        reason = f"{counts[worst.verdict]} of {len(judgements)} samples: {reason}"
    if not_tried:
        reason += f" ({not_tried} more not tried)"
    notes = tuple(dict.fromkeys(note for one in judgements for note in one.notes))[:3]
    seconds = sum(one.seconds for one in judgements)
    return replace(
        worst,
        reason=reason,
        counts=dict(counts),
        notes=notes,
        seconds=seconds,
        ways=_by_way(judgements),
        signal_to_noise=min(
            (one.signal_to_noise for one in judgements if one.signal_to_noise is not None), default=None
        ),
        top_1=min((one.top_1 for one in judgements if one.top_1 is not None), default=None),
    )


def _by_way(judgements: Sequence[Judgement]) -> dict[str, dict[str, int]]:
    ways = dict.fromkeys(one.way for one in judgements if one.way)
    return {way: dict(Counter(one.verdict for one in judgements if one.way == way)) for way in ways}
