"""Would the suites of training find what goes wrong? And is what is right found to be right?"""

from pathlib import Path

import pytest
import torch

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.catalog.models.calls import CALLS
from silicon_cts.catalog.operators import find
from silicon_cts.numerics.verdict import Judgement, judge
from silicon_cts.plugin.wording import in_words
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import samples
from silicon_cts.training import tasks

BROKEN = Path(__file__).parent / "broken.py"
ONE, FIFTY = "training.mlp.adam.one_step", "training.mlp.adam.fifty_steps"
MIXED = "training.mlp.adam.autocast_float16"


def asked(name: str, backend: str, sample: int = 0) -> Judgement:
    here = registry.get(backend)
    task = Task(Recipe(name, "float32", sample), "forward", precision=CALLS[name].judged_in)
    (found,) = tasks.run(here, [task], lambda stage: None)
    assert isinstance(found, Outcome)
    return judge(task, found, find(name), here.capability())


def last(name: str) -> int:
    return len(samples(name, "float32", 0)) - 1


@pytest.mark.parametrize(
    "name",
    [
        ONE,
        FIFTY,
        MIXED,
        "training.mlp.sgd.autocast_bfloat16",
        "training.lstm.adam.one_step",
        "training.mlp.rprop.one_step",
    ],
)
def test_what_is_right_agrees(name):
    assert asked(name, "simulated", last(name)).verdict == "agrees"


@pytest.mark.parametrize("name", ["training.depthwise_cnn.rmsprop.fifty_steps", "training.vit.adam.fifty_steps"])
def test_fifty_steps_with_other_kernels_agree_without_the_cpu_as_a_yardstick(name):
    """Gradients that are roundings alone, of biases that a norm or a softmax takes away, move parameters all the same."""
    task = Task(Recipe(name, "float32", 0), "forward", precision=CALLS[name].judged_in)
    with torch.backends.mkldnn.flags(enabled=False):
        (found,) = tasks.run(registry.get("cpu"), [task], lambda stage: None)
    judged = judge(task, found, find(name), registry.get("cpu").capability())
    assert (judged.verdict, judged.grade) == ("agrees", "A")


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("never", ONE),
        ("ignores", ONE),
        ("ignores", FIFTY),
        ("forgets", FIFTY),
        ("ignores", MIXED),
        ("never", MIXED),
        ("doubles", "training.mlp.adamw.one_step"),
    ],
)
def test_broken_training_is_found(fault, name):
    found = asked(name, f"simulated:{BROKEN}:{fault}")
    assert found.verdict == "disagrees"


@pytest.mark.parametrize(
    ("fault", "name", "says"),
    [
        ("mps-118115", ONE, "weight"),  # in-place addcdiv on transposed memory
        ("mps-118117", "training.mlp.rprop.one_step", "weight"),  # Rprop leaves what is not contiguous
        ("mps-186360", MIXED, "the losses"),  # the fused Adam steps although the scaler found infinite gradients
        ("mps-95137", "training.lstm.adam.one_step", "layer.weight"),  # gradients of an LSTM with a state
    ],
)
def test_historic_faults_are_found_and_the_tensor_is_named(fault, name, says):
    found = asked(name, f"simulated:{fault}", last(name))
    assert found.verdict == "disagrees"
    assert says in in_words(found.reason, found.recipe) and "output " not in in_words(found.reason, found.recipe)


@pytest.mark.parametrize("backend", ["coreml-reference", "coreai"])
def test_a_program_trains_as_pytorch_does(backend):
    pytest.importorskip({"coreml-reference": "coremltools", "coreai": "coreai_torch"}[backend])
    assert asked("training.mlp.sgd.fifty_steps", backend).verdict == "agrees"


def test_a_step_that_cannot_be_exported_is_refused_in_words():
    pytest.importorskip("coreai_torch")
    found = asked("training.mlp.rprop.fifty_steps", "coreai")
    assert found.verdict == "unsupported" and "has no rule as a program" in found.reason


def test_reasons_of_operators_stay_as_they_are():
    assert in_words("output 0[1]=2", Recipe("add", "float32", 0)) == "output 0[1]=2"
