"""Which choice has its turn, so that a few draws come by all of them?

Of dozens of draws at random, many repeat what others are about, and some choices are never met. Multiples of the roots
of different primes, taken modulo 1, lie evenly in the unit cube however many are taken: R. D. Richtmyer, The Evaluation
of Definite Integrals, and a Quasi-Monte-Carlo Method Based on the Properties of Algebraic Numbers, LA-1342, 1951.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import strategies as st

Choice = TypeVar("Choice")

SAMPLE, LEADING, ARGUMENT = 2, 3, 5
"""What is chosen in turn: a dimension of the cube each, by its prime."""


@dataclass(frozen=True)
class Turn:
    """One point of the sequence; without a number, any."""

    number: int | None = None

    def choose(self, draw: st.DrawFn, what: int, choices: Sequence[Choice]) -> Choice:
        """Seven times in eight the choice whose turn it is; shrinks to the first."""
        if self.number is None:
            return draw(st.sampled_from(choices))
        at = (self.number * math.sqrt(what)) % 1.0
        chosen = choices[int(at * len(choices))]
        return draw(st.sampled_from([choices[0], *[chosen] * 7]))
