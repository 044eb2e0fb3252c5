"""How does one test ask one aspect of one operator, and how does a verdict become pytest's outcome?"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial

import pytest

from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.catalog.models.calls import task_of
from silicon_cts.catalog.operators import Operator, find
from silicon_cts.execution.locate import located
from silicon_cts.numerics.grades import K
from silicon_cts.numerics.verdict import Judgement, judge, summarise
from silicon_cts.plugin import shrinking
from silicon_cts.plugin.case import Case
from silicon_cts.plugin.recorder import PROPERTY
from silicon_cts.plugin.session import Session
from silicon_cts.plugin.wording import in_words
from silicon_cts.records import exercise
from silicon_cts.records.known_issues import Expectation
from silicon_cts.records.record import Record
from silicon_cts.records.script import script
from silicon_cts.sampling.recipe import Recipe

NOTHING = "nothing to ask: no call that the CPU takes shows this aspect"
MOST_FRESH = 4
"""Wrong answers that are asked for again, each in a process of its own."""
SHRUNK = ("crashed", "hung", "disagrees", "accepted", "error")
"""Verdicts of failures that a simpler call may share."""
_STAGE_SHARE = 0.25
"""Share of the seconds for shrinking that one call may take in one stage, before it counts as hung."""
_CHANGED = "was changed"
"""In the words of :mod:`silicon_cts.sampling.observation` on a call that changed what it must not."""
_MOST_PRINTED = 20_000
"""Characters of a script."""


class Check:
    """One case under test: what the fixture ``check`` gives."""

    def __init__(self, case: Case, session: Session, node: pytest.Item) -> None:
        self.case = case
        self._session = session
        self._node = node

    @property
    def operator(self) -> Operator:
        """The catalog's entry."""
        return find(self.case.operator)

    @property
    def expectation(self) -> Expectation | None:
        """What the known issues say about this very check."""
        return self._session.expectation(self.case)

    def agrees(self) -> None:
        """Ask, judge, keep the record, and pass, skip, xfail or fail by the verdict.

        A failure that no known issue expects is simplified first, for the seconds that ``--shrink`` says, 20 if it does
        not, and at most :data:`~silicon_cts.plugin.shrinking.MOST_ASKED` calls.
        """
        __tracebackhide__ = True
        tasks, outcomes = self._session.outcomes(self.case)
        judged = [self._judge(task, found) for task, found in zip(tasks, outcomes, strict=True) if found is not None]
        if not judged:
            self._conclude(Judgement("no_oracle", Recipe(self.case.operator, self.case.dtype, 0), NOTHING))
            return
        judged = self._confirmed(judged)
        judgement = summarise(judged, not_tried=len(tasks) - len(judged))
        if judgement.verdict in SHRUNK and not self._is_expected(judgement):
            judgement = summarise(self._simplified(judged, judgement), not_tried=len(tasks) - len(judged))
        notes = exercise.summed(note for one in judged for note in one.notes)
        self._conclude(replace(self._located(judgement), notes=notes))

    def _judge(self, task: Task, outcome: Outcome) -> Judgement:
        capability = self._session.capabilities[self.case.backend]
        judgement = partial(judge, task, outcome, self.operator, capability)
        found = self._session.kept.judgement(task, outcome, capability, judgement)
        return replace(found, reason=in_words(found.reason, task.recipe))

    def _task(self, judgement: Judgement) -> Task:
        ways = self._session.ways(self.case)
        return Task(judgement.recipe, self.case.aspect, judgement.way, ways[judgement.way])

    def _is_expected(self, judgement: Judgement) -> bool:
        expectation = self.expectation
        return expectation is not None and expectation.issue.expects(judgement.verdict)

    def _confirmed(self, judged: Sequence[Judgement]) -> list[Judgement]:
        """Where nothing worse is there, wrong answers are asked for again, the worst first, until one repeats itself.

        One that a fresh process does not repeat depends on what ran before: it is unstable. After :data:`MOST_FRESH` of
        them all others are taken for unstable too. What a known issue expects was asked again when it was found.
        """
        found = list(judged)
        wrong = [index for index, one in enumerate(found) if one.verdict == "disagrees"]
        expected = self.expectation is not None and self.expectation.issue.verdict == "disagrees"
        if expected or summarise(found).verdict != "disagrees":
            return found
        for count, index in enumerate(sorted(wrong, key=lambda index: -found[index].ratio)):
            if count == MOST_FRESH:
                for left in (left for left in wrong if found[left].verdict == "disagrees"):
                    found[left] = replace(found[left], verdict="unstable")
                break
            again = self._asked_again(found[index])
            if again is found[index]:
                break
            found[index] = again
        return found

    def _asked_again(self, judgement: Judgement) -> Judgement:
        """The judgement itself if a fresh process says the same, else that it is unstable, and what ran before it.

        A program of that call alone may be wrong in another place than the one that it shared: then in the same one
        twice.
        """
        executor, task = self._session.executor(self.case.backend), self._task(judgement)
        before = executor.before(task)
        again = self._judge(task, executor.run_fresh(task))
        if again.reason == judgement.reason:
            return judgement
        shared = self._session.capabilities[self.case.backend].ahead_of_time and again.verdict == judgement.verdict
        if shared and self._judge(task, executor.run_fresh(task)).reason == again.reason:
            return judgement
        answer = again.reason or f"agrees, grade {again.grade}"
        told = f"; asked again in a fresh process: {answer}; before it ran {', '.join(before) or 'nothing'}"
        return replace(judgement, verdict="unstable", reason=judgement.reason + told)

    def _simplified(self, judged: Sequence[Judgement], summary: Judgement) -> list[Judgement]:
        """The same judgements, the worst of them on the simplest recipe that fails as it does."""
        worst = next(one for one in judged if (one.recipe, one.way) == (summary.recipe, summary.way))
        executor = self._session.executor(self.case.backend)
        generates = self._session.capabilities[self.case.backend].generates
        begin, most = time.monotonic(), self._session.shrink_seconds() if generates else 0.0

        def ask(recipe: Recipe) -> Judgement:
            task = self._task(replace(worst, recipe=recipe))
            return self._judge(task, executor.ask(task, _STAGE_SHARE * most))

        found = shrinking.simplest(self._session.question(self.case), worst, judged, ask, most)
        if found is not worst and found.verdict == "disagrees" and self._asked_again(found) is not found:
            found = worst
        self._session.shrink_seconds(spent=time.monotonic() - begin)
        shown = replace(worst, recipe=found.recipe, reason=found.reason, placement=found.placement)
        return [shown if one is worst else one for one in judged]

    def _located(self, judgement: Judgement) -> Judgement:
        """With the operation that makes a model's answer wrong, where the backend can say."""
        wrong = judgement.verdict == "disagrees" and task_of(self.case.operator) == "inference"
        if not wrong or not self._session.capabilities[self.case.backend].locates:
            return judgement
        said = located(self.case.backend, self._task(judgement), K)
        return replace(judgement, reason=f"{judgement.reason}; localised: {said}") if said else judgement

    def _conclude(self, judgement: Judgement) -> None:
        __tracebackhide__ = True
        expectation = self.expectation
        issue = expectation.issue if expectation is not None else None
        expected = issue is not None and issue.expects(judgement.verdict)
        record = self._record(judgement, issue.id if issue is not None and expected else None)
        self._node.user_properties.append((PROPERTY, json.dumps(record.to_json())))
        verdict, reason = judgement.verdict, judgement.reason
        if issue is not None and verdict == "agrees" and not expected:
            pytest.fail(
                f"fixed: it agrees now; remove it from {issue.id} in known_issues.toml:{issue.line}", pytrace=False
            )
        if issue is not None and expected and verdict != "agrees":
            pytest.xfail(f"{issue.id}: {issue.reason}")
        if verdict == "agrees":
            return
        if verdict in ("unsupported", "not_placed") or reason == NOTHING:
            pytest.skip(f"{verdict}: {reason}")
        other = f"\nknown issue {issue.id} expects it to be {issue.verdict}" if issue is not None else ""
        small = record.script is not None and len(record.script) <= _MOST_PRINTED
        where = f"\n\n{record.script}" if small else " the script in the run folder"
        reproduce = f"\n\nreproduce with:{where}" if record.script else ""
        pytest.fail(f"{verdict}: {reason}\nrecipe: {judgement.recipe}{other}{reproduce}", pytrace=False)

    def _record(self, judgement: Judgement, known_issue: str | None) -> Record:
        operator, case = self.operator, self.case
        compared = judgement.verdict in ("agrees", "disagrees", "unstable")
        headline = (
            f"{operator.id} ({case.aspect}, {case.dtype}) on {case.backend}: {judgement.verdict}\n{judgement.reason}"
        )
        wants_script = judgement.verdict not in ("agrees", "unsupported", "no_oracle")
        backend, watch = self._session.backend(case.backend), _CHANGED in judgement.reason
        return Record(
            operator=operator.name,
            variant=operator.variant,
            aspect=case.aspect,
            dtype=case.dtype,
            backend=case.backend,
            verdict=judgement.verdict,
            grade=judgement.grade,
            ratio=judgement.ratio if compared else None,
            ulp=judgement.ulp if compared else None,
            signal_to_noise=judgement.signal_to_noise,
            top_1=judgement.top_1,
            reason=judgement.reason,
            recipe=judgement.recipe.to_json(),
            counts=judgement.counts,
            seconds=round(judgement.seconds, 6),
            known_issue=known_issue,
            notes=judgement.notes,
            ways=judgement.ways,
            placement=[list(asdict(placed).values()) for placed in judgement.placement],
            script=script(backend, judgement.recipe, case.aspect, headline, watch=watch) if wants_script else None,
        )
