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
        self._before = self._bytes()
        if self._tensor.device.type == "cpu":  # elsewhere it is a copy already
            self._before = self._before.copy()

    def _bytes(self) -> npt.NDArray[np.uint8]:
        """As they are now, on the CPU; of the CPU's own memory, no copy."""
        if self._storage is None:
            return np.empty(0, np.uint8)
        return torch.empty(0, dtype=torch.uint8, device=self._tensor.device).set_(self._storage).cpu().numpy()

    @cached_property
    def _different(self) -> npt.NDArray[np.bool_] | None:
        """By byte, whether it is another than before; None if none is. Memory that was given back is not compared."""
        after = self._bytes()
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
