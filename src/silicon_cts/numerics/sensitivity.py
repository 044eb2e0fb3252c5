"""Would the suites find this fault, and after how many checks?

The recipes that the suites ask are asked of the simulated accelerator under the fault, in the suites' order, until a
verdict fails on a call that the fault changed. A call that it left alone is as right as it is without a fault.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Capability
from silicon_cts.backends.simulated.backend import FIRED
from silicon_cts.catalog.models.calls import CALLS, task_of
from silicon_cts.catalog.operators import Operator, everything
from silicon_cts.execution.executor import Executor
from silicon_cts.numerics.verdict import Judgement, judge
from silicon_cts.sampling import plan
from silicon_cts.sampling.aspects import ASPECTS

ACCUSES = frozenset({"crashed", "hung", "disagrees", "unstable", "error", "accepted", "unsupported"})
"""Verdicts by which a call that is right without the fault names the operator; ``unsupported`` does so in the coverage
of a run, where a missing operator is to be seen."""


@dataclass(frozen=True)
class Finding:
    """What became of one fault."""

    fault: str
    code: str
    summary: str
    operators: tuple[str, ...] = ()
    """Ids of the operators that were asked."""
    checks: int = 0
    """Calls asked until it was caught, or all."""
    fired: int = 0
    """Of these, calls that it changed."""
    seconds: float = 0.0
    aspect: str = ""
    """Where it was caught, if it was."""
    verdict: str = ""
    reason: str = ""
    """Of the verdict that caught it; if none did, of the first call that it changed and that agreed."""
    recipe: str = ""

    @property
    def caught(self) -> bool:
        """Whether a verdict failed."""
        return bool(self.verdict)

    @property
    def exercised(self) -> bool:
        """Whether it changed any call at all, so that a verdict could fail."""
        return self.caught or self.fired > 0


def concerned(globs: Sequence[str]) -> list[Operator]:
    """The operators, models and modules that can be asked, in the order of the catalog."""
    return [
        operator
        for operator in everything().values()
        if not operator.unchecked and any(fnmatchcase(operator.id, glob) for glob in globs)
    ]


@lru_cache(maxsize=4096)
def _tasks(question: plan.Question) -> tuple[Task, ...]:
    drawn = plan.generated(question) if task_of(question.operator) is None else []
    recipes = dict.fromkeys([*plan.own(question), *drawn])
    run = CALLS.get(question.operator)
    return tuple(Task(recipe, question.aspect, precision=run.judged_in if run else "") for recipe in recipes)


def hunt(fault: str, code: str, summary: str, globs: Sequence[str], budget: str = "standard", seed: int = 0) -> Finding:
    """Ask until the fault is caught. ``fault`` is an id of the table or ``FILE.py:NAME``; raises FaultError."""
    backend, begin = registry.get(f"simulated:{fault}"), time.perf_counter()
    capability, asked = backend.capability(), concerned(globs)
    checks = fired = 0
    agreed: Judgement | None = None

    def found(verdict: Judgement | None = None, aspect: str = "") -> Finding:
        last = verdict or agreed
        return Finding(
            fault, code, summary, tuple(operator.id for operator in asked), checks, fired,
            round(time.perf_counter() - begin, 1), aspect, verdict.verdict if verdict else "",
            " ".join(last.reason.split())[:300] if last else "", str(last.recipe) if last else "",
        )  # fmt: skip

    with Executor(backend) as executor:
        for aspect in capability.aspects:
            for operator in asked:
                if aspect != "forward" and task_of(operator.id) is not None:
                    continue
                for dtype in plan.dtypes(operator, aspect, budget, capability.dtypes):
                    tasks = _tasks(plan.Question(operator.id, aspect, dtype, budget, seed))
                    for task, outcome in zip(tasks, executor.run(tasks), strict=True):
                        checks += 1
                        if outcome is None or not _is_suspect(outcome, aspect):
                            continue
                        fired += 1
                        judged = judge(task, outcome, operator, capability)
                        if _accuses(judged, task, operator, capability):
                            return found(judged, aspect)
                        agreed = agreed or judged
    return found()


def _is_suspect(outcome: Outcome, aspect: str) -> bool:
    """Whether the fault changed the call, or ended it: an exception is right where a wrong call is asked."""
    ended = outcome.kind != "result" and not (ASPECTS[aspect].mistakes and outcome.kind in ("exception", "refusal"))
    return ended or any(note.startswith(FIRED) for note in outcome.notes)


def _accuses(judged: Judgement, task: Task, operator: Operator, capability: Capability) -> bool:
    """Whether the verdict fails, and does not fail without the fault."""
    if judged.verdict not in ACCUSES:
        return False
    with Executor(registry.get("simulated")) as executor:
        return judge(task, executor.run_fresh(task), operator, capability).verdict == "agrees"
