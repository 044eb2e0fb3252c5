"""What does a stateful model remember from one prediction to the next?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arithmetic import Mode, settle, stored
from .values import STORAGE, Array


class State:
    """The values of the states of a model, zeros at first; like `coremltools.models.model.MLState`."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], types: Mapping[str, str]) -> None:
        """A state for every name in `shapes`, of the MIL type that `types` names."""
        self._types = dict(types)
        self._values = {name: np.zeros(shape, STORAGE[types[name]]) for name, shape in shapes.items()}

    def read_state(self, name: str) -> Array:
        """A copy of the value of the state `name`; RuntimeError if there is none."""
        return self._values[self._known(name)].copy()

    def write_state(self, name: str, value: Any) -> None:
        """Set the state `name` to `value`, cast to its type; RuntimeError if there is none or the shape differs."""
        array = np.asarray(value)
        shape = self._values[self._known(name)].shape
        if array.shape != shape:
            raise RuntimeError(f"state {name!r} has shape {shape}, not {array.shape}")
        self._values[name] = array.astype(STORAGE[self._types[name]])

    def slot(self, name: str, mode: Mode) -> "Slot":
        """The state `name` as an operation sees it."""
        return Slot(self, self._known(name), mode)

    def _known(self, name: str) -> str:
        if name not in self._values:
            raise RuntimeError(f"no state {name!r}; the states are {', '.join(map(repr, self._values))}")
        return name


@dataclass(frozen=True)
class Slot:
    """One state of a `State`, read and written in carriers."""

    state: State
    name: str
    mode: Mode

    def read(self) -> Array:
        """A copy of the value."""
        return settle(self.state._values[self.name], self.state._types[self.name], self.mode).copy()

    def write(self, value: Array) -> None:
        """Set the value."""
        self.state._values[self.name] = stored(value, self.state._types[self.name], self.mode).copy()
