"""A training step runs where its backend is, and trains as PyTorch does there."""

from __future__ import annotations

import asyncio
import platform
from itertools import pairwise

import pytest
import torch
from torch import nn

from silicon_cts.catalog.models.table import MODELS
from silicon_cts.training import StepError, export_step

NEEDS = {"cpu": "torch", "coreai": "coreai_torch", "coreml-reference": "coremltools"}


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=0.01)


def small() -> nn.Module:
    """A strided convolution, batch norm, pooling: a program that is quick to convert."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, 2, 1, bias=False),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(12, 3),
    )


@pytest.fixture(params=NEEDS)
def backend(request):
    pytest.importorskip(NEEDS[request.param])
    return request.param


def batches(count: int):
    generator = torch.Generator().manual_seed(2)
    for _ in range(count):
        x = torch.randn(6, 2, 8, 8, generator=generator)
        yield x, x.mean((2, 3)).argmax(1)


def test_it_trains_as_pytorch_does(backend):
    model, ours = small(), small()
    reference = optimizer(model)
    with export_step(ours, nn.functional.cross_entropy, optimizer(ours), next(batches(1))).on(backend) as trainer:
        for x, y in batches(8):
            loss = nn.functional.cross_entropy(model(x), y)
            reference.zero_grad()
            loss.backward()
            reference.step()
            found = trainer(x, y)
            assert found.shape == () and found.dtype == torch.float32
            torch.testing.assert_close(found, loss.detach(), rtol=2e-6, atol=2e-6)
        ours.load_state_dict(trainer.state_dict())
    assert ours[1].num_batches_tracked == 8
    ours.eval()
    model.eval()
    torch.testing.assert_close(ours(x), model(x), rtol=1e-4, atol=1e-4)


def test_recurrent_and_attention_steps_convert(backend):
    """One step each of what converters refuse as it is: LSTM, embedding, attention, cross-entropy."""

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.words = nn.Embedding(7, 4)
            self.lstm = nn.LSTM(4, 4, batch_first=True)
            self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
            self.norm = nn.LayerNorm(4)
            self.head = nn.Linear(4, 3)

        def forward(self, tokens):
            x, _ = self.lstm(self.words(tokens))
            x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
            return self.head(x.mean(1))

    model, ours = Both(), Both()
    x, y = torch.arange(12).reshape(4, 3) % 7, torch.tensor([0, 2, 1, 0])
    sgd = torch.optim.SGD(model.parameters(), lr=0.5)
    with export_step(ours, nn.functional.cross_entropy, torch.optim.SGD(ours.parameters(), lr=0.5), (x, y)).on(
        backend
    ) as trainer:
        trainer(x, y)
        found = trainer.state_dict()
    nn.functional.cross_entropy(model(x), y).backward()
    sgd.step()
    for name, value in model.state_dict().items():
        torch.testing.assert_close(
            found[name], value, rtol=1e-5, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_float16_learns(backend):
    model = MODELS["mlp"]
    network = model.build().half()
    examples = [((x.half(),), y) for (x,), y in model.batches(30)]
    sgd = torch.optim.SGD(network.parameters(), lr=0.2, momentum=0.9)
    with export_step(network, model.loss_function(), sgd, examples[0]).on(backend) as trainer:
        losses = [trainer(x, y).item() for x, y in examples]
    thirds = [sum(losses[start : start + 10]) / 10 for start in (0, 10, 20)]
    assert all(later < 0.9 * earlier for earlier, later in pairwise(thirds)), thirds


def test_it_trains_where_an_event_loop_runs_until_it_is_closed(backend):
    """As in a notebook."""
    model = nn.Linear(3, 2)
    x, y = torch.ones(4, 3), torch.ones(4, 2)
    step = export_step(model, nn.functional.mse_loss, optimizer(model), (x, y))

    async def notebook():
        with step.on(backend) as trainer:
            first, second = trainer(x, y), trainer(x, y)
            state = trainer.state_dict()
        return trainer, first, second, state

    trainer, first, second, state = asyncio.run(notebook())
    assert second < first
    assert all(torch.equal(trainer.state_dict()[name], value) for name, value in state.items())  # outlives the program
    with pytest.raises(StepError, match="the trainer is closed"):
        trainer(x, y)


@pytest.mark.skipif(platform.system() == "Darwin", reason="these backends are absent on Linux")
def test_an_absent_backend_says_why():
    model = nn.Linear(3, 2)
    step = export_step(model, nn.functional.mse_loss, optimizer(model), (torch.ones(4, 3), torch.ones(4, 2)))
    with pytest.raises(StepError, match="coreai-ane is not here: Core AI compute units need macOS 27"):
        step.on("coreai-ane")
    with pytest.raises(StepError, match="mps is not here: no Apple GPU"):
        step.on("mps")


def test_what_a_converter_refuses_is_named():
    pytest.importorskip("coreai_torch")
    model = nn.Linear(3, 2)
    step = export_step(
        model,
        lambda made, y: torch.linalg.det(made[:2] + y[:2]),
        optimizer(model),
        (torch.ones(4, 3), torch.ones(4, 2)),
    )
    with pytest.raises(StepError, match="coreai refuses the training step: .*unsupported ATen ops: .*linalg"):
        step.on("coreai")
