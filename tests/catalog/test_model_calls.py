"""Models and their training are calls as operators are: named, listed for nothing, and repeatable."""

import subprocess
import sys
from collections import Counter
from importlib import import_module

import pytest
import torch
from torch.utils._pytree import tree_leaves

from silicon_cts.catalog.models.calls import CALLS, CAPTURABLE, OTHERS, USUAL, task_of
from silicon_cts.catalog.models.optimizers import configurations
from silicon_cts.catalog.models.table import MODELS, models
from silicon_cts.catalog.operators import find, op_info, operators
from silicon_cts.sampling import plan
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples


def test_every_model_is_run_and_every_trainable_one_trained():
    assert {call.model.name for call in CALLS.values() if call.task == "inference"} == set(MODELS)
    for model in models("training"):
        assert all(f"training.{model.name}.{one}.fifty_steps" in CALLS for one in USUAL)
    assert len(CALLS) == len({call.id for call in CALLS.values()})
    assert Counter(call.way for call in CALLS.values()) == {
        "": 11,
        "one_step": 9 * 14,
        "accumulated": 9,
        "fifty_steps": 9 * 14,
        "autocast_float16": 9 * 3,
        "autocast_bfloat16": 9 * 3,
        "compiled": 6,
        "capturable": 9 * 9,
        "float16": 3 * 3,
        "float16_scaled": 3 * 3,
    }


def test_every_optimizer_of_pytorch_is_asked_but_that_of_sparse_gradients():
    from torch.testing._internal.common_optimizers import optim_db

    listed = {info.optim_cls.__name__.lower(): info for info in optim_db if not info.only_supports_sparse_grads}
    assert listed.keys() == {*USUAL, *OTHERS}
    on_device = {name for name, info in listed.items() for one in info.optim_inputs_func("cuda") if capturable(one)}
    assert on_device == set(CAPTURABLE)


def capturable(listed) -> bool:
    return bool(listed.kwargs.get("capturable"))


def test_none_of_them_is_an_operator_of_op_db():
    assert not CALLS.keys() & operators().keys()
    assert [task_of(name) for name in ("models.mlp", "training.mlp.sgd.one_step", "nn.functional.gelu")] == [
        *("inference", "training", None),
    ]
    assert find("training.mlp.sgd.one_step").id == "training.mlp.sgd.one_step"
    with pytest.raises(KeyError):
        op_info("models.of_somebody_else")


def test_listing_them_imports_no_torch():
    code = "import sys; from silicon_cts.catalog.models.calls import CALLS; print(len(CALLS), 'torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer == f"{len(CALLS)} False\n"


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.task == "inference"])
def test_inference_is_what_the_model_answers_in_evaluation_mode(name):
    sample = make(Recipe(name, "float32", 0))
    (inputs, state), _ = sample.arguments()
    network = CALLS[name].model.build().eval()
    network.load_state_dict(state)
    for got, wanted in zip(tree_leaves(sample.run()), tree_leaves(network(*inputs)), strict=True):
        torch.testing.assert_close(got, wanted.detach(), rtol=1e-5, atol=1e-6)  # without a gradient it is fused


def test_running_statistics_are_not_those_of_a_new_model():
    (_, state), _ = make(Recipe("models.residual_cnn", "float32", 0)).arguments()
    means = [tensor for key, tensor in state.items() if key.endswith("running_mean")]
    assert means and all(tensor.abs().min() > 0 for tensor in means)


