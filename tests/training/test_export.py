"""An exported step does what PyTorch's loop does, in float64, whatever the model and the optimizer keep."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from silicon_cts.training import export_step

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd_everything": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    "sgd_dampened": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, dampening=0.3, maximize=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adam_everything": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), weight_decay=0.1, amsgrad=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, eps=1e-4, maximize=True),
    "adamw_amsgrad": lambda p: torch.optim.AdamW(p, lr=torch.tensor(0.02).double(), weight_decay=0.2, amsgrad=True),
}


def numbers(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.Generator(np.random.PCG64(seed)).standard_normal(shape))


def network() -> nn.Module:
    """Batch norm, whose counter has no dimensions, and a parameter that has none."""
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(6, 5, bias=False), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 2), Scale()).double()


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        return x * self.scale


BATCHES = [(numbers(seed, 4, 6), numbers(seed + 100, 4, 2)) for seed in range(5)]


def train(model, loss, optimizer, batches) -> list[float]:
    losses = []
    for x, y in batches:
        value = loss(model(*x) if isinstance(x, tuple) else model(x), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def assert_same_state(found, model):
    expected = model.state_dict()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name], value, rtol=1e-11, atol=1e-12, msg=lambda text, name=name: f"{name}: {text}"
        )


def agree(build, loss, make_optimizer, batches=BATCHES):
    """The step on the CPU against the loop; returns the step's trainer, and the loop's model and optimizer."""
    model, ours = build(), build()
    optimizer = make_optimizer(model.parameters())
    trainer = export_step(ours, loss, make_optimizer(ours.parameters()), batches[0]).on("cpu")
    expected = train(model, loss, optimizer, batches)
    np.testing.assert_allclose([trainer(x, y).item() for x, y in batches], expected, rtol=1e-11)
    assert_same_state(trainer.state_dict(), model)
    return trainer, model, optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_steps_as_torch_does(name):
    trainer, model, optimizer = agree(network, nn.functional.mse_loss, OPTIMIZERS[name])
    fresh = network()
    fresh.load_state_dict(trainer.state_dict())
    resumed = OPTIMIZERS[name](fresh.parameters())
    resumed.load_state_dict(trainer.optimizer_state_dict())
    again = train(fresh, nn.functional.mse_loss, resumed, BATCHES)
    np.testing.assert_allclose(again, train(model, nn.functional.mse_loss, optimizer, BATCHES), rtol=1e-11)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_an_optimizer_remembers_is_taken_over(name):
    model = network()
    optimizer = OPTIMIZERS[name](model.parameters())
    train(model, nn.functional.mse_loss, optimizer, BATCHES[:2])
    trainer = export_step(model, nn.functional.mse_loss, optimizer, BATCHES[0]).on("cpu")
    found = [trainer(x, y).item() for x, y in BATCHES]
    np.testing.assert_allclose(found, train(model, nn.functional.mse_loss, optimizer, BATCHES), rtol=1e-11)


def test_groups_keep_their_own_options():
    def optimizer(parameters):
        first, *rest = parameters
        return torch.optim.SGD([{"params": [first], "lr": 0.5}, {"params": rest, "momentum": 0.9}], lr=0.01)

    agree(network, nn.functional.mse_loss, optimizer)


class Tied(nn.Module):
    """One tensor under two names, a frozen one, a buffer that is assigned, and two inputs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.first = nn.Linear(6, 6)
        self.second = nn.Linear(6, 6)
        self.second.weight = self.first.weight
        self.frozen = nn.Parameter(torch.ones(6), requires_grad=False)
        self.register_buffer("mean", torch.zeros(6))
        self.register_buffer("hidden", torch.ones(6), persistent=False)

    def forward(self, x, z):
        x = self.second(torch.relu(self.first(x))) * self.frozen + z
        self.mean = 0.5 * self.mean + 0.5 * x.detach().mean(0)
        self.hidden.add_(1.0)
        return (x - self.mean) * self.hidden


def test_shared_and_frozen_parameters_and_buffers_of_all_kinds():
    def optimizer(parameters):
        return torch.optim.Adam([one for one in parameters if one.requires_grad], lr=0.01)

    batches = [((numbers(seed, 4, 6), numbers(seed + 50, 4, 6)), numbers(seed + 100, 4, 6)) for seed in range(3)]
    trainer, model, _ = agree(lambda: Tied().double(), nn.functional.mse_loss, optimizer, batches)
    state = trainer.state_dict()
    assert torch.equal(state["first.weight"], state["second.weight"])
    assert "hidden" not in state and model.hidden[0] == 4.0


def test_a_loss_may_hold_tensors():
    loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0]).double())
    batches = [(x, torch.tensor([0, 1, 1, 0])) for x, _ in BATCHES]
    agree(network, loss, OPTIMIZERS["sgd"], batches)


