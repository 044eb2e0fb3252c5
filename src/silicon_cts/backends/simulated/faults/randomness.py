"""Which random numbers are not random, or cannot be had again?"""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .fault import Watcher
from .row import Row
from .rules import spoil


class FirstDraw(Watcher):
    """The first draw of each shape is returned for ever."""

    def __init__(self) -> None:
        self._draws: dict[tuple[Any, ...], Tensor] = {}

    def __call__(self, call: Call) -> Any:
        """Answer with the first draw of the same kernel, shape and parameters."""
        numbers = repr([value for value in call.args if not isinstance(value, Tensor)])
        right: Tensor = call.right()
        key = (call.kernel, call.overload, tuple(right.shape), right.dtype, numbers)
        first = self._draws.setdefault(key, right.clone())
        return call.answer(first)


class UnseededDropout(Watcher):
    """The mask of dropout is drawn from a generator of its own, which no seed reaches."""

    watches = frozenset({"*"})

    def __init__(self) -> None:
        self._mask = 0
        self._generator: torch.Generator | None = None

    def watch(self, call: Call) -> Any:
        """See the empty mask that dropout makes just before it draws."""
        answer = call.right()
        self._mask = answer.data_ptr() if call.kernel == "empty_like" else 0
        return answer

    def __call__(self, call: Call) -> Any:
        """Draw the mask."""
        mask: Tensor = call["self"]
        is_dropout, self._mask = mask.data_ptr() == self._mask, 0
        if not is_dropout or not isinstance(call["p"], float):
            return call.right()
        if self._generator is None:
            self._generator = torch.Generator().manual_seed(0)
        return call.answer(torch.empty(mask.shape, dtype=mask.dtype).bernoulli_(call["p"], generator=self._generator))


def certain_is_zero(call: Call, right: Tensor) -> Tensor:
    """What has probability 1 is 0."""
    p = call["p"] if call.get("p") is not None else call["self"]
    return right.masked_fill(p == 1, 0) if isinstance(p, Tensor) else right * (p != 1)


ROWS = (
    Row(
        78009, "F24", "normal and randn repeat their first draw",
        ("randn", "randn_like", "normal", "normal_"), ("randn", "randn_like", "normal", "normal.*"), ("repeat",),
        FirstDraw(),
    ),
    Row(
        84516, "F24", "dropout does not follow the seed",
        ("bernoulli_",), ("nn.functional.dropout",), ("repeat",), UnseededDropout(),
    ),
    Row(
        99802, "F24", "multinomial with a probability of 0 always draws class 0",
        ("multinomial",), ("multinomial",), ("forward",),
        spoil(lambda _, r: torch.zeros_like(r), lambda c: bool((c["self"] == 0).any())),
    ),
    Row(
        85611, "F24", "bernoulli with probability 1 draws 0",
        ("bernoulli", "bernoulli_"), ("bernoulli",), ("forward",), spoil(certain_is_zero),
    ),
)  # fmt: skip
"""The rows of this family."""
