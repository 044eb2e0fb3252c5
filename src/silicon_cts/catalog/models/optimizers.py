"""With which optimizers and options is a model trained?

From PyTorch's private ``optim_db`` (``torch.testing._internal.common_optimizers``). Relied on, checked with torch
2.13.0: ``optim_cls``, ``optim_inputs_func``, ``supported_impls``, ``supports_fused_on``; and from ``torch.optim``
``_get_capturable_supported_devices``, which names neither the CPU nor MPS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any

import torch
from torch.optim.optimizer import _get_capturable_supported_devices

from silicon_cts.catalog.models.calls import ModelCall

_OPTIONS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "sgd": {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
        "adam": {"lr": 0.01},
        "adamw": {"lr": 0.01},
        "muon": {"lr": 0.01},
        "rprop": {"lr": 0.001},
    }
)
"""With which a model learns its task, where PyTorch's defaults are not for models as small as these."""
_IN_FLOAT16: Mapping[str, Mapping[str, Any]] = MappingProxyType({"adam": {"eps": 1e-2}, "adamw": {"eps": 1e-2}})
"""Options of training in float16 throughout. A second moment below 2**-25 is zero there, that of gradients below 0.005;
next to a smaller eps, the rounding of one that is on the edge decides whether its parameter moves by lr or by 55 lr."""
_SAME_IN_EVERY_DTYPE: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"adafactor": {"eps": (torch.finfo(torch.float32).eps, 1e-3)}}
)
"""Options whose default is another in float64, so that the oracle would take another step."""
_RANKS: Mapping[str, int] = MappingProxyType({"muon": 2})
"""Parameters of this rank alone are trained: Muon orthogonalises matrices."""
_CONTIGUOUS = frozenset({"lbfgs"})
"""Optimizers that PyTorch itself lets fail where a parameter is not contiguous: it takes ``view(-1)`` of gradients."""
_WAYS = ("foreach", "fused")
"""Implementations of one and the same step: ``optim_db`` says which an optimizer has."""


@dataclass(frozen=True)
class Configuration:
    """One optimizer with its options."""

    optimizer: str
    options: tuple[tuple[str, Any], ...]
    description: str
    """In ``optim_db``'s words."""
    transposed: bool = False
    """Whether matrices lie transposed in memory, as tied weights do: no update may mind."""

    def make(self, parameters: Sequence[torch.Tensor]) -> torch.optim.Optimizer:
        """The optimizer of those parameters that it can train; fused or capturable where their device has that."""
        rank = _RANKS.get(self.optimizer)
        trained = [one for one in parameters if rank is None or one.ndim == rank]
        options = {**_SAME_IN_EVERY_DTYPE.get(self.optimizer, {}), **dict(self.options)}
        device = parameters[0].device.type
        if options.get("fused") and device not in _info(self.optimizer).supports_fused_on:
            options["fused"] = False
        if options.get("capturable") and device not in _get_capturable_supported_devices():
            options = {name: _plain(value) for name, value in options.items()} | {"capturable": False}
        made: torch.optim.Optimizer = _info(self.optimizer).optim_cls(trained, **options)
        return made


def configurations(call: ModelCall) -> list[Configuration]:
    """The usual one first; of training in float32 all that ``optim_db`` lists, in each implementation.

    With a gradient scaler the fused implementation too, which is told of it.
    """
    optimizer = call.optimizer
    usual = Configuration(optimizer, _sorted(_OPTIONS.get(optimizer, {})), "usual")
    if call.is_capturable:
        usual = replace(usual, options=_sorted({**dict(usual.options), "capturable": True}), description="capturable")
        return [usual, *_listed(optimizer, capturable=True)]
    if call.run.scales:
        return [usual, Configuration(optimizer, _sorted({**dict(usual.options), "fused": True}), "fused")]
    if call.is_half:
        return [replace(usual, options=_sorted({**dict(usual.options), **_IN_FLOAT16.get(optimizer, {})}))]
    if call.run.compiled or call.run.autocast:
        return [usual]
    laid = [] if optimizer in _CONTIGUOUS else [replace(usual, description="transposed", transposed=True)]
    return [usual, *_listed(optimizer, capturable=False), *laid]


def _listed(optimizer: str, capturable: bool) -> Iterator[Configuration]:
    """What ``optim_db`` lists, each by itself and in each implementation."""
    for listed in _info(optimizer).optim_inputs_func("cuda"):  # asks no device; of the CPU it lists less
        if bool(listed.kwargs.get("capturable")) == capturable:
            for way in ("", *(way for way in _WAYS if way in _info(optimizer).supported_impls)):
                options = {**listed.kwargs, **({way: True} if way else {})}
                yield Configuration(optimizer, _sorted(options), f"{listed.desc} {way}".strip())


def _plain(value: Any) -> Any:
    """Numbers for tensors of one element, which only a capturable optimizer takes in lists."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.item() if isinstance(value, torch.Tensor) else value


def _sorted(options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(options.items()))


@cache
def _infos() -> Mapping[str, Any]:
    from torch.testing._internal.common_optimizers import optim_db

    return MappingProxyType({info.optim_cls.__name__.lower(): info for info in optim_db})


def _info(optimizer: str) -> Any:
    return _infos()[optimizer]
