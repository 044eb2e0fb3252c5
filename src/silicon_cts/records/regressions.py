"""Which recipes failed once, so that they are asked first from then on?

``suites/operators/regressions/`` holds one JSON file a recipe, of the form of :data:`SCHEMA`. Each is asked of every
backend, whatever backend failed with it, and whatever the budget and the seed of the run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema

from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.records.names import stem
from silicon_cts.records.record import Record
from silicon_cts.sampling.recipe import Recipe, RecipeError

_TEXT = {"type": "string", "minLength": 1}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "silicon-cts regression",
    "description": "One recipe that failed, asked first from then on.",
    "type": "object",
    "additionalProperties": False,
    "required": ["aspect", "recipe", "reason", "torch"],
    "properties": {
        "aspect": {**_TEXT, "description": "what was asked of the operator: layout"},
        "recipe": {
            "type": "object",
            "required": ["operator", "dtype", "sample"],
            "description": "the simplest recipe that was found to fail",
        },
        "reason": {**_TEXT, "description": "what was wrong, in the words of the record"},
        "torch": {**_TEXT, "description": "version of torch with which it failed"},
        "backend": {**_TEXT, "description": "where it failed; it is asked everywhere"},
        "verdict": {**_TEXT, "description": "what it was there"},
    },
}
"""JSON Schema of a file."""
_AGAIN = "mend the file, or remove it"


class RegressionError(ValueError):
    """A file that cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class Regression:
    """One recipe that failed once."""

    path: Path
    aspect: str
    recipe: Recipe
    reason: str
    torch: str
    """Version with which it failed."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Operator, aspect and dtype: the checks that ask it."""
        return self.recipe.operator, self.aspect, self.recipe.dtype

    def asked(self) -> Recipe:
        """The recipe. Raises RegressionError where this torch makes no such sample any more."""
        from silicon_cts.sampling.sample import make

        try:
            make(self.recipe)
        except RecipeError as error:
            raise RegressionError(f"{self.path}: found with torch {self.torch}: {error}; {_AGAIN}") from None
        return self.recipe


@dataclass(frozen=True)
class Regressions:
    """All regressions of a project."""

    all: tuple[Regression, ...] = ()

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, str, str], list[Regression]]:
        found: dict[tuple[str, str, str], list[Regression]] = {}
        for one in self.all:
            found.setdefault(one.key, []).append(one)
        return found

    def find(self, operator: str, aspect: str, dtype: str) -> list[Recipe]:
        """What a check asks before all else. Raises RegressionError as :meth:`Regression.asked`."""
        return [one.asked() for one in self._by_key.get((operator, aspect, dtype), [])]

    def dtypes(self, operator: str, aspect: str) -> frozenset[str]:
        """In which dtypes an aspect of an operator has any."""
        return frozenset(key[2] for key in self._by_key if key[:2] == (operator, aspect))


def load(folder: Path) -> Regressions:
    """The regressions of a folder; none if it is not there. Raises RegressionError naming the file of a mistake.

    Looks operators up in op_db, which takes seconds, where there is any file.
    """
    found = tuple(_read(path) for path in sorted(folder.glob("*.json")))
    _look_up(found)
    return Regressions(found)


def _read(path: Path) -> Regression:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RegressionError(f"{path}: not JSON: {error}; {_AGAIN}") from None
    for problem in jsonschema.Draft202012Validator(SCHEMA).iter_errors(data):
        where = "".join(f"{name}: " for name in problem.absolute_path)
        raise RegressionError(f"{path}: {where}{problem.message}; {_AGAIN}")
    try:
        recipe = Recipe.from_json(data["recipe"])
    except RecipeError as error:
        raise RegressionError(f"{path}: {error}; {_AGAIN}") from None
    if recipe.dtype not in DTYPES:
        raise RegressionError(f"{path}: no dtype {recipe.dtype!r}; there are {', '.join(DTYPES)}; {_AGAIN}")
    return Regression(path, data["aspect"], recipe, data["reason"], data["torch"])


def _look_up(found: Iterable[Regression]) -> None:
    for one in found:
        from silicon_cts.catalog.operators import everything
        from silicon_cts.sampling.aspects import ASPECTS

        if one.recipe.operator not in everything():
            import torch

            raise RegressionError(
                f"{one.path}: found with torch {one.torch}; torch {torch.__version__} has no operator "
                f"{one.recipe.operator!r} in op_db; {_AGAIN}"
            )
        if one.aspect not in ASPECTS:
            raise RegressionError(f"{one.path}: no aspect {one.aspect!r}; there are {', '.join(ASPECTS)}; {_AGAIN}")


def write(folder: Path, record: Record, torch: str) -> Path | None:
    """Keep the recipe of a record; the file's path, or None where it is kept already. Raises OSError."""
    assert record.recipe is not None
    recipe = json.dumps(record.recipe, sort_keys=True)
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    path = folder / f"{stem(record.operator_id, record.dtype, record.aspect, digest)}.json"
    if path.exists():
        return None
    data = {
        "aspect": record.aspect,
        "recipe": dict(record.recipe),
        "reason": record.reason or record.verdict,
        "torch": torch,
        "backend": record.backend,
        "verdict": record.verdict,
    }
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return partial.replace(path)
