"""Is one program converted for many sizes, and is one seen that holds the size at which it was converted?"""

import pytest
import torch

pytest.importorskip("coremltools")

from coremltools.converters.mil.frontend.torch.torch_op_registry import _TORCH_OPS_REGISTRY
from coremltools.converters.mil.mil import Builder

from silicon_cts.backends import registry
from silicon_cts.backends.coreml import flexible
from silicon_cts.backends.coreml.ways import WAYS
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.operators import operators
from silicon_cts.numerics.verdict import judge
from silicon_cts.records.script import script
from silicon_cts.sampling.plan import Question, own

BACKEND = registry.get("coreml-reference")


def tasks(operator: str, ways=WAYS) -> list[Task]:
    recipes = own(Question(operator, "flexible", "float32", "quick", 0))
    return [Task(recipe, "flexible", way, WAYS[way].precision) for way in ways for recipe in recipes]


@pytest.fixture(scope="module")
def run():
    BACKEND.start()
    return lambda asked: BACKEND.run(asked, lambda stage: None)


def verdicts(asked, found) -> dict[str, list[str]]:
    """For each way, the verdict at each size."""
    judged = [
        judge(task, one, operators()[task.recipe.operator], BACKEND.capability())
        for task, one in zip(asked, found, strict=True)
    ]
    return {way: [one.verdict for one in judged if one.way == way] for way in WAYS}


@pytest.mark.parametrize("operator", ["mul", "addmm", "softmax", "mean"])
def test_each_way_converts_once_and_is_right_at_every_size(run, monkeypatch, operator):
    converted = []
    convert = flexible.convert
    monkeypatch.setattr(flexible, "convert", lambda *given: converted.append(given) or convert(*given))
    asked = tasks(operator)
    assert len({task.recipe.sizes for task in asked}) == 3
    assert verdicts(asked, run(asked)) == {way: ["agrees"] * 3 for way in WAYS}
    assert len(converted) == len(WAYS)


def test_a_size_that_was_frozen_at_conversion_is_seen_at_the_other_sizes(run, monkeypatch):
    asked = tasks("mean")
    (frozen, _), *_ = asked[0].recipe.sizes

    def mean(context, node):
        x = context[node.inputs[0]]
        context.add(Builder.mul(x=Builder.reduce_sum(x=x), y=1.0 / frozen ** len(x.shape), name=node.name))

    monkeypatch.setitem(_TORCH_OPS_REGISTRY.name_to_func_mapping, "mean", mean)
    assert verdicts(asked, run(asked)) == {way: ["agrees", "disagrees", "disagrees"] for way in WAYS}
    alone = run(asked[1:2])  # as it is asked again
    assert verdicts(asked[1:2], alone)["trace float32"] == ["disagrees"]


def test_what_the_converter_refuses_is_unsupported_in_one_line(run):
    asked = tasks("nn.functional.avg_pool2d", ["trace float32"])
    found = run(asked)
    assert {one.reason for one in found} == {"ValueError: divisor_override is not supported for avg_pool2d"}
    assert verdicts(asked, found)["trace float32"] == ["unsupported"] * 3


def test_it_is_asked_of_core_ml_alone():
    assert "flexible" in BACKEND.capability().aspects
    for name in ("cpu", "coreai", "simulated"):
        assert "flexible" not in registry.get(name).capability().aspects


def test_its_script_converts_at_one_size_and_evaluates_at_another(run):
    recipe, names = tasks("addmm")[2].recipe, {}
    with torch.enable_grad():  # the script disables gradients, for the whole of its process
        exec(compile(script(BACKEND, recipe, "flexible", "x"), "script.py", "exec"), names)
    (got,) = names["answer"]
    assert got.shape != names["run"](*names["given"]).shape
    assert torch.allclose(torch.from_numpy(got), names["run"](*names["tensors"]))
