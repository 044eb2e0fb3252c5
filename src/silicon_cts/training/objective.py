"""What does one step of training compute: forward, loss, backward, update, as a function of tensors?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.func import functional_call

from silicon_cts.training.errors import StepError
from silicon_cts.training.layout import Layout

Loss = Callable[[Any, torch.Tensor], torch.Tensor]


class Objective(torch.nn.Module):
    """The model and its loss, which may hold tensors too, as one module."""

    def __init__(self, model: torch.nn.Module, loss: Loss) -> None:
        super().__init__()
        self.model = model
        self.loss = loss

    def forward(self, *inputs: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The loss, and the buffers as they are afterwards, written in place or assigned anew."""
        value = self.loss(self.model(*inputs), labels)
        return value, dict(self.named_buffers())


def training_step(
    objective: Objective, layout: Layout, loss_scale: float, flat: Sequence[torch.Tensor]
) -> list[torch.Tensor]:
    """What is traced: all inputs of the program in, the loss and the changed state out."""
    state, scalars, inputs, labels, _ = layout.split(flat)
    seen = {e.name: t.clone().reshape(e.shape) for e, t in zip(layout.entries, state, strict=True)}
    trained = {name: seen[name].detach().requires_grad_() for group in layout.groups for name in group.parameters}
    slots = {name: seen.pop(name) for name in list(seen) if name.startswith("optimizer.")}
    versions = [tensor._version for tensor in (*inputs, labels)]
    value, buffers = functional_call(objective, {**seen, **trained}, tuple(inputs), {"labels": labels})
    if versions != [tensor._version for tensor in (*inputs, labels)]:
        raise StepError(
            "the model or the loss changes its batch in place, which a program cannot carry: work on a copy "
            "(x = x + 1 for x += 1)"
        )
    for entry in layout.entries:
        if not entry.changes and seen[entry.name]._version:
            raise StepError(f"the forward pass changes the frozen {shown(entry.name)} in place: make it a buffer")
    if not isinstance(value, torch.Tensor) or value.numel() != 1:
        what = f"shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else type(value).__name__
        raise StepError(f"the loss must be one number, not {what}: reduce it with mean() or sum()")
    gradients = dict(
        zip(
            trained,
            torch.autograd.grad(value.reshape(()) * loss_scale, [*trained.values()], allow_unused=True),
            strict=True,
        )
    )
    _all_used(gradients)
    after = {**buffers, **_updated(layout, trained, gradients, slots, scalars, loss_scale)}
    changed = [after[e.name].detach().reshape(e.value.shape) for e in layout.entries if e.changes]
    return [value.detach().reshape(1), *changed]


def _updated(
    layout: Layout,
    trained: dict[str, torch.Tensor],
    gradients: dict[str, torch.Tensor],
    slots: dict[str, torch.Tensor],
    scalars: Sequence[torch.Tensor],
    loss_scale: float,
) -> dict[str, torch.Tensor]:
    made = {}
    for group, numbers in zip(layout.groups, layout.scalars_by_group(scalars), strict=True):
        for name in group.parameters:
            gradient = gradients[name] if loss_scale == 1.0 else gradients[name] / loss_scale
            kept = {slot: slots[slot_name(slot, name)] for slot in group.rule.slots(group.options)}
            made[name], kept = group.rule.update(trained[name].detach(), gradient, kept, numbers, group.options)
            made.update({slot_name(slot, name): value for slot, value in kept.items()})
    return made


def _all_used(gradients: Mapping[str, torch.Tensor | None]) -> None:
    unused = [shown(name) for name, gradient in gradients.items() if gradient is None]
    if unused:
        listed = ", ".join(unused[:5]) + (f" and {len(unused) - 5} more" if len(unused) > 5 else "")
        raise StepError(
            f"no gradient reaches {listed}: use it in the forward pass, or take it out of the optimizer and "
            "freeze it with requires_grad_(False)"
        )


def shown(name: str) -> str:
    """The name of an entry as the user knows it."""
    return repr(name.removeprefix("model."))


def slot_name(slot: str, parameter: str) -> str:
    """Of an entry of the state: what the optimizer keeps for a parameter."""
    return f"optimizer.{slot}.{parameter}"
