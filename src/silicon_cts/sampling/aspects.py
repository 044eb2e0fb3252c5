"""Which aspects are there, of which operators can they be asked, and which recipes show them?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from silicon_cts.catalog.operators import Operator
from silicon_cts.catalog.traits import look_up
from silicon_cts.sampling.forms import INPLACE, OUT, RESIZED, WRONG
from silicon_cts.sampling.layout import LAYOUTS, SHARED

PLAIN = ("as_is", "small", "large", "mixed", "ties")
"""Value profiles without special values."""
SPECIAL = ("special", "limits", "large", "ties", "zero_one")
_MEMORY = tuple(LAYOUTS)
_WRITABLE = (*(name for name in LAYOUTS if name not in SHARED), *RESIZED)


@dataclass(frozen=True)
class Aspect:
    """One thing that is asked of an operator."""

    form: str = ""
    """Form of the call: see :mod:`silicon_cts.sampling.forms`."""
    op_db: bool = False
    """Whether op_db's own samples are asked, besides generated ones."""
    profiles: tuple[str, ...] = ()
    """Value profiles drawn; none leaves the values as op_db made them."""
    layouts: tuple[str, ...] = ()
    """Layouts drawn for the inputs; none leaves them as op_db made them."""
    strided: bool = False
    """Whether a recipe without layouts shows nothing."""
    destinations: tuple[str, ...] = ()
    """Layouts drawn for ``out=``."""
    cotangents: tuple[str, ...] = ()
    """Layouts drawn for ``grad_output``; with them, subsets of the inputs whose gradient is asked."""
    mixes: bool = False
    """Whether tensors of different dtypes meet."""
    mistakes: bool = False
    """Whether calls are made wrong."""
    resized: bool = False
    """Whether one of op_db's samples is asked at several sizes, and nothing else."""
    draws: bool = False
    """Whether calls that take random numbers are asked; else those alone that take none."""
    asks: Callable[[Operator], bool] = lambda operator: True
    """Of which operators."""


SOMETIMES_RANDOM: dict[str, str] = {
    **dict.fromkeys(("item", "empty_strided"), "op_db seeds it, but it draws nothing"),
    "nn.functional.scaled_dot_product_attention": "draws with dropout_p above 0 alone",
    "nn.functional.multi_head_attention_forward": "draws with dropout_p above 0, in training",
    **dict.fromkeys(("nn.functional.rrelu", "nn.functional.*dropout*"), "draws in training alone"),
}
"""Operators of which some calls take random numbers: by glob, when. The others are compared as any operator."""


def _is_certain(operator: Operator) -> bool:
    return not operator.random or look_up(SOMETIMES_RANDOM, operator.id) is not None


ASPECTS: dict[str, Aspect] = {
    "forward": Aspect(op_db=True, profiles=PLAIN, mixes=True),
    "gradient": Aspect(
        op_db=True, layouts=_MEMORY, cotangents=_MEMORY, asks=lambda operator: bool(operator.gradient_dtypes)
    ),
    "layout": Aspect(layouts=_MEMORY, strided=True, asks=_is_certain),
    "inplace": Aspect(form=INPLACE, layouts=_MEMORY, asks=lambda operator: operator.inplace and _is_certain(operator)),
    "out": Aspect(
        form=OUT, layouts=_MEMORY, destinations=_WRITABLE, asks=lambda operator: operator.out and _is_certain(operator)
    ),
    "special_values": Aspect(profiles=SPECIAL, asks=_is_certain),
    "rejects": Aspect(form=WRONG, op_db=True, mistakes=True),
    "repeat": Aspect(layouts=("contiguous", "transposed"), asks=_is_certain),
    "random": Aspect(
        profiles=("as_is", "as_is", "zero_one"), layouts=_MEMORY, draws=True, asks=lambda operator: operator.random
    ),
    "flexible": Aspect(resized=True, asks=_is_certain),
}
"""By name, in the order in which people read them. An aspect is a row here, how it is observed in
:mod:`silicon_cts.sampling.observation`, and a thin test in ``suites/operators``."""
