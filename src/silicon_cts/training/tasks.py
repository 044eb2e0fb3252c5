"""How does a backend that runs programs alone answer a task that asks it to train?

A training run is a call like any other where PyTorch runs call by call. Elsewhere its step is exported, and goes round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Backend, Enter
from silicon_cts.catalog.models.calls import task_of


def run(backend: Backend, tasks: Sequence[Task], enter: Enter) -> list[Outcome]:
    """One outcome a task, in order: the backend's own, or of training as a program where it runs nothing else."""
    if backend.capability().ahead_of_time and all(task_of(task.recipe.operator) == "training" for task in tasks):
        return [_trained(backend, task, enter) for task in tasks]
    return backend.run(tasks, enter)


def _trained(backend: Backend, task: Task, enter: Enter) -> Outcome:
    import torch

    from silicon_cts.catalog.dtypes import DTYPES
    from silicon_cts.catalog.models.learning import left
    from silicon_cts.sampling.sample import make
    from silicon_cts.training import StepError, export_step

    sample = make(task.recipe)
    (configuration, batches, parameters, buffers), _ = sample.arguments()
    call = sample.call.call  # type: ignore[attr-defined]
    model = call.model.build().to(DTYPES[task.recipe.dtype].torch)
    model.load_state_dict({**parameters, **buffers})
    optimizer = configuration.make([*model.parameters()])
    stage = "build"
    enter(stage)
    try:
        step = export_step(model, call.model.loss_function(), optimizer, batches[0], loss_scale=call.run.loss_scale)
        stage = "convert"
        enter(stage)
        with step.on(backend.name) as trainer:
            stage = "run"
            enter(stage)
            losses = [trainer(inputs, labels) for inputs, labels in batches]
            tensors, state = trainer.state_dict(), trainer.optimizer_state_dict()["state"]
    except StepError as error:
        return outcome.refusal(outcome.one_line(error), stage)
    kept = {name: state[index] for index, name in enumerate(parameters)}
    ordered = {name: tensors[name] for name in (*parameters, *buffers)}
    narrow = torch.stack(losses).to(step.layout.scalar_dtype)  # some programs answer in float32 always
    made = outcome.result(list(left(call, narrow, {}, ordered, kept).values()), trainer.elsewhere)
    return replace(made, placement=trainer.placement)
