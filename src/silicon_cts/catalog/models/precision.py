"""How does a step of training compute in less than float32: under autocast, with a gradient scaler?"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.catalog.models.runs import GROWTH_INTERVAL, SCALE, Run


class Precision:
    """What lies around forward, backward and update; of a run without autocast, nothing.

    Attributes:
        scales: the gradient scaler's scale after each step.
    """

    def __init__(self, run: Run, device: str, before: dict[str, Any] | None = None) -> None:
        """``before`` is what :meth:`state_dict` gave, to go on from there."""
        self._run = run
        self._device = device
        self._scaler = None
        self.scales: list[float] = []
        if run.scales:
            self._scaler = torch.amp.GradScaler(device, init_scale=SCALE, growth_interval=GROWTH_INTERVAL)
            self._scaler.load_state_dict(before or self._scaler.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return self._scaler.state_dict() if self._scaler is not None else {}

    @contextmanager
    def forward(self) -> Iterator[None]:
        """Around model and loss. Raises NotImplementedError where the device has no autocast in that dtype.

        On the CPU without oneDNN, whose LSTM has no float16 on many processors.
        """
        if not self._run.autocast:
            yield
            return
        with torch.autocast(self._device, DTYPES[self._run.autocast].torch), _without_onednn():
            if not torch.is_autocast_enabled(self._device):
                raise NotImplementedError(f"{self._device} has no autocast in {self._run.autocast}")
            yield

    @property
    def scale(self) -> float:
        """What gradients are multiplied by."""
        return self._scaler.get_scale() if self._scaler is not None else 1.0

    def backward(self, loss: torch.Tensor, infinite: bool) -> None:
        """Add to the gradients, scaled; they are made ``infinite`` where the scaler is to see some."""
        if self._scaler is not None:
            self._scaler.scale(loss * math.inf if infinite else loss).backward()
        else:
            (loss * self._run.loss_scale).backward()

    def unscale(self, parameters: Sequence[torch.Tensor]) -> None:
        """Divide gradients by the scale that is always the same; the scaler divides by its own."""
        for gradient in (one.grad for one in parameters if one.grad is not None):
            gradient /= self._run.loss_scale

    def step(self, optimizer: torch.optim.Optimizer, closure: Callable[[], Any]) -> Any:
        """Forward and backward, which is ``closure``, and the update; the loss."""
        if self._scaler is None:
            return optimizer.step(closure)
        loss = closure()
        self._scaler.step(optimizer)
        self._scaler.update()
        self.scales.append(self.scale)
        return loss


@contextmanager
def _without_onednn() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="TF32 acceleration")
        with torch.backends.mkldnn.flags(enabled=False):
            yield
