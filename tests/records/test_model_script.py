"""A script of a model or of a training run makes it again from the catalog, and runs."""

import subprocess
import sys

import pytest

from silicon_cts.backends import registry
from silicon_cts.records.script import script
from silicon_cts.sampling.recipe import Recipe


def written(name: str, backend: str) -> str:
    text = script(registry.get(backend), Recipe(name, "float32", 0), "forward", "it disagrees")
    assert text is not None and len(text) < 3000  # weights are not written out
    compile(text, "script", "exec")
    return text


@pytest.mark.parametrize("name", ["models.mlp", "training.mlp.sgd.one_step"])
def test_it_runs_on_a_device_of_torch(name):
    done = subprocess.run([sys.executable, "-c", written(name, "cpu")], capture_output=True, text=True, check=True)
    assert done.stdout.count("tensor(") >= 2 and "cpu:" in done.stdout


def test_training_as_a_program_goes_through_the_exported_step():
    text = written("training.lstm.adam.fifty_steps", "coreai")
    assert "tasks.run(registry.get('coreai')" in text and "Module" not in text


def test_inference_as_a_program_exports_the_call():
    assert "torch.export.export" in written("models.mlp", "coreai")
