"""What does an optimizer do to a parameter, as a pure function of tensors?

The rules are those of ``torch.optim`` (the single-tensor loops in ``torch/optim/sgd.py`` and ``adam.py``, 2.13.0). What
depends on the number of the step alone is computed outside the program, in float64 as torch does, and goes in as
scalars: a power of 0.999 has no place in float16.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch

from silicon_cts.training.errors import StepError

Tensors = dict[str, torch.Tensor]
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One optimizer."""

    slots: Callable[[Options], tuple[str, ...]]
    """Names, as torch has them, of the state tensors of one parameter: of its shape, zeros at first."""
    scalars: Callable[[Options, int], dict[str, float]]
    """(options of the group, number of the step from 1) -> what goes in as scalars."""
    update: Callable[[torch.Tensor, torch.Tensor, Tensors, Tensors, Options], tuple[torch.Tensor, Tensors]]
    """(parameter, gradient, slots, scalars of shape (1,), options) -> the new parameter and slots."""
    reach: Callable[[Options, torch.dtype], float]
    """How far rounding alone may move a parameter of that dtype."""


@dataclass(frozen=True)
class Group:
    """Parameters that share options."""

    rule: Rule
    options: Options
    parameters: tuple[str, ...]


def _sgd_slots(options: Options) -> tuple[str, ...]:
    return ("momentum_buffer",) if options["momentum"] else ()


def _sgd_scalars(options: Options, step: int) -> dict[str, float]:
    gain = 1.0 if step == 1 else 1.0 - options["dampening"]  # the first gradient enters the momentum undamped
    return {"lr": float(options["lr"]), **({"gain": gain} if options["momentum"] and options["dampening"] else {})}


def _sgd(
    parameter: torch.Tensor, grad: torch.Tensor, slots: Tensors, scalars: Tensors, options: Options
) -> tuple[torch.Tensor, Tensors]:
    if options["maximize"]:
        grad = -grad
    if options["weight_decay"]:
        grad = grad + options["weight_decay"] * parameter
    if options["momentum"]:
        fresh = grad * scalars["gain"] if "gain" in scalars else grad
        momentum = options["momentum"] * slots["momentum_buffer"] + fresh
        slots = {"momentum_buffer": momentum}
        grad = grad + options["momentum"] * momentum if options["nesterov"] else momentum
    return parameter - scalars["lr"] * grad, slots


def _adam_slots(options: Options) -> tuple[str, ...]:
    return ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if options["amsgrad"] else ()))


def _adam_scalars(options: Options, step: int) -> dict[str, float]:
    first, second = (1.0 - beta**step for beta in options["betas"])
    scalars = {"step_size": float(options["lr"]) / first, "root": math.sqrt(second)}
    if options["weight_decay"] and options["decoupled_weight_decay"]:
        scalars["keep"] = 1.0 - float(options["lr"]) * options["weight_decay"]
    return scalars


def _adam(
    parameter: torch.Tensor, grad: torch.Tensor, slots: Tensors, scalars: Tensors, options: Options
) -> tuple[torch.Tensor, Tensors]:
    beta1, beta2 = options["betas"]
    if options["maximize"]:
        grad = -grad
    if "keep" in scalars:
        parameter = parameter * scalars["keep"]
    elif options["weight_decay"]:
        grad = grad + options["weight_decay"] * parameter
    first = slots["exp_avg"] + (1 - beta1) * (grad - slots["exp_avg"])
    second = beta2 * slots["exp_avg_sq"] + (1 - beta2) * (grad * grad)
    new, largest = {"exp_avg": first, "exp_avg_sq": second}, second
    if options["amsgrad"]:
        largest = new["max_exp_avg_sq"] = torch.maximum(slots["max_exp_avg_sq"], second)
    spread = torch.sqrt(largest) / scalars["root"] + options["eps"]
    return parameter - scalars["step_size"] * (first / spread), new


def _adam_reach(options: Options, dtype: torch.dtype) -> float:
    """Of a gradient that is but rounding, Adam makes a whole step; of one whose square is zero, ``eps`` decides."""
    info = torch.finfo(dtype)
    unseen = math.sqrt(info.smallest_normal * info.eps / (1.0 - options["betas"][1]))
    eps = float(torch.tensor(options["eps"], dtype=dtype))
    return float(options["lr"]) * (4.0 + (unseen / eps if eps else math.inf))


RULES: Mapping[type, Rule] = MappingProxyType(
    {
        torch.optim.SGD: Rule(_sgd_slots, _sgd_scalars, _sgd, lambda _options, _dtype: 0.0),
        torch.optim.Adam: Rule(_adam_slots, _adam_scalars, _adam, _adam_reach),
        torch.optim.AdamW: Rule(_adam_slots, _adam_scalars, _adam, _adam_reach),
    }
)
"""By the exact class: a subclass may do anything."""


def groups(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> tuple[Group, ...]:
    """The optimizer's groups; ``names`` maps ``id(parameter)`` to its name.

    Raises StepError for an optimizer that has no rule, or that holds a parameter of another model.
    """
    kind = type(optimizer)
    if kind not in RULES:
        known = ", ".join(rule.__name__ for rule in RULES)
        raise StepError(f"{kind.__module__}.{kind.__qualname__} has no rule as a program: use one of {known}")
    return tuple(
        Group(RULES[kind], _options(group), _names(group["params"], names)) for group in optimizer.param_groups
    )


def _options(group: Mapping[str, Any]) -> Options:
    options = {name: _plain(value) for name, value in group.items() if name != "params"}
    return MappingProxyType(options)


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.item()
    return tuple(_plain(one) for one in value) if isinstance(value, tuple | list) else value


def _names(parameters: Sequence[torch.Tensor], names: Mapping[int, str]) -> tuple[str, ...]:
    strangers = [tuple(one.shape) for one in parameters if id(one) not in names]
    if strangers:
        raise StepError(
            f"the optimizer holds a parameter of shape {strangers[0]} that is not in the model: make it from "
            "model.parameters(), after the model has its final parameters"
        )
    return tuple(names[id(one)] for one in parameters)
