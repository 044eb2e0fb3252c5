"""What is read too early or too late? Copies that do not wait for their source, and first reads of fresh answers."""

from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing import reductions

from .call import Call
from .fault import Watcher
from .memory import fitted, is_permuted
from .row import Row

Source: Any = reductions.StorageWeakRef
"""A storage that may be freed."""
SYNCHRONISES = "_local_scalar_dense"


def later_values(answer: Any, result: Tensor) -> Tensor:
    """What a later kernel wrote where the source had been."""
    filled = isinstance(answer, Tensor) and answer.numel() > 0
    return fitted(answer, result.shape).to(result.dtype) if filled else result


def minus_one(_: Any, result: Tensor) -> Tensor:
    """-1 everywhere, True for bool."""
    return torch.full_like(result, -1)


class ReadTooLate(Watcher):
    """A non-blocking copy reads its source after that was freed and its memory used again by a later kernel."""

    def __init__(self, later: frozenset[str], values: Callable[[Any, Tensor], Tensor]) -> None:
        self.watches = later | {SYNCHRONISES}
        self._values = values
        self._pending: deque[tuple[Any, Tensor]] = deque(maxlen=8)

    def watch(self, call: Call) -> Any:
        """Let a later kernel spoil the copies whose source is gone."""
        gone = [result for source, result in self._pending if source.expired()]
        answer = call.right()
        if call.kernel == SYNCHRONISES:
            self._pending.clear()
            return answer
        self._pending = deque((pair for pair in self._pending if not pair[0].expired()), maxlen=8)
        for result in gone:
            wrong = self._values(answer, result)
            if not torch.equal(wrong, result):
                result.copy_(wrong)
                call.fire()
        return answer

    def __call__(self, call: Call) -> Any:
        """Do the copy, and remember that it is under way."""
        result = self.watch(call) if "_to_copy" in self.watches or "*" in self.watches else call.right()
        if call["non_blocking"] and isinstance(result, Tensor):
            self._pending.append((Source(call["self"].untyped_storage()), result))
        return result


class ReadTooEarly(Watcher):
    """The first copy that rearranges the answer of a linear layer reads it before it is there."""

    watches = frozenset({"mm", "addmm"})

    def __init__(self) -> None:
        self._fresh: dict[int, Any] = {}

    def watch(self, call: Call) -> Any:
        """Remember an answer that nobody has read."""
        answer = call.right()
        storage = answer.untyped_storage()
        self._fresh = {place: ref for place, ref in self._fresh.items() if not ref.expired()}
        self._fresh[storage.data_ptr()] = Source(storage)
        return answer

    def __call__(self, call: Call) -> Any:
        """Copy; the first time, find nothing there."""
        source: Tensor = call["self"]
        fresh = self._fresh.get(source.untyped_storage().data_ptr())
        if fresh is None or fresh.expired() or not is_permuted(source) or not source.is_floating_point():
            return call.right()
        del self._fresh[source.untyped_storage().data_ptr()]
        return call.answer(torch.full_like(call.right(), torch.nan))


ROWS = (
    Row(
        189690, "F21", "a non-blocking copy gets later values when its source is freed before it is done",
        ("_to_copy",), ("to",), ("repeat",), ReadTooLate(frozenset({"*"}), later_values),
    ),
    Row(
        83015, "F21", "non-blocking conversions in a loop are filled with -1",
        ("_to_copy",), ("to",), ("repeat",), ReadTooLate(frozenset({"_to_copy"}), minus_one),
    ),
    Row(
        85516, "F21", "the first rearranging copy of the answer of a linear layer is NaN, the second is right",
        ("clone",), ("nn.functional.multi_head_attention_forward",), ("training", "repeat"),
        ReadTooEarly(),
    ),
)  # fmt: skip
"""The rows of this family."""
