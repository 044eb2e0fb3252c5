"""What does one program answer at many sizes, that was converted once?

It is traced or exported at the size of op_db's sample, with the same ``RangeDim`` or ``torch.export.Dim`` for every
dimension of the symbol, and then asked at each size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from silicon_cts.backends import outcome
from silicon_cts.backends.coreml.batch import Answer
from silicon_cts.backends.coreml.conversion import convert
from silicon_cts.backends.coreml.front import Member, Passed, TracingError, passed
from silicon_cts.backends.coreml.interface import member
from silicon_cts.backends.coreml.refusals import failure
from silicon_cts.backends.coreml.ways import WAYS
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.program import Program
from silicon_cts.backends.protocol import Enter
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.resized import dimensions
from silicon_cts.sampling.sample import make


def outcomes(tasks: Sequence[Task], answer: Answer, enter: Enter, kind: type[Program] = Program) -> list[Outcome]:
    """One outcome a task: those that differ in nothing but the size share a program, of that ``kind``."""
    found: dict[Task, Outcome] = {}
    for task in tasks:
        if task not in found:
            plain = _plain(task.recipe)
            alike = [one for one in tasks if one.way == task.way and _plain(one.recipe) == plain]
            found |= _of_one_program(alike, answer, enter, kind)
    return [found[task] for task in tasks]


def _plain(recipe: Recipe) -> tuple[Recipe, int]:
    """What the program is made of: op_db's sample, and which of its sizes is flexible."""
    (symbol, _), *_ = recipe.sizes
    return replace(recipe, sizes=()), symbol


def _of_one_program(tasks: Sequence[Task], answer: Answer, enter: Enter, kind: type[Program]) -> dict[Task, Outcome]:
    way, (plain, _) = WAYS[tasks[0].way], _plain(tasks[0].recipe)
    stage = "build"

    def entered(name: str) -> None:
        nonlocal stage
        stage = name
        enter(name)

    entered("build")
    members = {task: member(0, make(task.recipe)) for task in tasks}
    found = {task: outcome.refusal(one, "build") for task, one in members.items() if isinstance(one, str)}
    own = member(0, make(plain))
    if isinstance(own, str):
        return found | dict.fromkeys(tasks, outcome.refusal(own, "build"))
    try:
        program = passed(way.front, [own], dimensions(tasks[0].recipe), kind)
        entered("convert")
        model = convert(program, way.precision)
    except Exception as error:
        cause = error.cause if isinstance(error, TracingError) else error
        return found | dict.fromkeys(tasks, failure(cause, stage))
    for task, one in members.items():
        if isinstance(one, Member):
            try:
                found[task] = answer(model, _at(program, one), way.precision, entered)[0]
            except Exception as error:
                found[task] = failure(error, stage)
    return found


def _at(program: Passed, one: Member) -> Passed:
    """The program with the inputs of that sample."""
    inputs = program.kind([one.sample], [one.held], lifted=True).inputs
    return replace(program, members=(one,), inputs=tuple(inputs), first=(one,))