def test_training_is_what_people_write_and_changes_nothing_that_it_is_given():
    name = "training.mlp.adam.fifty_steps"
    sample = make(Recipe(name, "float32", 0))
    before = [tensor.clone() for tensor in sample.tensors]
    left = sample.run()
    assert all(torch.equal(one, other) for one, other in zip(before, sample.tensors, strict=True))
    model, network = CALLS[name].model, CALLS[name].model.build()
    optimizer, losses = torch.optim.Adam(network.parameters(), lr=0.01), []
    for inputs, labels in model.batches(50):
        optimizer.zero_grad()
        loss = model.loss_function()(network(*inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    torch.testing.assert_close(left["the losses"], torch.stack(losses), rtol=1e-4, atol=1e-5)
    assert bool(left["whether it has learnt"])
    for key, parameter in network.named_parameters():
        torch.testing.assert_close(left[key], parameter.detach(), rtol=1e-3, atol=1e-4)
        assert f"exp_avg_sq of {key}" in left and int(left[f"step of {key}"]) == 50


def test_gradients_of_several_batches_add_up_and_the_next_step_begins_with_none():
    left = make(Recipe("training.mlp.sgd.accumulated", "float32", 0)).run()
    model, network = CALLS["training.mlp.sgd.accumulated"].model, CALLS["training.mlp.sgd.accumulated"].model.build()
    optimizer, batches = (
        torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4),
        [*model.batches(6)],
    )
    for micro_batches in (batches[:3], batches[3:]):
        optimizer.zero_grad()
        for inputs, labels in micro_batches:
            (model.loss_function()(network(*inputs), labels) / 3).backward()
        optimizer.step()
    for key, parameter in network.named_parameters():
        torch.testing.assert_close(left[key], parameter.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("optimizer", USUAL)
@pytest.mark.parametrize("model", models("training"), ids=lambda model: model.name)
def test_every_usual_run_learns_or_says_that_it_does_not(model, optimizer):
    left = make(Recipe(f"training.{model.name}.{optimizer}.fifty_steps", "float32", 0)).run()
    assert bool(left["whether it has learnt"]) == ((model.name, optimizer) not in SLOW), left["the losses"][-10:].mean()


SLOW = {("lstm", "sgd")}
"""What learns less than its threshold in fifty steps: what a backend must then agree on."""


@pytest.mark.parametrize("optimizer", [*USUAL, *OTHERS])
def test_all_configurations_take_a_step(optimizer):
    name = f"training.mlp.{optimizer}.one_step"
    for index, sample in enumerate(samples(name, "float32", 0)):
        left = sample.run()
        (configuration, _, parameters, _), _ = sample.arguments()
        moved = [key for key, tensor in parameters.items() if not torch.equal(left[key], tensor)]
        assert moved, (index, configuration.description)
        assert list(left) == sample.call.names(*sample.arguments()[0])


@pytest.mark.parametrize("model", models("training"), ids=lambda model: model.name)
def test_every_model_takes_a_step_with_every_optimizer_or_says_why_not(model):
    refused = {}
    for optimizer in (*USUAL, *OTHERS):
        call = CALLS[f"training.{model.name}.{optimizer}.one_step"]
        network = model.build()
        try:
            configurations(call)[0].make([*network.parameters()])
        except ValueError as error:
            refused[optimizer] = str(error)
        assert (optimizer in refused) == (call.unchecked is not None), refused
    assert refused.keys() == ({"muon"} if model.name == "unet_block" else set())


def test_adafactor_takes_the_same_step_in_every_dtype():
    """Its own eps is that of the parameter's dtype, and decides where gradients are small."""
    moved = []
    for dtype in (torch.float32, torch.float64):
        parameter = torch.ones(2, 3, dtype=dtype, requires_grad=True)
        parameter.grad = torch.full_like(parameter, 1e-5)
        configurations(CALLS["training.mlp.adafactor.one_step"])[0].make([parameter]).step()
        moved.append(1 - parameter.detach().double())
    torch.testing.assert_close(*moved, rtol=1e-4, atol=0.0)


def test_adam_in_float16_moves_no_parameter_by_more_than_a_few_lr_where_its_second_moment_is_zero():
    """Gradients on both sides of the edge below which their squares are zero."""
    for eps, most in ((None, 4.0), (1e-4, 60.0)):
        parameter = torch.zeros(64, dtype=torch.float16, requires_grad=True)
        parameter.grad = torch.linspace(0.001, 0.02, 64).half()
        made = configurations(CALLS["training.lstm.adam.float16"])[0].make([parameter])
        made.param_groups[0]["eps"] = eps or made.defaults["eps"]
        made.step()
        zero = made.state[parameter]["exp_avg_sq"] == 0
        assert zero.any() and not zero.all()
        moved = parameter.detach().abs().max() / made.defaults["lr"]
        assert most / 4 / 2 < moved < most


def test_one_sample_has_matrices_that_lie_transposed():
    found = configurations(CALLS["training.mlp.rprop.one_step"])
    assert [one.transposed for one in found].count(True) == 1 and found[-1].transposed
    (_, _, parameters, _), _ = make(Recipe("training.mlp.rprop.one_step", "float32", len(found) - 1)).arguments()
    assert not parameters["0.weight"].is_contiguous()


def test_an_option_is_dropped_where_the_device_has_it_not(monkeypatch):
    from silicon_cts.catalog.models import optimizers

    fused = next(one for one in configurations(CALLS["training.mlp.sgd.one_step"]) if "fused" in one.description)
    assert fused.make([torch.ones(2)]).defaults["fused"] is True
    monkeypatch.setattr(optimizers._info("sgd"), "supports_fused_on", ("cuda",))
    assert fused.make([torch.ones(2)]).defaults["fused"] is False


FILES = ("adadelta", "adam", "adamax", "asgd", "nadam", "radam", "rmsprop", "rprop")


@pytest.mark.parametrize("optimizer", CAPTURABLE)
def test_what_a_device_keeps_of_its_optimizer_is_held_against_the_cpu_that_cannot(optimizer, monkeypatch):
    """The formula of devices with graphs, computed here: torch refuses it on the CPU by name alone."""
    from silicon_cts.catalog.models import optimizers

    name = f"training.mlp.{optimizer}.capturable"
    made = samples(name, "float32", 0)
    assert all("capturable" in sample.arguments()[0][0].description for sample in made)
    plain = [sample.run() for sample in made]  # without it, as the oracle
    monkeypatch.setattr(optimizers, "_get_capturable_supported_devices", lambda: ["cpu"])
    for file in FILES:
        module = import_module(f"torch.optim.{file}")
        monkeypatch.setattr(module, "_get_capturable_supported_devices", lambda *_, **__: ["cpu"])
    for sample, expected in zip(made, plain, strict=True):
        configuration, _, parameters, _ = sample.arguments()[0]
        assert configuration.make([*parameters.values()]).defaults["capturable"] is True
        for key, found in sample.run().items():
            torch.testing.assert_close(found, expected[key], rtol=1e-3, atol=1e-5, msg=f"{configuration} {key}")


def test_configurations_are_asked_at_the_budgets_that_can_afford_them():
    def asked(name: str, budget: str) -> int:
        return len(plan.own(plan.Question(name, "forward", "float32", budget, 0)))

    listed = len(configurations(CALLS["training.gru.adam.one_step"]))
    assert [asked("training.gru.adam.one_step", budget) for budget in ("quick", "standard", "deep")] == [1, 1, listed]
    assert [asked("training.mlp.adam.one_step", budget) for budget in ("quick", "standard", "deep")] == [
        *(8, listed, listed),
    ]
    assert [asked("training.gru.adam.autocast_float16", budget) for budget in ("quick", "deep")] == [2, 2]
    assert [asked("training.gru.adam.fifty_steps", budget) for budget in ("standard", "deep")] == [1, listed]
