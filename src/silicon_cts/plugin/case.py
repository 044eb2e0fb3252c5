"""What is one check, and which are there?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from silicon_cts.backends.protocol import Capability
from silicon_cts.catalog.models.calls import CALLS, task_of
from silicon_cts.catalog.modules import QUICK_DTYPES
from silicon_cts.catalog.operators import Operator
from silicon_cts.plugin.options import Options
from silicon_cts.records.regressions import Regressions


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


def cases(
    options: Options,
    capabilities: Mapping[str, Capability],
    aspect: str,
    regressions: Regressions,
    catalog: Iterable[Operator],
) -> Iterator[Case]:
    """The cases of an aspect: operator by operator, so that what one needs is still at hand for the next."""
    backends = [name for name, capability in capabilities.items() if aspect in capability.aspects]
    if not backends or (options.aspects is not None and aspect not in options.aspects):
        return
    for operator in catalog:
        if not operator.unchecked and options.wants_operator(operator.name, operator.id):
            for backend in backends:
                if is_asked(options, capabilities[backend], backend, operator):
                    for dtype in dtypes(options, capabilities[backend], operator, aspect, regressions):
                        yield Case(operator.id, aspect, dtype, backend)


def is_asked(options: Options, capability: Capability, backend: str, operator: Operator) -> bool:
    """Whether a backend is asked for a model or its training, which ``--op`` asks for at any budget; operators always.

    Modules go forward and backward, which no program does; training in float16 throughout is asked of programs alone.
    """
    if task_of(operator.id) == "modules":
        return not capability.ahead_of_time
    call = CALLS.get(operator.id)
    if call is None:
        return True
    if options.operators is None and not call.is_at(options.budget):
        return False
    if call.is_capturable:
        return capability.capturable
    if call.task == "inference" or not capability.ahead_of_time:
        return not call.is_half
    from silicon_cts.training.runners.table import row

    return call.is_program and row(backend) is not None


def dtypes(
    options: Options, capability: Capability, operator: Operator, aspect: str, regressions: Regressions
) -> list[str]:
    """The dtypes in which an operator is asked, in the order of the options or of the backend.

    A dtype in which there is a regression is asked whatever the budget. A training step in float16 is a program of
    its own precision, whatever dtypes the backend takes.
    """
    from silicon_cts.sampling import plan

    call = CALLS.get(operator.id)
    if call is not None and call.is_half:
        return [dtype for dtype in options.dtypes or call.dtypes if dtype in call.dtypes]
    asked = set(plan.dtypes(operator, aspect, options.budget, capability.dtypes, options.dtypes))
    if task_of(operator.id) == "modules" and options.budget == "quick" and not options.dtypes:
        asked &= QUICK_DTYPES
    asked |= regressions.dtypes(operator.id, aspect) & operator.dtypes & set(options.dtypes or capability.dtypes)
    return [dtype for dtype in options.dtypes or capability.dtypes if dtype in asked and dtype in capability.dtypes]
