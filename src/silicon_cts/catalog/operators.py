"""Which operators are there, and what can each be asked?

The one place that touches PyTorch's private ``op_db`` (``torch.testing._internal.common_methods_invocations``). Relied
on, checked with torch 2.13.0: ``full_name``, ``op``, ``supported_dtypes``, ``supported_backward_dtypes``,
``supports_autograd``, ``supports_out``, ``inplace_variant``, ``sample_inputs_func``, ``error_inputs_func``, and that
random operators are wrapped in ``wrapper_set_seed``. Importing it takes about 4 s, so it happens on the first question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from silicon_cts.catalog import traits
from silicon_cts.catalog.dtypes import name_of
from silicon_cts.catalog.models.calls import CALLS, ModelCall


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
    """The ``OpInfo`` of an operator id, or what stands for one of a model. Raises KeyError for an unknown one."""
    if operator in CALLS:
        from silicon_cts.catalog.models.info import info

        return info(operator)
    return _infos()[operator]


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


def _of_model(call: ModelCall) -> Operator:
    return Operator(
        name=call.name,
        variant=call.length,
        dtypes=frozenset(call.dtypes),
        gradient_dtypes=frozenset(),
        out=False,
        inplace=False,
        errors=False,
        random=False,
        uninitialised=None,
        data_dependent=None,
        unchecked=None,
    )


@cache
def model_calls() -> Mapping[str, Operator]:
    """Models and their training by id, as what is asked as an operator is; none of them is in ``op_db``."""
    return MappingProxyType({name: _of_model(call) for name, call in CALLS.items()})


def find(operator: str) -> Operator:
    """An operator, or a model or its training, by id. Raises KeyError for an unknown one."""
    return model_calls()[operator] if operator in CALLS else operators()[operator]
