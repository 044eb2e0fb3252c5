"""How is a model run as a function of its inputs and of its own tensors?"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch.nn.utils.stateless import _reparametrize_module

from silicon_cts.catalog.models.table import MODELS, Model
from silicon_cts.catalog.models.weights import running_statistics


class Inference:
    """``call(inputs, state)`` -> what the model answers in evaluation mode, wherever the tensors are."""

    def __init__(self, model: str) -> None:
        self.model = model

    def __call__(self, inputs: tuple[torch.Tensor, ...], state: dict[str, torch.Tensor]) -> Any:
        """``state`` as in ``state_dict()``; shapes are those of :meth:`Model.batch`."""
        structure = _structure(self.model)
        with _reparametrize_module(structure, state):  # torch.func.functional_call, which refuses to be traced
            return structure(*inputs)


class OneCall:
    """``call(inputs, states, state)`` -> what one call answers of a model that keeps ``states``, which it writes to."""

    def __init__(self, model: str) -> None:
        self.model = model

    def __call__(
        self, inputs: tuple[torch.Tensor, ...], states: tuple[torch.Tensor, ...], state: dict[str, torch.Tensor]
    ) -> Any:
        """``inputs`` of one call; ``state`` as in ``state_dict()``."""
        structure: Any = _structure(self.model)
        with _reparametrize_module(structure, state):
            return structure.call(*inputs, *states)


def states(model: str, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """What such a model keeps before its first call, in float32, for the inputs of all calls."""
    structure: Any = _structure(model)
    return tuple(structure.states(*inputs))


def example(model: Model, dtype: torch.dtype, seed: int) -> tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
    """Inputs and state of one call: the floating tensors in ``dtype``, running statistics that are not trivial."""
    inputs, _ = model.batch(0, seed)
    state = {name: tensor.detach() for name, tensor in running_statistics(model.build(seed), seed).state_dict().items()}
    return tuple(in_dtype(one, dtype) for one in inputs), {name: in_dtype(one, dtype) for name, one in state.items()}


def in_dtype(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A floating tensor in another dtype; integers stay."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


@cache
def _structure(model: str) -> torch.nn.Module:
    """The layers; their own tensors are never read."""
    return MODELS[model].build().eval().requires_grad_(False)
