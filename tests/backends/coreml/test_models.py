"""Are models converted as people deploy them: with their weights as constants?"""

import numpy as np
import pytest

pytest.importorskip("coremltools")

from silicon_cts.backends import registry
from silicon_cts.backends.coreml.interface import member, weights
from silicon_cts.backends.coreml.ways import FRONTS, WAYS
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.operators import find
from silicon_cts.numerics.grades import K
from silicon_cts.numerics.verdict import judge
from silicon_cts.records.script import script
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make

BACKEND = registry.get("coreml-reference")


def test_the_weights_of_a_model_are_no_inputs_of_its_program():
    sample = make(Recipe("models.gru", "float32", 0))
    held = weights("models.gru", sample)
    assert list(held) == list(range(1, len(sample.tensors)))
    assert member(0, sample, held).held == held
    assert weights("addmm", make(Recipe("addmm", "float32", 0))) == ()


@pytest.mark.parametrize("name", ["models.gru", "models.lstm"])
def test_what_wants_its_weights_to_be_constant_is_right_with_them(name):
    BACKEND.start()
    tasks = [Task(Recipe(name, "float32", 0), "forward", way, one.precision) for way, one in WAYS.items()]
    found = BACKEND.run(tasks, lambda stage: None)
    judged = [judge(task, one, find(name), BACKEND.capability()) for task, one in zip(tasks, found, strict=True)]
    assert {one.way: one.verdict for one in judged} == {
        way: "agrees" if one.front == "trace" else "unsupported" for way, one in WAYS.items()
    }


@pytest.mark.parametrize("front", FRONTS)
def test_a_wrong_answer_is_traced_to_its_operation_and_line(front):
    """A group norm's last product and sum, of which a batch norm with an epsilon is made."""
    BACKEND.start()
    said = BACKEND.locate(Task(Recipe("models.unet_block", "float32", 0), "forward", f"{front} float32", "float32"), K)
    assert "aten.group_norm" in said and "convolutional.py" in said and "self.enter(x)" in said


@pytest.mark.parametrize("name", ["models.gru", "models.lstm"])
def test_its_script_holds_them_too(name):
    names = {}
    text = script(BACKEND, Recipe(name, "float32", 0), "forward", "it")
    exec(compile(text, "script.py", "exec"), names)
    (read,) = names["answer"]["trace", "float32"]
    right = names["run"](*names["tensors"], *names["weights"]).detach().numpy()
    assert np.allclose(read, right, atol=1e-5)
