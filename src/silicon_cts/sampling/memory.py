"""Was memory changed that had to stay as it was?"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch


class Memory:
    """The whole memory under a tensor, on any device, as it was when this was made. Compared by its bits."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self._tensor = tensor.detach()
        self._watched = tensor.layout == torch.strided and not tensor._is_zerotensor()
        self._shape, self._strides = tuple(tensor.shape), tuple(tensor.stride()) if self._watched else ()
        self._offset = int(tensor.storage_offset()) if self._watched else 0
        self._size = tensor.element_size()
        self._storage = tensor.untyped_storage() if self._watched else None
        memory = self._memory()
        # A copy for NumPy: of memory that it has seen, PyTorch makes no more when a call needs more.
        self._before = (memory.clone() if memory.device.type == "cpu" else memory.cpu()).numpy()

    def _memory(self) -> torch.Tensor:
        """Its bytes as they are now, where they are."""
        empty = torch.empty(0, dtype=torch.uint8, device=self._tensor.device)
        return empty if self._storage is None else empty.set_(self._storage)

    @cached_property
    def _different(self) -> npt.NDArray[np.bool_] | None:
        """By byte, whether it is another than before; None if none is. Memory that was given back is not compared."""
        after = self._memory().cpu().numpy()
        if after.shape != self._before.shape:
            return None
        different = after != self._before
        return different if different.any() else None

    def changed(self) -> bool:
        """Whether anything is different, in the tensor or beside it."""
        return self._different is not None

    def changed_beside(self) -> bool:
        """Whether anything is different outside of what the tensor addressed."""
        if self._different is None:
            return False
        count = len(self._different) // self._size
        elements = torch.from_numpy(self._different[: count * self._size].reshape(count, self._size).any(axis=1))
        beside = torch.ones(count, dtype=torch.bool)
        beside.as_strided(self._shape, self._strides, self._offset).fill_(False)
        return bool((elements & beside).any())
