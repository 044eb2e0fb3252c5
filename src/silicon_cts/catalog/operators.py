"""Which operators are there, and what can each be asked?

The one place that touches PyTorch's private ``op_db`` (``torch.testing._internal.common_methods_invocations``). Relied
on, checked with torch 2.13.0: ``full_name``, ``op``, ``supported_dtypes``, ``supported_backward_dtypes``,
``supports_autograd``, ``supports_out``, ``inplace_variant``, ``sample_inputs_func``, ``error_inputs_func``, and that
random operators are wrapped in ``wrapper_set_seed``. Importing it takes about 4 s, so it happens on the first question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from silicon_cts.catalog import traits
from silicon_cts.catalog.dtypes import name_of
from silicon_cts.catalog.models.calls import CALLS, task_of


@dataclass(frozen=True)
class Operator:
    """One entry of ``op_db``: a name and a variant, and what is known of it without running it."""

    name: str
    """As in ``op_db``: ``nn.functional.conv2d``."""
    variant: str
    """``op_db``'s variant_test_name, mostly empty."""
    dtypes: frozenset[str]
    """Dtypes with a CPU kernel: where an oracle can be asked."""
    gradient_dtypes: frozenset[str]
    """Dtypes whose backward has a CPU kernel; empty without autograd."""
    out: bool
    """Takes ``out=``."""
    inplace: bool
    """Has an in-place variant."""
    errors: bool
    """op_db lists calls of it that must be refused."""
    random: bool
    """Draws random numbers: backends draw other streams, so values cannot be compared."""
    uninitialised: str | None
    """Why its values are undefined, or None."""
    data_dependent: str | None
    """Why its output's shape is known only after running, or None."""
    unchecked: str | None
    """Why nothing can be asked of it at all, or None. Never dropped: the report shows it."""

    @property
    def id(self) -> str:
        """Unique among the entries: ``name`` or ``name.variant``."""
        return f"{self.name}.{self.variant}" if self.variant else self.name


@cache
def _infos() -> Mapping[str, Any]:
    from torch.testing._internal.common_methods_invocations import op_db

    return MappingProxyType({info.full_name: info for info in op_db})


def op_info(operator: str) -> Any:
    """The ``OpInfo`` of an operator id, or what stands for one of a model or module. Raises KeyError if unknown."""
    task = task_of(operator)
    if task is None:
        return _infos()[operator]
    from silicon_cts.catalog.models import info as of_models
    from silicon_cts.catalog.modules import info as of_modules

    return of_modules.info(operator) if task == "modules" else of_models.info(operator)


@cache
def is_elementwise(operator: str) -> bool:
    """Whether each element of the answer is a function of one of each tensor, as op_db's classes say."""
    from torch.testing._internal.opinfo.core import BinaryUfuncInfo, UnaryUfuncInfo

    return task_of(operator) is None and isinstance(op_info(operator), BinaryUfuncInfo | UnaryUfuncInfo)


def _seeds_itself(info: Any) -> bool:
    code = getattr(info.op, "__code__", None)
    return code is not None and "wrapper_set_seed" in code.co_names


def _describe(info: Any) -> Operator:
    dtypes = frozenset(name_of(dtype) for dtype in info.supported_dtypes("cpu"))
    backward = info.supported_backward_dtypes("cpu") if info.supports_autograd else ()
    unchecked = traits.look_up(traits.UNCHECKED, info.full_name)
    if unchecked is None and not dtypes:
        unchecked = "op_db lists no dtype for it on the CPU, so there is no oracle"
    return Operator(
        name=info.name,
        variant=info.variant_test_name,
        dtypes=dtypes,
        gradient_dtypes=frozenset(name_of(dtype) for dtype in backward),
        out=bool(info.supports_out),
        inplace=info.inplace_variant is not None,
        errors=info.error_inputs_func is not None,
        random=_seeds_itself(info),
        uninitialised=traits.look_up(traits.UNINITIALISED, info.full_name),
        data_dependent=traits.look_up(traits.DATA_DEPENDENT, info.full_name),
        unchecked=unchecked,
    )


@cache
def operators() -> Mapping[str, Operator]:
    """Every entry of ``op_db`` by id, in its order: 702 with torch 2.13.0."""
    return MappingProxyType({name: _describe(info) for name, info in _infos().items()})


def _no_operator(name: str, variant: str, dtypes: Iterable[str], unchecked: str | None = None) -> Operator:
    return Operator(
        name=name,
        variant=variant,
        dtypes=frozenset(dtypes),
        gradient_dtypes=frozenset(),
        out=False,
        inplace=False,
        errors=False,
        random=False,
        uninitialised=None,
        data_dependent=None,
        unchecked=unchecked,
    )


@cache
def model_calls() -> Mapping[str, Operator]:
    """Models and their training by id, as what is asked as an operator is; none of them is in ``op_db``."""
    return MappingProxyType(
        {name: _no_operator(one.name, one.way, one.dtypes, one.unchecked) for name, one in CALLS.items()}
    )


@cache
def module_calls() -> Mapping[str, Operator]:
    """The modules of ``module_db`` in both modes by id, in the same manner: 228 with torch 2.13.0."""
    from silicon_cts.catalog.modules.table import modules

    return MappingProxyType({name: _no_operator(one.name, one.mode, one.dtypes) for name, one in modules().items()})


def everything() -> Mapping[str, Operator]:
    """All that can be asked, by id: operators, models and their training, modules."""
    return MappingProxyType({**operators(), **model_calls(), **module_calls()})


def find(operator: str) -> Operator:
    """An operator, a model or its training, or a module, by id. Raises KeyError for an unknown one."""
    kinds = {None: operators, "modules": module_calls}
    return kinds.get(task_of(operator), model_calls)()[operator]
