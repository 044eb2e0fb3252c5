"""How does a training step go round?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from silicon_cts.training import randomness
from silicon_cts.training.errors import StepError
from silicon_cts.training.runners.protocol import Runner
from silicon_cts.training.step import Step


class Trainer:
    """A training step on a backend, and the state that goes round.

    Attributes:
        steps: how many steps the optimizer has taken, those before the export included.
        placement: where each operation of the step was planned, forward and backward; empty if nothing says it.
        elsewhere: in words, what was planned on another compute unit than the one asked for.
    """

    def __init__(self, step: Step, runner: Runner, seed: int) -> None:
        self.steps = step.steps_before
        self.placement = runner.placement
        self.elsewhere = runner.elsewhere
        self._step = step
        self._closed = False
        self._runner = runner
        self._source = np.random.Generator(np.random.PCG64(seed))
        self._state = [runner.put(entry.value) for entry in step.layout.entries]

    def __call__(self, x: torch.Tensor | Sequence[torch.Tensor], y: torch.Tensor) -> torch.Tensor:
        """Train on one batch of the example's shapes and dtypes.

        Returns:
            The loss before the update, on the CPU, of no dimensions.

        Raises:
            StepError: a batch of another shape or dtype, or after :meth:`close`.
        """
        if self._closed:
            raise StepError("the trainer is closed: train inside of the with block, or make another with step.on()")
        layout = self._step.layout
        inputs = (x,) if isinstance(x, torch.Tensor) else tuple(x)
        _check("inputs", inputs, layout.inputs)
        _check("labels", (y,), (layout.labels,))
        draws = [randomness.draw(self._source, wanted) for wanted in layout.draws]
        given = [*layout.scalars(self.steps + 1), *inputs, y, *draws]
        loss, *changed = self._runner([*self._state, *map(self._runner.put, given)])
        new = iter(changed)
        self._state = [
            next(new) if entry.changes else old for entry, old in zip(layout.entries, self._state, strict=True)
        ]
        self.steps += 1
        return self._runner.get(loss).reshape(())

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Parameters and buffers on the CPU, as ``model.load_state_dict`` takes them."""
        state = self._by_name()
        return {key: state[name] for key, name in self._step.saved.items()}

    def optimizer_state_dict(self) -> dict[str, Any]:
        """Options and state of the optimizer, as ``optimizer.load_state_dict`` takes them."""
        state, groups, kept, index = self._by_name(), [], {}, 0
        for group in self._step.layout.groups:
            numbers = range(index, index + len(group.parameters))
            groups.append({**group.options, "params": list(numbers)})
            for index, name in zip(numbers, group.parameters, strict=True):
                slots = group.rule.slots(group.options)
                kept[index] = {slot: state[f"optimizer.{slot}.{name}"] for slot in slots}
                if "exp_avg" in slots:
                    kept[index]["step"] = torch.tensor(float(self.steps))
            index = numbers.stop
        return {"state": kept if self.steps else {}, "param_groups": groups}

    def close(self) -> None:
        """Give back what the backend holds; the trainer cannot be called afterwards."""
        self._closed = True
        self._runner.close()

    def __enter__(self) -> Trainer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _by_name(self) -> dict[str, torch.Tensor]:
        return {
            entry.name: self._runner.get(value).to(entry.value.dtype).reshape(entry.shape)
            for entry, value in zip(self._step.layout.entries, self._state, strict=True)
        }


def _check(what: str, given: Sequence[torch.Tensor], example: Sequence[torch.Tensor]) -> None:
    if len(given) != len(example):
        raise StepError(f"{len(given)} {what} where the step was exported with {len(example)}")
    for one, wanted in zip(given, example, strict=True):
        if one.shape != wanted.shape:
            rest = "leave out the last, smaller batch (drop_last=True), or export a step for this shape"
            raise StepError(
                f"{what} of shape {tuple(one.shape)} where the step was exported with {tuple(wanted.shape)}: {rest}"
            )
        if one.dtype != wanted.dtype:
            raise StepError(f"{what} of {one.dtype} where the step was exported with {wanted.dtype}: convert the batch")
