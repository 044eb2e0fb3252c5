"""Was memory changed that had to stay as it was?"""

from __future__ import annotations

from functools import cached_property

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

    def _bytes(self) -> torch.Tensor:
        """Copied to the CPU, one row an element."""
        if self._storage is None:
            return torch.empty(0, self._size, dtype=torch.uint8)
        flat = torch.empty(0, dtype=torch.uint8, device=self._tensor.device).set_(self._storage)
        copy = flat.cpu() if flat.device.type != "cpu" else flat.clone()
        return copy[: len(copy) // self._size * self._size].reshape(-1, self._size)

    @cached_property
    def _difference(self) -> torch.Tensor:
        """By element, whether it is another than before. Memory that was given back is not compared."""
        after = self._bytes()
        if after.shape != self._before.shape:
            return torch.zeros(len(self._before), dtype=torch.bool)
        return (after != self._before).any(dim=1)

    def changed(self) -> bool:
        """Whether anything is different, in the tensor or beside it."""
        return bool(self._difference.any())

    def changed_beside(self) -> bool:
        """Whether anything is different outside of what the tensor addressed."""
        if not self.changed():
            return False
        beside = torch.ones(len(self._before), dtype=torch.bool)
        beside.as_strided(self._shape, self._strides, self._offset).fill_(False)
        return bool((self._difference & beside).any())
