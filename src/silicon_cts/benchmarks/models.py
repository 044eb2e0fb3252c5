"""How are the models of the catalog timed: an answer, and a step of training with Adam, of one batch?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from silicon_cts.benchmarks.table import FLOAT32, New, Row
from silicon_cts.catalog.models.inference import in_dtype
from silicon_cts.catalog.models.sizes import BATCH
from silicon_cts.catalog.models.table import Model, models

_DEPLOYED = ("float32", "float16")


def _given(model: Model, new: New) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    inputs, labels = model.batch()
    return tuple(in_dtype(one, new.dtype).to(new.device) for one in inputs), labels.to(new.device)


def _inference(model: Model) -> Row:
    def make(new: New) -> tuple[Any, ...]:
        inputs, _ = _given(model, new)
        return model.build().to(new.device, new.dtype).eval().requires_grad_(False), *inputs

    return Row(f"models.{model.name}", f"batch{BATCH}", make, _answered, trains=False, dtypes=_DEPLOYED)


def _answered(network: torch.nn.Module, *inputs: torch.Tensor) -> Any:
    return network(*inputs)


def _training(model: Model) -> Row:
    def make(new: New) -> tuple[Callable[[], None]]:
        (inputs, labels), network, loss = _given(model, new), model.build().to(new.device), model.loss_function()
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)

        def step() -> None:
            optimizer.zero_grad()
            loss(network(*inputs), labels).backward()
            optimizer.step()

        return (step,)

    return Row(f"training.{model.name}.adam", f"batch{BATCH}", make, _taken, trains=False, dtypes=FLOAT32)


def _taken(step: Callable[[], None]) -> None:
    step()


ROWS: tuple[Row, ...] = (*map(_inference, models("inference")), *map(_training, models("training")))
"""As :data:`silicon_cts.benchmarks.table.ROWS`: inference in float32 and float16, training in float32."""
