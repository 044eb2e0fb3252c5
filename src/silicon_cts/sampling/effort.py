"""How much is asked at which budget?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """One budget, by name in :data:`BUDGETS`."""

    samples: int | None
    """Most samples of op_db asked of an operator in a dtype, spread evenly over them; None asks all."""
    gradient_dtypes: tuple[str, ...]
    """Dtypes in which gradients are asked."""


BUDGETS: dict[str, Effort] = {
    "quick": Effort(8, ("float32", "float16")),
    "standard": Effort(64, ("float32", "float16", "bfloat16", "complex64")),
    "deep": Effort(None, ("float32", "float16", "bfloat16", "complex64")),
}
"""``quick`` for every push, ``standard`` for a release, ``deep`` for the night."""


def spread(count: int, most: int | None) -> list[int]:
    """At most ``most`` indices out of ``range(count)``, evenly spread, the first and the last among them."""
    if most is None or count <= most:
        return list(range(count))
    if most == 1:
        return [0]
    return sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})
