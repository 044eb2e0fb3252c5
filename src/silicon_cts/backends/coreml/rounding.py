"""How far do the roundings of a float16 program move its own answers?

Monte Carlo arithmetic (D. S. Parker, 1997) on the converted program: computed in float32, with every float16 result
moved at random to one of the two float16 numbers around it. What float16 can represent stays, as it does under
rounding; results too large become infinite, as on a device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from silicon_cts import mil
from silicon_cts.mil.values import declared_type

DRAWS = 4


def spread(plan: mil.Plan, inputs: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """For each output of a plan in mode float32, by name, half the largest move of each element (float64).

    Half, because rounding to the nearest moves by half an ulp at most and rounding at random by a whole one. Inf where
    a draw is not finite. Integers and booleans move by 0 or 1: whether any draw gave another value, or the answers
    ``written``, which are those of the program with its roundings.
    """
    return moves(lambda rounding: mil.evaluate(plan, inputs, on_value=rounding), written)


def moves(
    run: Callable[[RandomRounding | None], dict[str, Any]], written: Mapping[str, Any], draws: int = DRAWS
) -> dict[str, Any]:
    """The same of all that ``run`` gives, by name, which evaluates plans in mode float32 with such a rounding."""
    still = run(None)
    largest = {name: np.zeros(np.shape(value)) for name, value in still.items()}
    for seed in range(draws):
        moved = run(RandomRounding(seed // 2, bool(seed % 2)))
        for name, value in moved.items():
            largest[name] = np.fmax(largest[name], _move(still[name], value))
    for name, move in largest.items():
        discrete = still[name].dtype.kind != "f"
        largest[name] = np.asarray(np.fmax(move, _move(still[name], written[name])) if discrete else move / 2)
    return largest


def _move(still: Any, moved: Any) -> Any:
    if still.dtype.kind != "f":
        return (still != moved).astype(np.float64)
    with np.errstate(all="ignore"):
        distance = np.abs(moved.astype(np.float64) - still.astype(np.float64))
    same = (still == moved) | (np.isnan(still) & np.isnan(moved))
    return np.where(same, 0.0, np.where(np.isfinite(distance), distance, np.inf))


class RandomRounding:
    """Called with every result: rounds those of type fp16 up or down at random, ``mirrored`` the other way round."""

    def __init__(self, seed: int, mirrored: bool) -> None:
        self._random = np.random.default_rng(seed)
        self._mirrored = mirrored

    def __call__(self, _operation: Any, var: Any, value: Any) -> Any:
        """The rounded result; None for one of another type."""
        if declared_type(var) != "fp16" or value.dtype != np.float32:
            return None
        up = self._random.integers(0, 2, value.shape).astype(bool) ^ self._mirrored
        with np.errstate(all="ignore"):
            nearest = value.astype(np.float16)
            wide = nearest.astype(np.float32)
            above = np.where(wide < value, np.nextafter(nearest, np.float16(np.inf)), nearest)
            below = np.where(wide > value, np.nextafter(nearest, np.float16(-np.inf)), nearest)
        return np.where(up, above, below).astype(np.float32)
