"""How does one test ask one aspect of one operator, and how does a verdict become pytest's outcome?"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.catalog.operators import Operator, operators
from silicon_cts.numerics.verdict import Judgement, judge, summarise
from silicon_cts.plugin.case import Case
from silicon_cts.plugin.recorder import PROPERTY
from silicon_cts.plugin.session import Session
from silicon_cts.records.known_issues import Expectation
from silicon_cts.records.record import Record
from silicon_cts.records.script import script
from silicon_cts.sampling.recipe import Recipe

NOTHING = "nothing to ask: no call that the CPU takes shows this aspect"


class Check:
    """One case under test: what the fixture ``check`` gives."""

    def __init__(self, case: Case, session: Session, node: pytest.Item) -> None:
        self.case = case
        self._session = session
        self._node = node

    @property
    def operator(self) -> Operator:
        """The catalog's entry."""
        return operators()[self.case.operator]

    @property
    def expectation(self) -> Expectation | None:
        """What the known issues say about this very check."""
        return self._session.expectation(self.case)

    def agrees(self) -> None:
        """Ask, judge, keep the record, and pass, skip, xfail or fail by the verdict."""
        __tracebackhide__ = True
        tasks, outcomes = self._session.outcomes(self.case)
        judged = [self._judge(task, found) for task, found in zip(tasks, outcomes, strict=True) if found is not None]
        if judged:
            judgement = summarise([self._asked_again(one) for one in judged], not_tried=len(tasks) - len(judged))
        else:
            judgement = Judgement("no_oracle", Recipe(self.case.operator, self.case.dtype, 0), NOTHING)
        self._conclude(judgement)

    def _judge(self, task: Task, outcome: Outcome) -> Judgement:
        return judge(task, outcome, self.operator, self._session.capabilities[self.case.backend])

    def _asked_again(self, judgement: Judgement) -> Judgement:
        """A wrong answer that a fresh process does not repeat depends on what ran before: it is unstable."""
        if judgement.verdict != "disagrees":
            return judgement
        task = Task(judgement.recipe, self.case.aspect)
        again = self._judge(task, self._session.executor(self.case.backend).run_fresh(task))
        if again.reason == judgement.reason:
            return judgement
        answer = again.reason or f"agrees, grade {again.grade}"
        return replace(
            judgement, verdict="unstable", reason=f"{judgement.reason}; asked again in a fresh process: {answer}"
        )

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
        reproduce = f"\n\nreproduce with:\n\n{record.script}" if record.script else ""
        pytest.fail(f"{verdict}: {reason}\nrecipe: {judgement.recipe}{other}{reproduce}", pytrace=False)

    def _record(self, judgement: Judgement, known_issue: str | None) -> Record:
        operator, case = self.operator, self.case
        compared = judgement.verdict in ("agrees", "disagrees", "unstable")
        headline = (
            f"{operator.id} ({case.aspect}, {case.dtype}) on {case.backend}: {judgement.verdict}\n{judgement.reason}"
        )
        wants_script = judgement.verdict not in ("agrees", "unsupported", "no_oracle")
        backend = self._session.backend(case.backend)
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
            reason=judgement.reason,
            recipe=judgement.recipe.to_json(),
            counts=judgement.counts,
            seconds=round(judgement.seconds, 6),
            known_issue=known_issue,
            notes=judgement.notes,
            script=script(backend, judgement.recipe, case.aspect, headline) if wants_script else None,
        )
