"""How many of the draws does the CPU take, and for which operators is no new shape found?

``python -m silicon_cts.sampling.survey [DTYPE [DRAWS]]`` asks every operator and prints the table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hypothesis import HealthCheck, Phase, given, settings

from silicon_cts.catalog.operators import operators
from silicon_cts.sampling.aspects import Aspect
from silicon_cts.sampling.families import FAMILIES
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import samples
from silicon_cts.sampling.strategies import drafts
from silicon_cts.sampling.validity import freedom, refusal

SHAPES = Aspect()
"""Neither values nor layouts are varied."""


@dataclass(frozen=True)
class Row:
    """What became of the draws of one operator."""

    operator: str
    drawn: int
    taken: int
    new_shapes: int
    """Distinct valid recipes with other sizes than op_db's."""
    refused: str | None
    """Why the CPU refused, for the most frequent reason."""

    @property
    def family(self) -> str:
        """The first family that varies the operator, else ``others``."""
        matching = (row.name for row in FAMILIES if any(fnmatchcase(self.operator, glob) for glob in row.operators))
        return next(matching, "others")


def ask(operator: str, dtype: str, draws: int, aspect: Aspect = SHAPES) -> Row:
    """Draw for one operator, derandomised."""
    seen: list[Recipe] = []

    @settings(
        max_examples=draws, derandomize=True, database=None, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(drafts(operator, dtype, aspect, seeds=(0,)))
    def collect(recipe: Recipe) -> None:
        seen.append(recipe)

    collect()
    reasons = [refusal(recipe) for recipe in seen]
    taken = [recipe for recipe, reason in zip(seen, reasons, strict=True) if reason is None]
    refusals = [reason for reason in reasons if reason]
    new = {(recipe.sample, recipe.sizes, recipe.leading) for recipe in taken if recipe.sizes or recipe.leading}
    most = max(refusals, key=refusals.count) if refusals else None
    if not new:
        most = _no_new_shape(operator, dtype) or most
    return Row(operator, len(seen), len(taken), len(new), most)


def _no_new_shape(operator: str, dtype: str) -> str | None:
    """What the CPU says of the symbols of any sample, or that there are none."""
    found = [freedom(operator, dtype, index, 0) for index in range(min(len(samples(operator, dtype, 0)), 16))]
    reasons = [reason for free in found for reason in free.refusals]
    return max(reasons, key=reasons.count) if reasons else "no dimension > 1 in any sample, and no integer to change"


def survey(dtype: str, draws: int, names: Iterable[str] | None = None) -> list[Row]:
    """A row for each operator that has samples in the dtype."""
    asked = [
        operator.id
        for operator in operators().values()
        if operator.unchecked is None and dtype in operator.dtypes and (names is None or operator.id in names)
    ]
    return [ask(name, dtype, draws) for name in asked]


def table(rows: list[Row]) -> str:
    """Valid-draw rate by family, and the operators without a new shape with the reason."""
    lines = [f"{len(rows)} operators, {sum(row.drawn for row in rows)} draws"]
    for family in dict.fromkeys(["all", *sorted({row.family for row in rows})]):
        chosen = [row for row in rows if family in ("all", row.family)]
        drawn, taken = sum(row.drawn for row in chosen), sum(row.taken for row in chosen)
        lines.append(f"{family:32} {len(chosen):4} operators  {100 * taken / max(drawn, 1):5.1f} % valid")
    without = [row for row in rows if not row.new_shapes]
    lines.append(f"no new shape for {len(without)}:")
    lines += [f"  {row.operator:48} {row.refused}" for row in without]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(survey(sys.argv[1] if len(sys.argv) > 1 else "float32", int(sys.argv[2]) if len(sys.argv) > 2 else 25)))
