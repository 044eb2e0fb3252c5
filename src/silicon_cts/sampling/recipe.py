"""What does one sample need to be made again, anywhere?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Self

Value = None | bool | int | float | str | tuple["Value", ...]
"""A non-tensor argument that a recipe can hold."""


class RecipeError(ValueError):
    """A recipe that this installation cannot follow; the message says why."""


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, order=True)
class Recipe:
    """The small, frozen, JSON-able description of one sample: one of op_db's, and how it is varied.

    Followed from top to bottom; the fields after ``seed`` leave the sample alone by default.
    """

    operator: str
    """Operator id in the catalog."""
    dtype: str
    """dtype asked of op_db, by name."""
    sample: int
    """Which of op_db's samples, counted from 0."""
    seed: int = 0
    """Seed of every random number drawn while the samples are made, and of the gradient's cotangents."""
    sizes: tuple[tuple[int, int], ...] = ()
    """(size in op_db's sample, size instead): what the shape symbols become; see :mod:`silicon_cts.sampling.shapes`."""
    axes: tuple[tuple[int, int, int], ...] = ()
    """(dimension counted from the last, its size in op_db's sample, size instead): what one dimension becomes, apart
    from others of its size."""
    apart: tuple[str | int, ...] = ()
    """What one tensor or number becomes apart from the others; see :mod:`silicon_cts.sampling.apart`."""
    leading: tuple[int, ...] = ()
    """Dimensions put before those of the tensors of highest rank."""
    arguments: tuple[tuple[str, Value], ...] = ()
    """Arguments given otherwise: (keyword or position, value)."""
    values: tuple[str, ...] = ()
    """Value profiles, one for each tensor or one for all; see :mod:`silicon_cts.sampling.values`."""
    dtypes: tuple[str, ...] = ()
    """dtype that each tensor is cast to, by name; empty for one that keeps its own."""
    layouts: tuple[str, ...] = ()
    """How each tensor lies in memory; see :mod:`silicon_cts.sampling.layout`."""
    form: str = ""
    """How the operator is called: see :mod:`silicon_cts.sampling.forms`; empty for the plain call."""
    destination: str = ""
    """How the tensors lie in memory that ``out=`` is given."""
    destination_dtype: str = ""
    """dtype of the tensors that ``out=`` is given, by name; empty for those of the answer."""
    cotangent: str = ""
    """How ``grad_output`` lies in memory."""
    wanted: tuple[int, ...] = ()
    """Which tensors, counted from 0, a gradient is asked of; all that can have one by default."""

    def to_json(self) -> dict[str, Any]:
        """As plain values, without what is left at its default; :meth:`from_json` gives the same recipe back."""
        data = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in data.items() if value not in ([], "")}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The recipe of :meth:`to_json`. Raises RecipeError for unknown or missing keys and for misshapen values."""
        known = {field.name: field for field in fields(cls)}
        needed = {name for name, field in known.items() if field.default is MISSING}
        unknown, missing = set(data) - set(known), needed - set(data)
        if unknown or missing:
            raise RecipeError(f"not a recipe: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}: {data}")
        recipe = cls(**{name: _frozen(value) for name, value in data.items()})
        if mistake := recipe._mistake():
            raise RecipeError(f"not a recipe: {mistake}: {data}")
        return recipe

    def _mistake(self) -> str | None:
        def pairs(found: Any, first: type) -> bool:
            return isinstance(found, tuple) and all(
                isinstance(pair, tuple) and len(pair) == 2 and type(pair[0]) is first for pair in found
            )

        def sizes(found: Any) -> bool:
            return isinstance(found, tuple) and all(type(size) is int and size >= 0 for size in found)

        def axes(found: Any) -> bool:
            return isinstance(found, tuple) and all(
                isinstance(axis, tuple) and len(axis) == 3 and sizes(axis[1:]) and type(axis[0]) is int and axis[0] < 0
                for axis in found
            )

        def change(found: Any) -> bool:
            return isinstance(found, tuple) and names(found[:1]) and all(type(one) is int for one in found[1:])

        def names(found: Any) -> bool:
            return isinstance(found, tuple) and all(isinstance(name, str) for name in found)

        checks = {
            "operator and dtype are names": names((self.operator, self.dtype)),
            "sample and seed are integers": type(self.sample) is int and type(self.seed) is int,
            "sizes are pairs of sizes": pairs(self.sizes, int) and all(map(sizes, self.sizes)),
            "axes are a dimension, a size and a size": axes(self.axes),
            "leading are sizes": sizes(self.leading),
            "arguments are pairs of a name and a value": pairs(self.arguments, str),
            "values, dtypes and layouts are names": all(map(names, (self.values, self.dtypes, self.layouts))),
            "form, destination, its dtype and cotangent are names": names(
                (self.form, self.destination, self.destination_dtype, self.cotangent)
            ),
            "wanted are indices": sizes(self.wanted),
            "apart is a name and numbers": change(self.apart),
        }
        return next((rule for rule, holds in checks.items() if not holds), None)

    def __str__(self) -> str:
        text = f"{self.operator} {self.dtype} sample {self.sample} seed {self.seed}"
        text += "".join(f" {old}->{new}" for old, new in self.sizes)
        text += "".join(f" [{dim}]{old}->{new}" for dim, old, new in self.axes)
        text += f" {':'.join(map(str, self.apart))}" if self.apart else ""
        text += f" leading {self.leading}" if self.leading else ""
        text += "".join(f" {name}={value!r}" for name, value in self.arguments)
        text += "".join(f" {'/'.join(names)}" for names in (self.values, self.dtypes, self.layouts) if names)
        text += f" {self.form}" if self.form else ""
        text += f" into {self.destination}" if self.destination else ""
        text += f" {self.destination_dtype}" if self.destination_dtype else ""
        text += f" grad_output {self.cotangent}" if self.cotangent else ""
        return text + (f" gradient of {self.wanted}" if self.wanted else "")
