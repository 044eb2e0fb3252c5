"""A training step on Core ML: not run on hardware; here through coremltools with only its native layer replaced."""

import pytest
import torch
from torch import nn

pytest.importorskip("coremltools")

from backends.coreml import native
from silicon_cts.backends import registry
from silicon_cts.backends.coreml.device import UNITS, CoreML
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.catalog.operators import find
from silicon_cts.numerics.verdict import judge
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.training import StepError, export_step, tasks


@pytest.fixture
def core_ml(monkeypatch, tmp_path):
    native.install(monkeypatch)
    monkeypatch.setenv("SILICON_CTS_CACHE", str(tmp_path))
    monkeypatch.setattr(CoreML, "absence", lambda self: None)


X, Y = torch.linspace(-1, 1, 12).reshape(4, 3), torch.tensor([0, 1, 1, 0])


def step(dtype: torch.dtype = torch.float32):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Dropout(0.2), nn.Linear(5, 2)).to(dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return export_step(model, nn.functional.cross_entropy, optimizer, (X.to(dtype), Y))


@pytest.mark.parametrize("name", UNITS)
def test_a_step_is_compiled_once_and_trains_as_on_the_cpu(core_ml, name):
    here, there = step().on("cpu"), step().on(name)
    for _ in range(3):
        torch.testing.assert_close(there(X, Y), here(X, Y), rtol=1e-5, atol=1e-6)
    assert len(native._MLModelProxy.compiled) == 1
    for key, value in here.state_dict().items():
        torch.testing.assert_close(there.state_dict()[key], value, rtol=1e-4, atol=1e-6)


def test_a_step_in_float16_keeps_its_state_in_float16(core_ml):
    with step(torch.float16).on("coreml-ane") as trainer:
        trainer(X.half(), Y)
        assert {value.dtype for value in trainer.state_dict().values()} == {torch.float16}


def test_every_operation_says_where_it_was_planned_and_whether_the_loss_rests_on_it(core_ml):
    with step().on("coreml-ane") as trainer:
        parts = [one.operation.split()[0] for one in trainer.placement]
        units = {one.operation: one.preferred for one in trainer.placement}
        elsewhere = trainer.elsewhere
    kinds = [one.operation.split()[1] for one in trainer.placement]
    assert parts.count("forward") > 4 and parts.count("backward") > 8
    assert kinds.count("matmul") + kinds.count("linear") == 2 + 3  # two layers; weights of both, input of the second
    assert {unit for kind, unit in units.items() if kind.endswith("relu")} == {"cpu"}  # too small, for this one
    assert "backward " in elsewhere and "on cpu" in elsewhere and not {"const", "cast"} & set(kinds)


def test_before_macos_14_4_nothing_says_where(core_ml, monkeypatch):
    monkeypatch.setattr("platform.mac_ver", lambda: ("14.3", ("", "", ""), "arm64"))
    with step().on("coreml-ane") as trainer:
        assert trainer.placement == () and trainer.elsewhere == ""


def test_the_record_of_a_training_run_carries_the_placement(core_ml):
    backend = registry.get("coreml-ane")
    task = Task(Recipe("training.mlp.sgd.fifty_steps", "float32", 0), "forward", precision="float16")
    (found,) = tasks.run(backend, [task], lambda stage: None)
    assert isinstance(found, Outcome)
    judged = judge(task, found, find(task.recipe.operator), backend.capability())
    assert judged.verdict == "not_placed" and judged.placement == found.placement != ()
    assert judged.reason.startswith("asked for ane, planned ") and "backward " in judged.reason


def test_where_there_is_no_core_ml_it_says_what_to_use():
    with pytest.raises(StepError, match="coreml-ane is not here: Core ML needs macOS"):
        step().on("coreml-ane")
