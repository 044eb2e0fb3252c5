"""What is one check, and which are there?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from silicon_cts.backends.protocol import Capability
from silicon_cts.catalog.operators import Operator, operators
from silicon_cts.plugin.options import Options
from silicon_cts.sampling.effort import BUDGETS


@dataclass(frozen=True)
class Case:
    """One aspect of one operator in one dtype on one backend."""

    operator: str
    aspect: str
    dtype: str
    backend: str

    @property
    def id(self) -> str:
        """As it reads in a test id."""
        return f"{self.operator}-{self.dtype}-{self.backend}"


def cases(options: Options, capabilities: Mapping[str, Capability], aspect: str) -> Iterator[Case]:
    """The cases of an aspect: operator by operator, so that what one needs is still at hand for the next."""
    backends = [name for name, capability in capabilities.items() if aspect in capability.aspects]
    if not backends or (options.aspects is not None and aspect not in options.aspects):
        return
    for operator in operators().values():
        if not operator.unchecked and options.wants_operator(operator.name, operator.id):
            for backend in backends:
                for dtype in dtypes(options, capabilities[backend], operator, aspect):
                    yield Case(operator.id, aspect, dtype, backend)


def dtypes(options: Options, capability: Capability, operator: Operator, aspect: str) -> list[str]:
    """The dtypes in which an operator is asked, in the order of the options or of the backend."""
    from silicon_cts.sampling.aspects import ASPECTS

    possible = set(operator.dtypes) & set(capability.dtypes)
    if not ASPECTS[aspect].asks(operator):
        return []
    if aspect == "rejects":  # op_db's wrong calls have dtypes of their own
        possible = set([dtype for dtype in capability.dtypes if dtype in possible][:1])
    elif aspect not in ("forward", "gradient") and options.dtypes is None:
        possible &= set(BUDGETS[options.budget].generated_dtypes)
    if aspect == "gradient":
        possible &= operator.gradient_dtypes
        if options.dtypes is None:
            possible &= set(BUDGETS[options.budget].gradient_dtypes)
    return [dtype for dtype in options.dtypes or capability.dtypes if dtype in possible]
