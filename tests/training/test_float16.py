"""A training step in float16 throughout: exported although its roundings decide, and it goes as PyTorch goes."""

import math

import pytest
import torch

from silicon_cts.catalog.models.inference import in_dtype
from silicon_cts.catalog.models.table import MODELS
from silicon_cts.training import export_step
from silicon_cts.training.optimizers import RULES

MLP = MODELS["mlp"]
STEPS = 6


def batches(count: int):
    for inputs, labels in MLP.batches(count):
        yield tuple(in_dtype(one, torch.float16) for one in inputs), labels


def losses(optimizer: type, scale: float, **options) -> list[float]:
    model = MLP.build().half()
    (first,) = batches(1)
    step = export_step(model, MLP.loss_function(), optimizer(model.parameters(), **options), first, loss_scale=scale)
    with step.on("cpu") as trainer:
        return [float(trainer(*batch)) for batch in batches(STEPS)]


@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_a_scaled_loss_goes_the_same_way(scale):
    model = MLP.build().half()
    optimizer, wanted = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), []
    for inputs, labels in batches(STEPS):
        optimizer.zero_grad()
        loss = MLP.loss_function()(model(*inputs), labels)
        loss.backward()
        optimizer.step()
        wanted.append(loss.item())
    assert losses(torch.optim.SGD, scale, lr=0.1, momentum=0.9) == pytest.approx(wanted, abs=0.02)


def test_how_far_rounding_moves_a_parameter_of_adam_is_decided_by_eps_where_squares_of_gradients_are_zero():
    options = {"lr": 0.01, "betas": (0.9, 0.999), "eps": 1e-8}
    reach = RULES[torch.optim.Adam].reach
    assert reach(options, torch.float32) == pytest.approx(0.04)
    assert reach(options, torch.float16) == math.inf  # where eps itself is zero
    assert reach({**options, "eps": 1e-4}, torch.float16) == pytest.approx(0.81, abs=0.02)
