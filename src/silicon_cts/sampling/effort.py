"""How much is asked at which budget?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BOUNDARIES = (1, 2, 3, 0, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65)
"""Sizes at which kernels change what they do: empty, single, odd, next to a vector, a SIMD group, a tile."""
LARGE = (127, 128, 129, 255, 256, 257, 1023, 1024, 1025)
"""Next to a thread group."""
HUGE = (32767, 32768, 32769, 65535, 65536, 65537)
"""Next to the limits of 16-bit indices."""


BRIEF = 6
"""Samples of op_db in a dtype that is asked briefly."""


@dataclass(frozen=True)
class Effort:
    """One budget, by name in :data:`BUDGETS`."""

    dtypes: tuple[str, ...]
    """Dtypes that are asked without being named."""
    samples: int | None
    """Most samples of op_db asked of an operator in a dtype, spread evenly over them; None asks all."""
    gradient_dtypes: tuple[str, ...]
    """Dtypes in which gradients are asked."""
    generated: Mapping[str, int]
    """How many recipes are drawn for each aspect of an operator, asked in its first dtype."""
    in_others: float
    """Share of them that each other dtype is asked: strides and sizes go wrong in any, or in none."""
    generated_dtypes: tuple[str, ...]
    """Dtypes in which the aspects are asked that consist of generated recipes alone."""
    sizes: tuple[int, ...] = BOUNDARIES + LARGE
    """What a shape symbol may become, the plainest first."""
    elements: int = 2**16
    """Most elements of a generated tensor."""
    own_elements: int = 2**16
    """Most elements of a tensor of op_db's samples, of an operator that has smaller ones."""
    briefly: tuple[str, ...] = ()
    """Dtypes of which is asked only whether operators have them: :data:`BRIEF` samples of op_db, none generated."""


def within(sizes: Sequence[int], most: int) -> list[int]:
    """Indices of the samples, of these sizes, that are no larger; all where none is."""
    return [index for index, size in enumerate(sizes) if size <= most] or list(range(len(sizes)))


_QUICK = {
    "forward": 3, "gradient": 2, "layout": 3,
    "inplace": 2, "out": 2, "special_values": 2, "rejects": 2, "repeat": 1, "random": 1,
}  # fmt: skip
"""Chosen by what they catch of the faults of :mod:`silicon_cts.backends.simulated` for the seconds that they take; the
figures stand in reports/README.md. All aspects share the sizes that are drawn, which take most of the time."""
_EVERY = tuple(_QUICK)
_MANY = ("float32", "float16", "bfloat16", "complex64")
_ALL = (*_MANY, "int64", "bool")
_NARROW = ("int32", "int16", "int8", "uint8")
"""Integers that wrap around sooner: which operators have them is asked for a release, the rest in the night."""

BUDGETS: dict[str, Effort] = {
    "quick": Effort(_ALL, 8, ("float32", "float16"), _QUICK, 0.0, ("float32",), elements=2**12),
    "standard": Effort(
        _ALL,
        64,
        _MANY,
        {**dict.fromkeys(_EVERY, 48), "forward": 64, "layout": 64, "repeat": 24, "random": 8},
        1 / 3,
        _ALL,
        briefly=_NARROW,
    ),
    "deep": Effort(
        (*_ALL, *_NARROW),
        None,
        _MANY,
        {**dict.fromkeys(_EVERY, 200), "repeat": 100, "random": 24},
        0.5,
        (*_ALL, *_NARROW),
        sizes=BOUNDARIES + LARGE + HUGE,
        elements=2**20,
        own_elements=2**24,
    ),
}
"""``quick`` for every push, ``standard`` for a release, ``deep`` for the night."""


def spread(count: int, most: int | None) -> list[int]:
    """At most ``most`` indices out of ``range(count)``, evenly spread, the first and the last among them."""
    if most is None or count <= most:
        return list(range(count))
    if most == 1:
        return [0]
    return sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})
