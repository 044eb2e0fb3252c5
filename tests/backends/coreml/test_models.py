"""Are models converted as people deploy them: with their weights as constants, and with a cache as a state?"""

import copy

import numpy as np
import pytest
import torch

pytest.importorskip("coremltools")

import coremltools as ct

from silicon_cts import mil
from silicon_cts.backends import registry
from silicon_cts.backends.coreml.interface import member, weights
from silicon_cts.backends.coreml.ways import FRONTS, WAYS
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.models.attention import Decoder
from silicon_cts.catalog.models.sizes import CACHE, HEADS, WIDTH, WORDS
from silicon_cts.catalog.operators import find
from silicon_cts.numerics.grades import K
from silicon_cts.numerics.verdict import judge
from silicon_cts.records.script import script
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make

STATES = ("keys", "values")
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


class Remembering(torch.nn.Module):
    """The decoder of the catalog, which keeps its keys and values itself."""

    def __init__(self):
        super().__init__()
        self.decoder = Decoder()
        for name in STATES:
            self.register_buffer(name, torch.zeros(1, HEADS, CACHE, WIDTH // HEADS))

    def forward(self, token, position):
        logits, keys, values = self.decoder(token, position, self.keys, self.values)
        self.keys[:], self.values[:] = keys, values
        return logits


@pytest.mark.parametrize("front", FRONTS)
def test_a_decoder_reads_a_text_with_its_cache_as_a_state(front):
    torch.manual_seed(0)
    decoder, position = Remembering().eval(), torch.zeros(1, dtype=torch.int64)
    text = torch.randint(WORDS, (CACHE, 1))
    with torch.no_grad():
        if front == "trace":
            program = torch.jit.trace(copy.deepcopy(decoder), (text[0], position))
            inputs = [ct.TensorType(name, (1,), np.int32) for name in ("token", "position")]
        else:
            program = torch.export.export(decoder, (text[0], position)).run_decompositions({})
            inputs = None
    states = [ct.StateType(ct.TensorType(shape=decoder.keys.shape, dtype=np.float16), name) for name in STATES]
    asked = {"inputs": inputs, "states": states} if front == "trace" else {}
    model = mil.load(ct.convert(program, minimum_deployment_target=ct.target.iOS18, skip_model_load=True, **asked))
    state, forgotten = model.make_state(), model.make_state()
    for place, token in enumerate(text):
        given = {"token": token.numpy().astype(np.int32), "position": np.array([place], np.int32)}
        with torch.no_grad():
            right = decoder(token, torch.tensor([place])).numpy()
        (read,) = model.predict(dict(given), state=state).values()
        assert np.abs(read - right).max() < 5e-3
    (alone,) = model.predict(dict(given), state=forgotten).values()
    assert np.abs(alone - right).max() > 5e-2  # it rests on what was read before
