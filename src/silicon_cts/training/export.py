"""How do a model, a loss and an optimizer become one step of training?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from silicon_cts.training import randomness
from silicon_cts.training.agreement import agrees
from silicon_cts.training.attributes import unchanged
from silicon_cts.training.errors import StepError
from silicon_cts.training.layout import Entry, Layout
from silicon_cts.training.objective import Loss, Objective, shown, slot_name, training_step
from silicon_cts.training.optimizers import Group, groups
from silicon_cts.training.step import Step
from silicon_cts.training.tracing import trace

Inputs = torch.Tensor | Sequence[torch.Tensor]


def export_step(
    model: torch.nn.Module,
    loss: Loss,
    optimizer: torch.optim.Optimizer,
    example_batch: tuple[Inputs, torch.Tensor],
    *,
    loss_scale: float = 1.0,
) -> Step:
    """Make one step of training a program: forward, loss, backward, update.

    Args:
        model: on the CPU, in training mode unless you want otherwise. It is not changed.
        loss: (output of the model, labels) -> one number; a module may hold tensors of its own.
        optimizer: SGD, Adam or AdamW of the model's parameters, with their groups and options. What it remembers of
            earlier steps is taken over.
        example_batch: (inputs, labels): a tensor, or a sequence of tensors for a model that takes several. Every batch
            must have these shapes and dtypes.
        loss_scale: the loss is multiplied by it before the backward pass and the gradients are divided by it
            afterwards: in float16, small gradients are zero without it.

    Raises:
        StepError: it cannot become a program; the message names the line or the parameter, and what to do.
    """
    inputs, labels = _batch(example_batch)
    objective = Objective(model, loss)
    names = {id(parameter): name for name, parameter in objective.named_parameters()}
    layout = _layout(objective, groups(optimizer, names), optimizer, inputs, labels)
    with unchanged(objective):
        graph = trace(lambda *flat: training_step(objective, layout, loss_scale, flat), layout.examples())
    layout = replace(layout, draws=randomness.lift(graph))
    with unchanged(objective):
        agrees(graph, objective, layout, loss_scale)
    examples = [*layout.examples(), *(torch.ones(draw.shape, dtype=draw.dtype) for draw in layout.draws)]
    with torch.no_grad():
        program = torch.export.export(graph, tuple(examples))
    keys = {id(value): name for name, value in _all_names(objective)}
    saved = {name: keys[id(value)] for name, value in model.state_dict(keep_vars=True).items() if id(value) in keys}
    return Step(program, layout, saved, steps_before=_steps(optimizer))


def _layout(
    objective: Objective,
    found: tuple[Group, ...],
    optimizer: torch.optim.Optimizer,
    inputs: tuple[torch.Tensor, ...],
    labels: torch.Tensor,
) -> Layout:
    parameters, buffers = dict(objective.named_parameters()), dict(objective.named_buffers())
    trained = {name for group in found for name in group.parameters}
    if frozen := [name for name in trained if not parameters[name].requires_grad]:
        raise StepError(f"{shown(frozen[0])} is in the optimizer and frozen: requires_grad_(True), or take it out")
    entries = [_entry(name, value, name in trained) for name, value in parameters.items()]
    entries += [_entry(name, value, changes=True) for name, value in buffers.items()]
    for group in found:
        for name in group.parameters:
            kept = optimizer.state.get(parameters[name], {})
            for slot in group.rule.slots(group.options):
                value = kept.get(slot)
                start = torch.zeros_like(parameters[name]) if value is None else value
                entries.append(_entry(slot_name(slot, name), start, changes=True))
    dtypes = {parameters[name].dtype for name in trained}
    if len(dtypes) != 1:
        raise StepError(f"the trained parameters must share one dtype, not {sorted(map(str, dtypes))}: model.to(dtype)")
    return Layout(tuple(entries), found, dtypes.pop(), inputs, labels)


def _entry(name: str, value: torch.Tensor, changes: bool) -> Entry:
    if value.device.type != "cpu":
        raise StepError(f"{shown(name)} is on {value.device}: export on the CPU, then choose a backend")
    carried = value.detach().clone().contiguous()
    return Entry(name, carried.reshape(1) if value.ndim == 0 else carried, value.shape, changes)


def _all_names(objective: Objective) -> list[tuple[str, torch.Tensor]]:
    return [*objective.named_parameters(), *objective.named_buffers()]


def _steps(optimizer: torch.optim.Optimizer) -> int:
    """How many steps the optimizer has taken; SGD does not count, and only needs to know whether it has begun."""
    kept: dict[str, object] = next(iter(optimizer.state.values()), {})
    count = kept.get("step", int(kept.get("momentum_buffer") is not None))
    return int(torch.as_tensor(count))


def _batch(batch: Any) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    try:
        inputs, labels = batch
    except (TypeError, ValueError):
        raise StepError("the example batch must be (inputs, labels)") from None
    made = (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs)
    if not isinstance(labels, torch.Tensor) or not all(isinstance(one, torch.Tensor) for one in made):
        raise StepError("inputs and labels of the example batch must be tensors, or the inputs a sequence of tensors")
    return made, labels
