"""Which answers depend on earlier calls, or change from call to call? Cache keys that are too small, and races.

What is random on the accelerator follows a fixed sequence here, counted in calls, so that a run can be repeated.
"""

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .call import Call
from .fault import Watcher
from .memory import garbage
from .row import Row
from .rules import Condition, always

EVERY_REDUCTION = 16
EVERY_VARIANCE = 4
MANY = 2**8
DIMENSION = 2**6
DIGITS = 6


class Sometimes(Watcher):
    """Every so many calls, counted for each kernel, the answer is another one."""

    def __init__(self, every: int, how: Callable[[Call, Any], Any], when: Condition = always) -> None:
        self._every, self._how, self._when = every, how, when
        self._calls: dict[str, int] = {}

    def __call__(self, call: Call) -> Any:
        """Count, and answer wrongly when it is time."""
        if not self._when(call):
            return call.right()
        count = self._calls[call.kernel] = self._calls.get(call.kernel, 0) + 1
        right = call.right()
        return right if count % self._every else call.answer(self._how(call, right))


class RandomSubset(Watcher):
    """A large product has garbage at places that change from call to call."""

    def __init__(self) -> None:
        self._random = random.Random(0)

    def __call__(self, call: Call) -> Any:
        """Spoil some elements."""
        right: Tensor = call.right()
        if max(call["self"].size(-2), call["mat2"].size(-1)) <= DIMENSION or not right.numel():
            return right
        wrong = right.clone(memory_format=torch.contiguous_format).reshape(-1)
        places = [self._random.randrange(wrong.numel()) for _ in range(1 + wrong.numel() // DIMENSION)]
        wrong[places] = garbage((1,), wrong.dtype)
        return call.answer(wrong.reshape(right.shape))


class FirstBounds(Watcher):
    """The bounds of clamp are remembered by their first six digits after the point."""

    def __init__(self) -> None:
        self._bounds: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def __call__(self, call: Call) -> Any:
        """Clamp with the bounds that were first seen under this key."""
        bounds = call["min"], call["max"]
        if any(isinstance(bound, Tensor) for bound in bounds):
            return call.right()
        printed = [None if bound is None else f"{bound:.{DIGITS}f}" for bound in bounds]
        key = (call.kernel, tuple(call["self"].shape), call["self"].dtype, *printed)
        low, high = self._bounds.setdefault(key, bounds)
        return call.right() if (low, high) == bounds else call.answer(call.evaluate(min=low, max=high))


def nudged(_: Call, right: Tensor) -> Tensor:
    """The first element is off."""
    wrong = right.clone().reshape(-1)
    wrong[:1] = wrong[:1] * 2 + 1
    return wrong.reshape(right.shape)


def without_partial_sum(call: Call, _: Tensor) -> Tensor:
    """The variance without the last slice of a reduced dimension."""
    tensor: Tensor = call["self"]
    dim = call["dim"][0] if call["dim"] else 0
    part: Tensor = call.evaluate(self=tensor.narrow(dim, 0, tensor.size(dim) - 1))
    return part


def is_large_variance(call: Call) -> bool:
    """Whether several dimensions of a large 4-D tensor are reduced."""
    tensor, dims = call["self"], call["dim"]
    reduced = dims if dims else range(tensor.dim())
    return tensor.dim() == 4 and tensor.numel() >= MANY and len(reduced) > 1 and tensor.size(reduced[0]) > 1


ROWS = (
    Row(
        111634, "F23", "a wide matrix product has wrong elements at changing places",
        ("mm", "bmm"), ("mm", "bmm", "matmul"), ("forward", "repeat"), RandomSubset(),
        scaled="an outer dimension beyond 2^15 -> 2^6",
    ),
    Row(
        197235, "F23", "var and std of a large tensor lose a partial sum now and then",
        ("var", "std"), ("var", "std"), ("forward", "repeat"),
        Sometimes(EVERY_VARIANCE, without_partial_sum, is_large_variance),
        scaled="3.7 million elements -> 2^8; 2 % of the calls under eight parallel workers -> every 4th call",
    ),
    Row(
        178497, "F23", "reductions in rapid repetition are wrong once in a while",
        ("sum", "mean", "nansum", "trace", "count_nonzero"), ("sum", "mean", "nansum", "trace", "count_nonzero"),
        ("forward", "repeat"), Sometimes(EVERY_REDUCTION, nudged),
        scaled="once in up to 300,000 calls -> every 16th call of a kernel",
    ),
    Row(
        167767, "F20", "clamp uses the bounds of an earlier call when six digits agree",
        ("clamp", "clamp_"), ("clamp",), ("repeat",), FirstBounds(),
    ),
)  # fmt: skip
"""The rows of this family."""
