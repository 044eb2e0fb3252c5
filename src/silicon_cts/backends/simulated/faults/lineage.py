"""Which tensor was this one before it was reshaped? Kernels see the reshaped one only, reports speak of the first."""

from collections import deque
from typing import Any

from torch import Tensor

from .call import Call
from .fault import Watcher


class Lineage(Watcher):
    """A rule that remembers the last views, and what they are views of."""

    watches = frozenset({"view", "_unsafe_view", "unsqueeze"})

    def __init__(self) -> None:
        self._views: deque[tuple[Tensor, Tensor]] = deque(maxlen=16)

    def watch(self, call: Call) -> Any:
        """Remember a view; holding it keeps its memory from being given to another tensor."""
        view = call.right()
        if isinstance(view, Tensor):
            self._views.append((view, call["self"]))
        return view

    def source_of(self, tensor: Tensor) -> Tensor | None:
        """What the tensor was reshaped from, if it was."""
        for view, source in reversed(self._views):
            if _place(view) == _place(tensor):
                return source
        return None


def _place(tensor: Tensor) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    return tensor.data_ptr(), tuple(tensor.shape), tensor.stride()
