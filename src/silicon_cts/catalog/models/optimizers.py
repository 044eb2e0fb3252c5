"""With which optimizers and options is a model trained?

From PyTorch's private ``optim_db`` (``torch.testing._internal.common_optimizers``). Relied on, checked with torch
2.13.0: ``optim_cls``, ``optim_inputs_func``, ``supported_impls``, ``supports_fused_on``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import torch

from silicon_cts.catalog.models.calls import PLAINEST, ModelCall

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
        """The optimizer of those parameters that it can train, as their device has it: fused where it has that."""
        rank = _RANKS.get(self.optimizer)
        trained = [one for one in parameters if rank is None or one.ndim == rank]
        options = dict(self.options)
        if options.get("fused") and trained[0].device.type not in _info(self.optimizer).supports_fused_on:
            options["fused"] = False
        made: torch.optim.Optimizer = _info(self.optimizer).optim_cls(trained, **options)
        return made


def configurations(call: ModelCall) -> list[Configuration]:
    """Of the plainest model's step all that ``optim_db`` lists, in each implementation; of others the usual one.

    With a gradient scaler the fused implementation too, which is told of it.
    """
    optimizer = call.optimizer
    usual = Configuration(optimizer, _sorted(_OPTIONS.get(optimizer, {})), "usual")
    if call.run.scales:
        return [usual, Configuration(optimizer, _sorted({**dict(usual.options), "fused": True}), "fused")]
    if call.model.name != PLAINEST or call.way != "one_step":
        return [usual]
    found = [usual]
    for listed in _info(optimizer).optim_inputs_func("cpu"):
        for way in ("", *(way for way in _WAYS if way in _info(optimizer).supported_impls)):
            options = {**listed.kwargs, **({way: True} if way else {})}
            found.append(Configuration(optimizer, _sorted(options), f"{listed.desc} {way}".strip()))
    if optimizer not in _CONTIGUOUS:
        found.append(Configuration(optimizer, usual.options, "transposed", transposed=True))
    return found


def _sorted(options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(options.items()))


@cache
def _infos() -> Mapping[str, Any]:
    from torch.testing._internal.common_optimizers import optim_db

    return MappingProxyType({info.optim_cls.__name__.lower(): info for info in optim_db})


def _info(optimizer: str) -> Any:
    return _infos()[optimizer]
