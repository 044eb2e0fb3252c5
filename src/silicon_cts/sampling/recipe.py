"""What does one sample need to be made again, anywhere?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


class RecipeError(ValueError):
    """A recipe that this installation cannot follow; the message says why."""


@dataclass(frozen=True, order=True)
class Recipe:
    """The small, frozen, JSON-able description of one sample."""

    operator: str
    """Operator id in the catalog."""
    dtype: str
    """dtype asked of op_db, by name."""
    sample: int
    """Which of op_db's samples, counted from 0."""
    seed: int = 0
    """Seed of every random number drawn while the samples are made, and of the gradient's cotangents."""

    def to_json(self) -> dict[str, Any]:
        """As plain values; :meth:`from_json` gives the same recipe back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The recipe of :meth:`to_json`. Raises RecipeError for unknown or missing keys."""
        known = {field.name for field in fields(cls)}
        unknown, missing = set(data) - known, {"operator", "dtype", "sample"} - set(data)
        if unknown or missing:
            raise RecipeError(f"not a recipe: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}: {data}")
        return cls(**data)

    def __str__(self) -> str:
        return f"{self.operator} {self.dtype} sample {self.sample} seed {self.seed}"
