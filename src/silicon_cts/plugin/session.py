"""What does a run hold while it runs: options, backends, their workers, known issues?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Absence, Backend, Capability
from silicon_cts.catalog.models.calls import CALLS, task_of
from silicon_cts.catalog.modules import QUICK_SAMPLES
from silicon_cts.catalog.operators import find
from silicon_cts.catalog.processor import as_yardstick
from silicon_cts.execution.executor import Executor
from silicon_cts.plugin.case import Case, dtypes
from silicon_cts.plugin.options import KNOWN_ISSUES_INI, REGRESSIONS_INI, Options
from silicon_cts.records import fingerprint, known_issues, regressions
from silicon_cts.records.kept import Kept
from silicon_cts.records.known_issues import Expectation, KnownIssues, KnownIssuesError
from silicon_cts.records.regressions import RegressionError, Regressions
from silicon_cts.sampling.recipe import Recipe, RecipeError

if TYPE_CHECKING:
    from silicon_cts.sampling.plan import Question

SHRINK_ALL = 30
"""Seconds that a process spends on simplifying failures, in multiples of what it may spend on one of them."""


class Session:
    """One process of a run: pytest's own, or one worker of pytest-xdist."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.options = options
        self.root = config.rootpath
        ini = str(config.getini(KNOWN_ISSUES_INI) or "")
        self.is_conformance_project = bool(ini)
        self._known_issues_path = self.root / (ini or "suites/known_issues.toml")
        self.regressions_folder = self.root / str(config.getini(REGRESSIONS_INI))
        self._cache: pytest.Cache | None = getattr(config, "cache", None)  # not with -p no:cacheprovider
        self._shrink_seconds = SHRINK_ALL * options.shrink
        self._executors: dict[str, Executor] = {}
        self._outcomes: dict[Case, tuple[list[Task], list[Outcome | None]]] = {}

    @property
    def backend_names(self) -> tuple[str, ...]:
        """Names asked for, or all that are installed."""
        return self.options.backends or tuple(name for name in registry.names() if not registry.get(name).on_request)

    @cached_property
    def absences(self) -> Mapping[str, Absence | None]:
        """For each backend of this run, why it is absent, or None."""
        return {name: registry.get(name).absence() for name in self.backend_names}

    @property
    def present(self) -> tuple[str, ...]:
        """Names of the backends that are here."""
        return tuple(name for name, absence in self.absences.items() if absence is None)

    @cached_property
    def capabilities(self) -> Mapping[str, Capability]:
        """Capabilities of the backends that are here."""
        return {name: registry.get(name).capability() for name in self.present}

    @cached_property
    def versions(self) -> dict[str, str]:
        """Installed versions that known issues may depend on."""
        found = fingerprint.versions()
        for name in self.present:
            found.update(registry.get(name).versions())
        return found

    @cached_property
    def known_issues(self) -> KnownIssues:
        """What is already known. Raises pytest.UsageError naming the line of a mistake."""
        try:
            return known_issues.load(self._known_issues_path, self.versions)
        except KnownIssuesError as error:
            raise pytest.UsageError(str(error)) from None

    @cached_property
    def regressions(self) -> Regressions:
        """What failed once. Raises pytest.UsageError naming the file of a mistake."""
        try:
            return regressions.load(self.regressions_folder)
        except RegressionError as error:
            raise pytest.UsageError(str(error)) from None

    @cached_property
    def kept_in(self) -> Path | None:
        """Where findings of earlier runs lie: in pytest's own cache, if it has one."""
        if self._cache is None:
            return None
        try:
            return self._cache.mkdir("silicon-cts")
        except OSError:
            return None

    @cached_property
    def kept(self) -> Kept:
        """What earlier runs have found."""
        return Kept(self.kept_in)

    def backend(self, name: str) -> Backend:
        """The backend of that name."""
        return registry.get(name)

    def executor(self, name: str) -> Executor:
        """The backend's executor: one in each process, kept warm for the whole run."""
        if name not in self._executors:
            as_yardstick()  # as in workers
            self._executors[name] = Executor(registry.get(name), self.options.deadline)
        return self._executors[name]

    def expectation(self, case: Case) -> Expectation | None:
        """What the known issues say about a case, or what they say of the backend whose kernels it is asked of."""
        asked = (case.operator, case.aspect, case.dtype)
        found = self.known_issues.find(*asked, case.backend)
        if found is None and (kin := self.backend(case.backend).kin):
            return self.known_issues.find_of_kin(*asked, kin)
        return found

    def ways(self, case: Case) -> Mapping[str, str]:
        """In which ways a case is asked, and with which roundings each is judged. Training has one, its own."""
        call = CALLS.get(case.operator)
        if call is not None and call.task == "training":
            return {"": call.judged_in}
        ways = self.capabilities[case.backend].ways
        if self.options.budget == "quick" and case.aspect == "flexible":  # a program for each operator and way
            return dict(list(ways.items())[:1])
        return ways

    def question(self, case: Case) -> Question:
        """What decides which recipes a case asks."""
        from silicon_cts.sampling.plan import Question

        return Question(case.operator, case.aspect, case.dtype, self.options.budget, self.options.seed)

    def recipes(self, case: Case) -> list[Recipe]:
        """What a known issue, a regression and op_db show, in this order, and then what is generated.

        A regression of which this torch makes no sample any more fails the test that asks for it.
        """
        from silicon_cts.sampling import plan
        from silicon_cts.sampling.sample import make

        question, capability = self.question(case), self.capabilities[case.backend]
        try:
            asked = self.regressions.find(case.operator, case.aspect, case.dtype)
        except RegressionError as error:
            pytest.fail(str(error), pytrace=False)
        asked += _share(self.kept.recipes(question, "own", plan.own), case, capability, self.options.budget)
        if self._generates(case):
            asked += self.kept.recipes(question, "generated", plan.generated)
        expectation = self.expectation(case)
        if expectation is None:
            return list(dict.fromkeys(asked))
        try:  # whatever this run's seed: the sample is that of the issue's own
            make(expectation.recipe)
        except RecipeError:
            return list(dict.fromkeys(asked))
        return list(dict.fromkeys([expectation.recipe, *asked]))

    def _generates(self, case: Case) -> bool:
        """Whether generated samples are asked: at ``quick`` not where each new shape is a program of its own."""
        capability = self.capabilities[case.backend]
        at_length = self.options.budget == "quick" and capability.ahead_of_time
        return capability.generates and not at_length and task_of(case.operator) is None

    def outcomes(self, case: Case) -> tuple[list[Task], list[Outcome | None]]:
        """What came of a case: its tasks, and an outcome for each.

        The operator's other dtypes are run along with it and kept until they are asked for, because an ahead-of-time
        backend pays for the program and not for the sample.
        """
        if case not in self._outcomes:
            self._outcomes.clear()
            executor = self.executor(case.backend)  # before anything is drawn: it readies this process, too
            capability, operator = self.capabilities[case.backend], find(case.operator)
            siblings = [case]
            if capability.ahead_of_time:
                names = dtypes(self.options, capability, operator, case.aspect, self.regressions)
                siblings = [replace(case, dtype=name) for name in names]
            ways = self.ways(case).items()
            groups = [
                [Task(recipe, case.aspect, *way) for recipe in self.recipes(one) for way in ways] for one in siblings
            ]
            suspects = [
                task
                for one, tasks in zip(siblings, groups, strict=True)
                if self.expectation(one)
                for task in tasks[: len(ways)]
            ]
            found = executor.run_groups(groups, suspects)
            self._outcomes = {one: (tasks, outs) for one, tasks, outs in zip(siblings, groups, found, strict=True)}
        return self._outcomes.pop(case)

    def shrink_seconds(self, spent: float = 0.0) -> float:
        """How long one more failure may be simplified, after ``spent`` more seconds on others."""
        self._shrink_seconds -= spent
        return max(min(self.options.shrink, self._shrink_seconds), 0.0)

    def close(self) -> None:
        """End all workers."""
        for executor in self._executors.values():
            executor.close()
        self._executors.clear()
        if "kept" in self.__dict__:
            self.kept.close()

    def describe(self) -> dict[str, Any]:
        """What ``run.json`` says of this run before it starts."""
        options = self.options
        return {
            "fingerprint": {**fingerprint.fingerprint(), "versions": self.versions},
            "commit": fingerprint.commit(),
            "options": {
                "budget": options.budget,
                "seed": options.seed,
                "backend": options.backends,
                "op": options.operators,
                "dtype": options.dtypes,
                "aspect": options.aspects,
                "deadline": options.deadline,
                "shrink": options.shrink,
            },
            "backends": {name: self._describe_backend(name) for name in self.backend_names},
        }

    def _describe_backend(self, name: str) -> dict[str, Any]:
        absence, marks = self.absences[name], list(registry.get(name).marks)
        if absence is not None:
            return {"absent": absence.reason, "remedy": absence.remedy, "dtypes": [], "aspects": [], "marks": marks}
        capability = self.capabilities[name]
        return {
            "absent": None,
            "remedy": "",
            "dtypes": list(capability.dtypes),
            "aspects": list(capability.aspects),
            "marks": marks,
        }

    def run_dir_root(self) -> Path:
        """Folder in which run folders are made."""
        return self.root / "reports" / "runs"


def _share(own: list[Recipe], case: Case, capability: Capability, budget: str) -> list[Recipe]:
    """Of op_db's samples of a case, those that the backend is asked in that dtype; of modules, few at ``quick``."""
    from silicon_cts.sampling.effort import spread

    if task_of(case.operator) == "modules":
        return [own[index] for index in spread(len(own), QUICK_SAMPLES if budget == "quick" else None)]
    offered = find(case.operator).dtypes
    is_first = case.dtype == next((name for name in capability.dtypes if name in offered), case.dtype)
    return own if is_first else [own[index] for index in spread(len(own), math.ceil(len(own) * capability.in_others))]


SESSION: pytest.StashKey[Session] = pytest.StashKey()
"""Where a pytest config keeps its session."""
