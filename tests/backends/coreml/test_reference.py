"""What coremltools converts, by both front ends and at both precisions, evaluated here."""

import numpy as np
import pytest
import torch

pytest.importorskip("coremltools")

from silicon_cts.backends import registry
from silicon_cts.backends.coreml import batch
from silicon_cts.backends.coreml.refusals import is_refusal
from silicon_cts.backends.coreml.ways import WAYS
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.operators import operators
from silicon_cts.numerics.verdict import judge, summarise
from silicon_cts.sampling.recipe import Recipe


def tasks(operator: str, *indices: int, dtype: str = "float32", ways=WAYS) -> list[Task]:
    return [
        Task(Recipe(operator, dtype, index), "forward", way, WAYS[way].precision) for index in indices for way in ways
    ]


@pytest.fixture(scope="module")
def run():
    backend = registry.get("coreml-reference")
    backend.start()
    return lambda asked: backend.run(asked, lambda stage: None)


def verdict(asked: list[Task], found):
    capability = registry.get("coreml-reference").capability()
    pairs = zip(asked, found, strict=True)
    return summarise([judge(task, one, operators()[task.recipe.operator], capability) for task, one in pairs])


def test_every_sample_is_asked_in_every_way_and_the_record_says_how_each_fared(run):
    asked = tasks("softmax", 1, 2)
    judgement = verdict(asked, run(asked))
    assert judgement.verdict == "agrees"
    assert judgement.ways == {way: {"agrees": 2} for way in WAYS}


def test_one_way_that_disagrees_makes_the_operator_disagree_and_is_named(run):
    asked = tasks("add", 9)
    judgement = verdict(asked, run(asked))
    assert judgement.verdict == "disagrees"
    assert judgement.reason.startswith("2 of 4 samples: export float32: output 0")
    assert judgement.ways["trace float32"] == {"unsupported": 1}


def test_a_refused_sample_takes_no_other_down(run):
    asked = [*tasks("sin", 0), *tasks("igamma", 3), *tasks("sin", 0, dtype="int64")]
    found = run(asked)
    assert [one.kind for one in found] == ["result"] * 4 + ["refusal"] * 8
    assert "op 'igamma' not implemented" in found[4].reason
    assert "type domain" in found[8].reason


@pytest.mark.parametrize("front", ["trace", "export"])
def test_samples_of_an_operation_that_the_converter_does_not_know_leave_together(run, monkeypatch, front):
    convert, converted = batch.convert, []
    monkeypatch.setattr(batch, "convert", lambda *given: converted.append(given) or convert(*given))
    found = run(tasks("igamma", 1, 2, 3, 4, ways=[f"{front} float32"]) + tasks("sin", 0, ways=[f"{front} float32"]))
    assert [one.kind for one in found] == ["refusal"] * 4 + ["result"]
    assert len(converted) == 2  # all, and sin alone


def test_a_failed_sample_with_runtime_assertions_takes_no_other_down(run):
    found = run(tasks("nonzero", 0, 1, 2, ways=["export float32"]))
    assert [one.kind for one in found] == ["result", "exception", "result"]


def test_weights_that_must_be_constants_are(run):
    assert {one.kind for one in run(tasks("nn.functional.layer_norm", 0, ways=["trace float32"]))} == {"result"}


def test_a_tensor_of_rank_0_is_given_as_one_of_one_element(run):
    (found,) = run([task for task in tasks("sin", 0) if task.way == "trace float32"])
    assert found.kind == "result"
    found = run(tasks("exp", 2, ways=["trace float32"]))[0]
    assert found.observed[0].shape == ()


def test_an_evaluation_that_fails_costs_its_own_sample_only(run):
    found = run([*tasks("masked_fill", 6, ways=["trace float32"]), *tasks("sin", 0, ways=["trace float32"])])
    assert [one.kind for one in found] == ["exception", "result"]
    assert "the program declares" in found[0].reason


def test_a_wrong_dtype_is_told_before_any_value(run):
    asked = tasks("eye", 0, dtype="int64", ways=["trace float32"])
    assert verdict(asked, run(asked)).reason == "trace float32: dtype=float32, but should be int64"


def test_float16_programs_say_how_far_roundings_move_them(run):
    found = dict(zip(WAYS, run(tasks("exp", 0)), strict=True))
    assert found["trace float32"].spread is None
    (moves,) = found["trace float16"].spread
    (values,) = found["trace float16"].observed
    relative = (moves / values.abs().double()).numpy()
    assert 2.0**-12 < np.median(relative) < 2.0**-8


def test_booleans_travel_as_numbers_and_are_booleans_again(run):
    (found,) = run(tasks("logical_not", 0, dtype="bool", ways=["export float16"]))
    assert found.observed[0].dtype == torch.bool


@pytest.mark.parametrize(
    "words",
    [
        "PyTorch convert function for op 'igamma' not implemented.",
        'Op "5" (op_type: sin) Input x="x1" expects tensor or scalar of dtype from type domain',
        "Convolution with dynamic weights does not support dilations!",
    ],
)
def test_these_words_are_refusals(words):
    assert is_refusal(ValueError(words))
    assert not is_refusal(IndexError("list index out of range"))
