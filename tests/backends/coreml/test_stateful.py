"""A decoder keeps its cache as a state of Core ML, call after call, and every way to lose it is seen."""

import numpy as np
import pytest
import torch

pytest.importorskip("coremltools")

import coremltools as ct

from backends.coreml import native
from silicon_cts import mil
from silicon_cts.backends import registry
from silicon_cts.backends.coreml.device import UNITS
from silicon_cts.backends.coreml.ways import WAYS
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.models.sizes import BATCH, CACHE, HEADS, TEXT, WIDTH, WORDS
from silicon_cts.catalog.operators import find
from silicon_cts.mil.state import Slot
from silicon_cts.numerics.verdict import judge
from silicon_cts.records.script import script
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make

NAME = "models.stateful_decoder"
OTHER = "models.mlp"
TWO = ["trace float32", "export float16"]


def ask(name: str, ways: list[str], operators: tuple[str, ...] = (NAME,)):
    """What was found, and the verdict, by operator and way."""
    backend = registry.get(name)
    backend.start()
    tasks = [Task(Recipe(one, "float32", 0), "forward", way, WAYS[way].precision) for way in ways for one in operators]
    found = backend.run(tasks, lambda stage: None)
    return {
        (task.recipe.operator, task.way): (one, judge(task, one, find(task.recipe.operator), backend.capability()))
        for task, one in zip(tasks, found, strict=True)
    }


def verdicts(answers) -> set[str]:
    return {judgement.verdict for _, judgement in answers.values()}


def test_every_call_and_the_cache_read_back_are_right_in_every_way():
    answers = ask("coreml-reference", list(WAYS), (OTHER, NAME))
    assert len(answers) == 8 and verdicts(answers) == {"agrees"}
    for way in WAYS:
        found, _ = answers[NAME, way]
        cache = (BATCH, HEADS, CACHE, WIDTH // HEADS)
        assert [tuple(one.shape) for one in found.observed] == [(TEXT, BATCH, WORDS), cache, cache]
        assert all(one.any() for one in found.observed)


def test_a_cache_is_held_in_float16_and_what_that_moves_is_allowed_for():
    (found, judgement), *_ = ask("coreml-reference", ["export float32"]).values()
    right = make(Recipe(NAME, "float32", 0)).run()
    for one, moved, wanted in zip(found.observed, found.spread, right, strict=True):
        assert 1e-5 < (one - wanted).abs().max() < 1e-2 and moved.max() > 1e-5
    assert judgement.grade == "A"  # which rounding of the cache falls otherwise is the processor's


@pytest.mark.parametrize("front", ["trace", "export"])
def test_the_converter_refuses_a_state_in_float32(front):
    module = Total()
    given = (torch.ones(2),)
    program = torch.jit.trace(module, given) if front == "trace" else torch.export.export(module, given)
    states = [ct.StateType(ct.TensorType(shape=(2,), dtype=np.float32), "total")]
    with pytest.raises(ValueError, match="State only support fp16"):
        ct.convert(
            program if front == "trace" else program.run_decompositions({}),
            inputs=[ct.TensorType("x", (2,))],
            states=states,
            minimum_deployment_target=ct.target.iOS18,
            skip_model_load=True,
        )


class Total(torch.nn.Module):
    """A sum that goes on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("total", torch.zeros(2))

    def forward(self, x):
        self.total.add_(x)
        return self.total * 1


def test_a_state_that_is_not_kept_is_seen(monkeypatch):
    predict = mil.Model.predict
    monkeypatch.setattr(mil.Model, "predict", lambda self, data, _state: predict(self, data, self.make_state()))
    assert verdicts(ask("coreml-reference", TWO)) == {"disagrees"}


@pytest.mark.parametrize("cache", [0, 1], ids=["keys", "values"])
def test_a_call_that_writes_beside_its_place_is_seen(monkeypatch, cache):
    write = Slot.write

    def beside(self, value):
        is_planted = list(self.state._values).index(self.name) == cache
        write(self, np.roll(value, 1, axis=2) if is_planted else value)

    monkeypatch.setattr(Slot, "write", beside)
    assert verdicts(ask("coreml-reference", TWO)) == {"disagrees"}


def test_a_last_call_that_writes_nothing_is_seen_in_the_cache_alone(monkeypatch):
    """No answer rests on it."""
    write, written = Slot.write, []

    def without_the_last(self, value):
        written.append(self)
        if len(written) <= 2 * (TEXT - 1):
            write(self, value)

    monkeypatch.setattr(Slot, "write", without_the_last)
    ((_, judgement),) = ask("coreml-reference", ["export float16"]).values()
    assert judgement.verdict == "disagrees"
    assert judgement.reason.startswith(
        ("output 1", "output 2")
    )  # keys or values: which is worse, the processor decides


@pytest.fixture
def core_ml(monkeypatch, tmp_path):
    native.install(monkeypatch)
    monkeypatch.setenv("SILICON_CTS_CACHE", str(tmp_path))


@pytest.mark.parametrize("name", ["coreml-cpu", "coreml-gpu"])
def test_core_ml_is_given_one_state_for_all_calls(core_ml, name):
    answers = ask(name, TWO)
    assert verdicts(answers) == {"agrees"}
    (found, _), *_ = answers.values()
    assert {one.preferred for one in found.placement} == {UNITS[name][0]}


def test_a_core_ml_that_forgets_is_seen(core_ml, monkeypatch):
    monkeypatch.setattr(
        native._MLModelProxy, "predict", lambda self, data, _state: self.model.predict(data, self.model.make_state())
    )
    assert verdicts(ask("coreml-cpu", TWO)) == {"disagrees"}


def test_a_decoder_that_the_neural_engine_does_not_run_whole_is_not_placed(core_ml):
    answers = ask("coreml-ane", ["export float16"])
    ((_, judgement),) = answers.values()
    assert judgement.verdict == "not_placed" and judgement.reason.startswith("asked for ane, planned")


def test_its_script_keeps_the_states_too():
    names = {}
    exec(
        compile(
            script(registry.get("coreml-reference"), Recipe(NAME, "float32", 0), "forward", "it"), "script.py", "exec"
        ),
        names,
    )
    assert len(names["answer"]) == len(WAYS)
    for read in names["answer"].values():
        for one, right in zip(read, names["run"](*names["tensors"]), strict=True):
            assert np.abs(one - right.numpy()).max() < 1e-2


def test_none_of_several_calls_is_localised():
    task = Task(Recipe(NAME, "float32", 0), "forward", "trace float32", "float32")
    assert registry.get("coreml-reference").locate(task, 8.0) == ""
