"""A call that a fault must spoil, and a call close to it that it must leave alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

rand = torch.randn


@dataclass(frozen=True)
class Case:
    """Both calls make their own inputs and return whatever may have changed."""

    trigger: Callable[[], Any]
    near: Callable[[], Any]


def changed(tensor: Tensor, change: Callable[[Tensor], Any], *others: Tensor) -> tuple[Tensor, ...]:
    """The tensor after a change in place, and what else may have changed."""
    change(tensor)
    return tensor, *others


def gradients(function: Callable[..., Any], *inputs: Tensor) -> tuple[Tensor, ...]:
    """The gradients of all inputs for a random gradient of the answer."""
    leaves = [x.detach().requires_grad_() for x in inputs]
    answer = function(*leaves)
    answer = answer[0] if isinstance(answer, tuple) else answer
    return torch.autograd.grad(answer, leaves, torch.randn_like(answer))


def channels_last(*shape: int) -> Tensor:
    """A random image that lies in memory as N, H, W, C."""
    return rand(*shape).to(memory_format=torch.channels_last)
