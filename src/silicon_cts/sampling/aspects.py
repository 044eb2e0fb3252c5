"""Which aspects are there, of which operators can they be asked, and which recipes show them?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from silicon_cts.catalog.operators import Operator
from silicon_cts.sampling.forms import INPLACE, OUT, WRONG
from silicon_cts.sampling.layout import LAYOUTS

PLAIN = ("as_is", "small", "large", "mixed", "ties")
"""Value profiles without special values."""
SPECIAL = ("special", "limits", "large", "ties")
_MEMORY = tuple(LAYOUTS)
_WRITABLE = tuple(name for name in LAYOUTS if name != "expanded")
"""An expanded destination has several elements in one place: no answer fits into it."""


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
    destinations: tuple[str, ...] = ()
    """Layouts drawn for ``out=``."""
    cotangents: tuple[str, ...] = ()
    """Layouts drawn for ``grad_output``; with them, subsets of the inputs whose gradient is asked."""
    asks: Callable[[Operator], bool] = lambda operator: not operator.random
    """Of which operators."""


ASPECTS: dict[str, Aspect] = {
    "forward": Aspect(op_db=True, profiles=PLAIN, asks=lambda operator: True),
    "gradient": Aspect(
        op_db=True, layouts=_MEMORY, cotangents=_MEMORY, asks=lambda operator: bool(operator.gradient_dtypes)
    ),
    "layout": Aspect(layouts=_MEMORY),
    "inplace": Aspect(form=INPLACE, layouts=_MEMORY, asks=lambda operator: operator.inplace and not operator.random),
    "out": Aspect(
        form=OUT, layouts=_MEMORY, destinations=_WRITABLE, asks=lambda operator: operator.out and not operator.random
    ),
    "special_values": Aspect(profiles=SPECIAL),
    "rejects": Aspect(form=WRONG, op_db=True, asks=lambda operator: operator.errors),
    "repeat": Aspect(layouts=("contiguous", "transposed")),
}
"""By name, in the order in which people read them. An aspect is a row here, how it is observed in
:mod:`silicon_cts.sampling.observation`, and a thin test in ``suites/operators``."""
