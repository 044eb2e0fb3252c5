"""How is a model trained as a function of its own tensors and of batches?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch.func import functional_call

from silicon_cts.catalog.models.calls import USUAL, ModelCall
from silicon_cts.catalog.models.inference import in_dtype
from silicon_cts.catalog.models.optimizers import Configuration
from silicon_cts.catalog.models.precision import Precision
from silicon_cts.catalog.models.runs import INFINITE
from silicon_cts.catalog.models.table import MODELS
from silicon_cts.catalog.threads import threads

Tensors = dict[str, torch.Tensor]
LAST = 10
"""Steps whose mean loss shows what has been learnt."""


class Training:
    """``call(configuration, batches, parameters, buffers)`` -> what :func:`left` says, wherever the tensors are."""

    def __init__(self, call: ModelCall) -> None:
        self.call = call

    def __call__(
        self, configuration: Configuration, batches: Sequence[Any], parameters: Tensors, buffers: Tensors
    ) -> dict[str, torch.Tensor]:
        """Train on each of the batches, (inputs, labels), once, on as many in a step as the run has micro-batches;
        nothing that is given is changed.

        Half way, the optimizer and the gradient scaler are made anew from their ``state_dict()``, as people do who come
        back to a checkpoint.
        """
        forward = self._forward(compiled=self.call.run.compiled and not _is_wide(parameters))
        trained = {name: tensor.detach().clone().requires_grad_() for name, tensor in parameters.items()}
        kept = {name: tensor.detach().clone() for name, tensor in buffers.items()}
        gradients: Tensors = {}

        def train(step: int, micro_batches: Sequence[Any]) -> Any:
            def closure() -> Any:
                optimizer.zero_grad()
                values = []
                for inputs, labels in micro_batches:
                    with precision.forward():
                        value = forward({**trained, **kept}, tuple(inputs), labels) / len(micro_batches)
                    precision.backward(value, infinite=step == INFINITE)
                    values.append(value.detach())
                precision.unscale([*trained.values()])
                if not gradients:
                    found = {name: _gradient(one) / precision.scale for name, one in trained.items()}
                    gradients.update({f"gradient of {name}": gradient for name, gradient in found.items()})
                return torch.stack(values).sum()

            return precision.step(optimizer, closure)

        device = next(iter(trained.values())).device.type
        optimizer, precision = configuration.make([*trained.values()]), Precision(self.call.run, device)
        together = self.call.run.micro_batches
        steps = len(batches) // together
        losses: list[torch.Tensor] = []
        scales: list[float] = []
        for step in range(steps):
            if step and step == steps // 2:
                before, optimizer = optimizer.state_dict(), configuration.make([*trained.values()])
                optimizer.load_state_dict(before)
                scales, precision = precision.scales, Precision(self.call.run, device, precision.state_dict())
            # Threads that wait for one another take longer than models as small as these.
            with torch.enable_grad(), threads(1):
                losses.append(train(step, batches[step * together : (step + 1) * together]))
        state = {name: optimizer.state[one] for name, one in trained.items() if one in optimizer.state}
        found = left(self.call, torch.stack(losses), gradients, {**trained, **kept}, state)
        if self.call.run.scales:
            found["the scales"] = torch.tensor(scales + precision.scales, dtype=torch.float32)
        return found

    def _forward(self, compiled: bool) -> Callable[[Tensors, tuple[torch.Tensor, ...], torch.Tensor], torch.Tensor]:
        """``(tensors, inputs, labels)`` -> the loss, without the oracle's float64 compiled."""
        network, loss = _structure(self.call.model.name), self.call.model.loss_function()

        def forward(tensors: Tensors, inputs: tuple[torch.Tensor, ...], labels: torch.Tensor) -> torch.Tensor:
            return loss(functional_call(network, tensors, inputs), labels)

        if not compiled:
            return forward
        torch._dynamo.reset()
        return torch.compile(forward, dynamic=False)

    def names(
        self, configuration: Configuration, batches: Sequence[Any], parameters: Tensors, buffers: Tensors
    ) -> list[str]:
        """What each output is, found by training one step."""
        return list(self(configuration, batches[: self.call.run.micro_batches], parameters, buffers))


def left(
    call: ModelCall, losses: torch.Tensor, gradients: Tensors, tensors: Tensors, state: dict[str, dict[str, Any]]
) -> dict[str, torch.Tensor]:
    """What a training run leaves behind, by name: losses (one a step); of few steps the gradients of the first, of many
    whether the task was learnt; parameters and buffers; and what the optimizer keeps for each parameter."""
    found = {"the losses": losses.detach()}
    if not call.run.learns:
        found |= gradients
    elif call.optimizer in USUAL and call.model.learnt is not None:
        found["whether it has learnt"] = losses[-LAST:].detach().mean() < call.model.learnt
    found |= {name: tensor.detach() for name, tensor in tensors.items()}
    for name, slots in state.items():
        found |= {f"{slot} of {name}": value for slot, value in sorted(slots.items()) if _is_kept(value)}
    return found


def example(call: ModelCall, dtype: torch.dtype, seed: int) -> tuple[list[Any], Tensors, Tensors]:
    """Batches, parameters and buffers of one call: the floating tensors in ``dtype``."""
    model = call.model.build(seed)
    batches = [
        (tuple(in_dtype(one, dtype) for one in inputs), in_dtype(labels, dtype))
        for inputs, labels in call.model.batches(call.run.batches, seed)
    ]
    parameters = {name: in_dtype(tensor.detach(), dtype) for name, tensor in model.named_parameters()}
    return batches, parameters, {name: in_dtype(tensor, dtype) for name, tensor in model.named_buffers()}


def _is_wide(tensors: Tensors) -> bool:
    """Whether this is the oracle's call: what compiled code is held against is not compiled."""
    return any(tensor.dtype == torch.float64 for tensor in tensors.values())


def _gradient(parameter: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.detach().clone()


def _is_kept(value: Any) -> bool:
    """Not what LBFGS keeps of its history, which is as long as the steps that it took."""
    return isinstance(value, torch.Tensor | int | float)


@cache
def _structure(model: str) -> torch.nn.Module:
    """The layers in training mode; their own tensors are never read."""
    return MODELS[model].build().train().requires_grad_(False)
