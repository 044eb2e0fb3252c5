"""``coreml-reference``: what coremltools converts, evaluated on any machine from the specification of MIL."""

from __future__ import annotations

import importlib.util
import logging
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from silicon_cts.backends import outcome
from silicon_cts.backends.coreml.ways import FRONTS, PRECISIONS, WAYS
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Absence, Backend, Capability, Enter

if TYPE_CHECKING:
    from silicon_cts.backends.coreml.front import Passed
    from silicon_cts.backends.program import Program
    from silicon_cts.sampling.recipe import Recipe


class CoreMLReference(Backend):
    """Conversion by coremltools, evaluation by :mod:`silicon_cts.mil`."""

    stages: tuple[str, ...] = ("build", "convert", "run")
    unit = ""
    """Compute unit that is asked for."""

    @property
    def kind(self) -> type[Program]:
        """How samples stand in a program: side by side."""
        from silicon_cts.backends.program import Program

        return Program

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def marks(self) -> tuple[str, ...]:
        """Core ML."""
        return ("coreml",)

    def absence(self) -> Absence | None:
        """Present where coremltools is installed."""
        if importlib.util.find_spec("coremltools") is None:
            return Absence("coremltools is not installed", "pip install 'silicon-cts[coreml]'")
        return None

    def capability(self) -> Capability:
        """Ahead of time and forward only, in every :data:`~silicon_cts.backends.coreml.ways.WAYS`."""
        from silicon_cts.backends.coreml.interface import NARROWS

        return Capability(
            dtypes=("float32", "int64", "bool"),
            aspects=("forward", "flexible"),
            generates=False,
            in_others=0.5,
            isolation="forkserver" if platform.system() == "Linux" else "spawn",
            ahead_of_time=True,
            splits=True,
            batch=128,
            deadlines={"build": 120.0, "convert": 120.0, "run": 60.0},
            narrows=NARROWS,
            ways={name: way.precision for name, way in WAYS.items()},
            locates=True,
        )

    def start(self) -> None:
        """Import what converting needs; the template process of the workers does it once for all."""
        _warm_up()

    def run(self, tasks: Sequence[Task], enter: Enter) -> list[Outcome]:
        """All samples in one program for each front end, converted at each precision that is asked for.

        Of the aspect ``flexible`` a program for each sample, asked at all its sizes; of a model that keeps states one
        that is called several times.
        """
        from silicon_cts.backends.coreml import flexible, stateful

        if tasks[0].aspect == "flexible":
            return flexible.outcomes(tasks, self.answer, enter, self.kind)
        called = [one for one in tasks if stateful.keeps_states(one.recipe.operator)]
        found = {one: stateful.outcome_of(one, self, enter) for one in called}
        together = [one for one in tasks if one not in found]
        found |= zip(together, self._together(together, enter), strict=True)
        return [found[one] for one in tasks]

    def _together(self, tasks: Sequence[Task], enter: Enter) -> list[Outcome]:
        from silicon_cts.backends.coreml.batch import outcomes
        from silicon_cts.backends.coreml.front import Member
        from silicon_cts.backends.coreml.interface import member, weights
        from silicon_cts.sampling.sample import make

        enter("build")
        recipes = list(dict.fromkeys(task.recipe for task in tasks))
        samples = [make(recipe) for recipe in recipes]
        members = [
            member(key, sample, weights(recipe.operator, sample))
            for key, (recipe, sample) in enumerate(zip(recipes, samples, strict=True))
        ]
        found: dict[tuple[int, str, str], Outcome] = {}
        for front in FRONTS:
            asked = [(recipes.index(task.recipe), WAYS[task.way]) for task in tasks if WAYS[task.way].front == front]
            keys = {key for key, _ in asked}
            precisions = [name for name in PRECISIONS if any(way.precision == name for _, way in asked)]
            batch = [one for one in members if isinstance(one, Member) and one.key in keys]
            done = outcomes(front, batch, precisions, self.answer, enter, self.kind) if precisions else {}
            found |= {(key, front, precision): one for (key, precision), one in done.items()}
        return [
            outcome.refusal(problem, "build")
            if isinstance(problem := members[key := recipes.index(task.recipe)], str)
            else found[key, WAYS[task.way].front, WAYS[task.way].precision]
            for task in tasks
        ]

    def answer(self, model: Any, passed: Passed, precision: str, enter: Enter) -> Mapping[int, Outcome]:
        """Evaluate the program that the converter serialised."""
        from silicon_cts import mil
        from silicon_cts.backends.coreml.evaluation import answer

        enter("run")
        return answer(mil.load(model).function, passed, precision)

    def ready(self, model: Any, enter: Enter) -> tuple[Any, Any]:
        """The program with ``predict`` and ``make_state`` of an ``MLModel``, and its compute plan or None."""
        from silicon_cts import mil

        enter("run")
        return mil.load(model), None

    def locate(self, task: Task, most: float) -> str:
        """The operation that the converter, or the program in its precision, gets wrong; of one call alone."""
        from silicon_cts.backends.coreml.located import located
        from silicon_cts.backends.coreml.stateful import keeps_states

        return "" if keeps_states(task.recipe.operator) else located(task.recipe, WAYS[task.way], most)

    def versions(self) -> Mapping[str, str]:
        """Of the converter."""
        try:
            return {"coremltools": version("coremltools")}
        except PackageNotFoundError:
            return {}

    def script(self, recipe: Recipe, aspect: str) -> str | None:
        """Convert in every way and evaluate: Core ML itself is on macOS only."""
        from silicon_cts.backends.coreml import script
        from silicon_cts.backends.coreml.stateful import keeps_states

        if keeps_states(recipe.operator):
            return script.stateful(recipe)
        return script.flexible(recipe) if aspect == "flexible" else script.static(recipe)


@cache
def _warm_up() -> None:
    """Once in a process: a worker that was forked from the template finds it done."""
    import gc

    import torch

    from silicon_cts.catalog.operators import operators

    logging.getLogger("coremltools").setLevel(logging.CRITICAL)
    import coremltools

    from silicon_cts import mil
    from silicon_cts.backends.coreml.conversion import without_delay
    from silicon_cts.backends.decomposition import decomposed
    from silicon_cts.mil import registry

    operators()
    registry.implementation("add")
    program = decomposed(torch.export.export(torch.nn.Identity(), (torch.ones(1),)))
    with without_delay():
        mil.load(coremltools.convert(program, skip_model_load=True))  # what the first conversion imports
    gc.collect()
    gc.freeze()  # converting allocates much: without a million old objects to walk it is faster