class Clipped(nn.Module):
    """Writes its parameter through ``.data``, as weight clipping does."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-2, 2, 12).reshape(2, 6))

    def forward(self, x):
        self.weight.data.clamp_(-1, 1)
        y = x.clone()
        y[:, 0] = 0.0
        y.mul_(2.0).add_(1.0)
        return y @ self.weight.T


def test_updates_in_place_that_can_be_carried_are():
    agree(lambda: Clipped().double(), nn.functional.mse_loss, OPTIMIZERS["adam"])


def test_the_model_and_the_generators_of_torch_are_left_alone():
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = OPTIMIZERS["adam"](model.parameters())
    generator = torch.get_rng_state()
    step = export_step(model, nn.functional.mse_loss, optimizer, BATCHES[0])
    trainer = step.on("cpu")
    trainer(*BATCHES[0])
    assert torch.equal(torch.get_rng_state(), generator)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not optimizer.state and all(parameter.grad is None for parameter in model.parameters())
    other = step.on("cpu")  # starts where the export did
    assert other(*BATCHES[0]) == step.on("cpu")(*BATCHES[0])
    assert (trainer.steps, other.steps) == (1, 1)


def dropping() -> nn.Module:
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(6, 40), nn.Dropout(0.25), nn.ReLU(), nn.Dropout(0.5), nn.Linear(40, 2)).double()


def test_dropout_masks_go_in_and_are_seeded():
    model = dropping()
    step = export_step(model, nn.functional.mse_loss, OPTIMIZERS["sgd"](model.parameters()), BATCHES[0])
    assert [(draw.kind, draw.shape, draw.chance) for draw in step.layout.draws] == [
        ("mask", (4, 40), 0.75),
        ("mask", (4, 40), 0.5),
    ]
    curves = [[trainer(x, y).item() for x, y in BATCHES] for trainer in (step.on("cpu", seed=s) for s in (0, 0, 1))]
    assert curves[0] == curves[1] != curves[2]


class Masked(nn.Module):
    """The network of ``dropping`` with masks from outside."""

    def __init__(self, model, masks) -> None:
        super().__init__()
        self.model = model
        self.masks = masks

    def forward(self, x):
        masks = next(self.masks)
        x = self.model[0](x) * masks[0] / 0.75
        return self.model[4](torch.relu(x) * masks[1] / 0.5)


def test_dropout_with_the_same_masks_is_pytorchs():
    model, source = dropping(), np.random.Generator(np.random.PCG64(9))
    masks = [[torch.from_numpy(source.random((4, 40)) < keep).double() for keep in (0.75, 0.5)] for _ in BATCHES]
    trainer = export_step(model, nn.functional.mse_loss, OPTIMIZERS["sgd"](model.parameters()), BATCHES[0]).on(
        "cpu", seed=9
    )
    found = [trainer(x, y).item() for x, y in BATCHES]
    expected = train(Masked(model, iter(masks)), nn.functional.mse_loss, OPTIMIZERS["sgd"](model.parameters()), BATCHES)
    np.testing.assert_allclose(found, expected, rtol=1e-11)
    assert_same_state(trainer.state_dict(), model)


class Noisy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 2)

    def forward(self, x):
        return self.layer(x + 0.1 * torch.randn_like(x) + 0.1 * torch.rand(x.shape, dtype=x.dtype))


def test_noise_goes_in_too():
    model = Noisy().double()
    step = export_step(model, nn.functional.mse_loss, OPTIMIZERS["sgd"](model.parameters()), BATCHES[0])
    assert [draw.kind for draw in step.layout.draws] == ["normal", "uniform"]
    assert step.on("cpu")(*BATCHES[0]) != step.on("cpu", seed=1)(*BATCHES[0])


def test_scaling_the_loss_changes_nothing_in_float64():
    model = network()
    optimizer = OPTIMIZERS["adam"](model.parameters())
    curves = []
    for scale in (1.0, 1024.0):
        trainer = export_step(model, nn.functional.mse_loss, optimizer, BATCHES[0], loss_scale=scale).on("cpu")
        curves.append([trainer(x, y).item() for x, y in BATCHES])
    np.testing.assert_allclose(*curves, rtol=1e-12)


def test_scaling_the_loss_saves_small_gradients_in_float16():
    model = nn.Linear(6, 2).half()
    x, y = (1024 * BATCHES[0][0]).half(), BATCHES[0][1].half()

    def tiny(made, wanted):
        return nn.functional.mse_loss(made / 1024, wanted) / 2.0**17

    moved = []
    for scale in (1.0, 2.0**15):
        optimizer = torch.optim.SGD(model.parameters(), lr=2.0**10)
        trainer = export_step(model, tiny, optimizer, (x, y), loss_scale=scale).on("cpu")
        trainer(x, y)
        moved.append(not torch.equal(trainer.state_dict()["weight"], model.weight))
    assert moved == [False, True]
