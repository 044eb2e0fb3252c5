"""A fault in a converted program is caught; a right program is not accused."""

import pytest

pytest.importorskip("coremltools")

from backends.coreml.fault_cases import FAULTS
from silicon_cts import mil
from silicon_cts.backends import registry
from silicon_cts.backends.coreml import conversion, evaluation, front, interface
from silicon_cts.backends.coreml.ways import PRECISIONS
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.operators import operators
from silicon_cts.numerics.verdict import judge
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make


def judgement(operator: str, sample: int, precision: str, edit=None):
    """The judgement on one traced call, its program edited."""
    backend = registry.get("coreml-reference")
    backend.start()
    recipe = Recipe(operator, "float32", sample)
    member = interface.member(0, make(recipe))
    passed = front.passed("trace", [member])
    function = mil.load(conversion.convert(passed, precision)).function
    if edit is not None:
        edit(function)
    found = evaluation.answer(function, passed, precision)[0]
    task = Task(recipe, "forward", f"trace {precision}", precision)
    return judge(task, found, operators()[operator], backend.capability())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_planted_fault_is_caught(fault, precision):
    assert judgement(fault.operator, fault.sample, precision).verdict == "agrees", "the right program is accused"
    if precision == "float32" or fault.in_float16:
        assert judgement(fault.operator, fault.sample, precision, fault.edit).verdict == "disagrees"
