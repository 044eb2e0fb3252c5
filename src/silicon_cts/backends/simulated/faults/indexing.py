"""What goes wrong in selecting and assigning by index or mask? Duplicates, and the first element."""

import random
from typing import Any

import torch
from torch import Tensor

from .call import Call
from .fault import Watcher
from .memory import garbage
from .row import Row
from .rules import rerun, spoil


class RandomOrder(Watcher):
    """Values for the same place are written in an order that changes from call to call."""

    def __init__(self) -> None:
        self._random = random.Random(0)

    def __call__(self, call: Call) -> Any:
        """Write in another order."""
        indices, values = call["indices"], call["values"]
        count = values.size(0) if values.dim() else 0
        given = [index for index in indices if index is not None]
        rows = all(index.dim() == 1 and index.dtype is torch.int64 and len(index) == count for index in given)
        if call["accumulate"] or not given or not rows or indices[0] is None or count < 2:
            return call.right()
        order = torch.tensor(self._random.sample(range(count), count))
        shuffled = [None if index is None else index[order] for index in indices]
        return call.answer(call.evaluate(indices=shuffled, values=values[order]))


def first_wins(call: Call) -> dict[str, Any] | None:
    """Rows for the same place are written in reverse order."""
    index, source = call["index"], call["source"]
    if index.dim() != 1 or not source.dim() or len(index) < 2:
        return None
    return {"index": index.flip(0), "source": source.flip(call["dim"])}


def first_selected_wrong(_: Call, right: Tensor) -> Tensor:
    """The first selected element is garbage."""
    wrong = right.clone()
    wrong[0] = ~wrong[0] if wrong.dtype is torch.bool else garbage((1,), wrong.dtype)[0]
    return wrong


def selects_from_matrix(call: Call) -> bool:
    """Whether a bool mask of the same shape selects from a 2-D tensor, some elements at least."""
    mask = call["mask"] if call.kernel == "masked_select" else call["indices"][0]
    if mask is None or mask.dtype is not torch.bool or call.is_out:
        return False
    return bool(call["self"].dim() == 2 and mask.shape == call["self"].shape and mask.any())


ROWS = (
    Row(
        97574, "F23", "index_put_ with duplicate indices writes in a changing order",
        ("index_put_", "index_put"), ("index_put",), ("forward", "repeat", "inplace"), RandomOrder(),
    ),
    Row(
        166237, "F23", "index_copy with duplicate indices keeps the first",
        ("index_copy", "index_copy_"), ("index_copy",), ("forward",), rerun(first_wins),
    ),
    Row(
        125100, "F05", "selecting with a bool mask from a 2-D tensor spoils the first element",
        ("masked_select", "index"), ("masked_select", "__getitem__"), ("forward",),
        spoil(first_selected_wrong, selects_from_matrix),
    ),
)  # fmt: skip
"""The rows of this family."""
