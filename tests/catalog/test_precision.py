"""Mixed precision: as people write it, a step with infinite gradients skipped; and what is compiled is compiled."""

import pytest
import torch

from silicon_cts.catalog.models import runs
from silicon_cts.catalog.models.calls import CALLS
from silicon_cts.catalog.models.precision import Precision
from silicon_cts.catalog.models.runs import GROWTH_INTERVAL, INFINITE, RUNS, SCALE
from silicon_cts.catalog.operators import find
from silicon_cts.sampling.observation import to_wide
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples


@pytest.mark.parametrize("sample", [0, 1])
def test_a_gradient_scaler_is_used_as_people_do(sample):
    name = "training.mlp.adam.autocast_float16"
    (configuration, *_), _ = make(Recipe(name, "float32", sample)).arguments()
    assert dict(configuration.options).get("fused", False) == bool(sample)
    left = make(Recipe(name, "float32", sample)).run()
    model, network = CALLS[name].model, CALLS[name].model.build()
    optimizer = torch.optim.Adam(network.parameters(), **dict(configuration.options))
    scaler = torch.amp.GradScaler("cpu", init_scale=SCALE, growth_interval=GROWTH_INTERVAL)
    scales = []
    for step, (inputs, labels) in enumerate(model.batches(RUNS["autocast_float16"].steps)):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.float16):
            loss = model.loss_function()(network(*inputs), labels)
        scaler.scale(loss * torch.inf if step == INFINITE else loss).backward()
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    assert left["the scales"].tolist() == scales == [1024, 1024, 512, 512, 512, 1024, 1024, 1024]
    for key, parameter in network.named_parameters():
        torch.testing.assert_close(left[key], parameter.detach(), rtol=2e-2, atol=2e-3)
        assert int(left[f"step of {key}"]) == 7  # of eight


def test_autocast_computes_in_its_dtype_and_leaves_the_oracle_alone():
    seen = []
    with Precision(RUNS["autocast_bfloat16"], "cpu").forward():
        for dtype in (torch.float32, torch.float64):
            x = torch.ones(2, 2, dtype=dtype)
            seen.append((x @ x).dtype)
    assert seen == [torch.bfloat16, torch.float64]


def test_a_device_without_autocast_in_that_dtype_says_so(monkeypatch):
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda device: False)
    with (
        pytest.raises(NotImplementedError, match="cpu has no autocast in bfloat16"),
        Precision(RUNS["autocast_bfloat16"], "cpu").forward(),
    ):
        pass


def test_a_scaled_loss_gives_the_same_gradients():
    weight = torch.ones(3, requires_grad=True)
    precision = Precision(RUNS["float16_scaled"], "cpu")
    for _ in range(2):
        precision.backward((weight * 3).sum(), infinite=False)
    precision.unscale([weight])
    assert weight.grad.tolist() == [6.0, 6.0, 6.0]


@pytest.mark.parametrize("name", ["training.lstm.sgd.float16", "training.lstm.sgd.float16_scaled"])
def test_in_float16_everything_is(name):
    (sample,) = samples(name, "float16", 0)
    assert {tensor.dtype for tensor in sample.tensors if tensor.is_floating_point()} == {torch.float16}


def test_forward_and_backward_are_compiled_and_the_oracle_is_not(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda call, dynamic: compiled.append(call) or call)
    for name, times in (("training.mlp.sgd.compiled", 1), ("training.mlp.sgd.one_step", 0)):
        sample = make(Recipe(name, "float32", 0))
        sample.run()
        to_wide(sample).run()
        assert len(compiled) == times
        compiled.clear()


def test_without_a_compiler_nothing_is_asked_and_the_reason_is_there(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(runs.shutil, "which", lambda name: None)
    assert "no C++ compiler" in CALLS["training.mlp.sgd.compiled"].unchecked
    assert CALLS["training.mlp.sgd.one_step"].unchecked is CALLS["models.mlp"].unchecked is None
    monkeypatch.setattr(runs.shutil, "which", lambda name: "/usr/bin/" + name)
    assert CALLS["training.mlp.sgd.compiled"].unchecked is None and find("training.mlp.sgd.one_step").unchecked is None
