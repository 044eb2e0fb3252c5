"""Which modules are there, and with which arguments is each made and called?

The one place that touches PyTorch's private ``module_db`` (``torch.testing._internal.common_modules``). Relied on,
checked with torch 2.13.0: ``name``, ``module_cls``, ``module_inputs_func``, and of what that lists
``constructor_input`` and ``forward_input`` with ``args`` and ``kwargs``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args

import torch

from silicon_cts.catalog.models.weights import running_statistics, seeded

Mode = Literal["train", "eval"]
MODES: tuple[Mode, ...] = get_args(Mode)
_PREFIX = "modules."
_NO_KERNEL = frozenset(
    {
        *("nn.AvgPool3d", "nn.LPPool3d", "nn.LocalResponseNorm", "nn.CTCLoss"),
        *("nn.MultiLabelMarginLoss", "nn.MultiMarginLoss"),
    }
)
"""Modules for which PyTorch's CPU has no kernel in float16, so that there is no yardstick."""


@dataclass(frozen=True)
class Module:
    """One entry of ``module_db`` in one mode."""

    info: Any
    """PyTorch's ``ModuleInfo``."""
    mode: Mode

    @property
    def name(self) -> str:
        """``modules.nn.Conv2d``."""
        return f"{_PREFIX}{self.info.name}"

    @property
    def id(self) -> str:
        """``modules.nn.Conv2d.train``."""
        return f"{self.name}.{self.mode}"

    @property
    def dtypes(self) -> tuple[str, ...]:
        """In which it is asked."""
        return ("float32",) if self.info.name in _NO_KERNEL else ("float32", "float16")

    def built(self, dtype: torch.dtype, seed: int) -> Iterator[tuple[torch.nn.Module, tuple[Any, ...], dict[str, Any]]]:
        """Each module that ``module_db`` makes, on the CPU, and the arguments that it is called with.

        Weights and running statistics are seeded, and the same bits on every machine; ``dtype`` is that of arguments. A
        lazy module is what it becomes with its first batch. Encoders make no nested tensors of padded batches, whose
        intermediate results no oracle can round. Inputs that can have a gradient ask for one.
        """
        training = self.mode == "train"
        for listed in self.info.module_inputs_func(self.info, "cpu", dtype, True, training):
            made, called = listed.constructor_input, listed.forward_input

            def build(made: Any = made, called: Any = called) -> torch.nn.Module:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # PyTorch warns of arguments that its own list has
                    module: torch.nn.Module = self.info.module_cls(*made.args, **made.kwargs)
                if self.info.is_lazy:
                    module.to(dtype)(*called.args, **called.kwargs)
                return module

            module = running_statistics(seeded(build, seed), seed)
            for part in module.modules():
                if isinstance(part, torch.nn.TransformerEncoder):
                    part.use_nested_tensor = False
            yield module.train(training), tuple(called.args), dict(called.kwargs)


@cache
def modules() -> Mapping[str, Module]:
    """Every entry of ``module_db`` in both modes, by id: 228 with torch 2.13.0."""
    from torch.testing._internal.common_modules import module_db

    found = (Module(info, mode) for info in module_db for mode in MODES)
    return MappingProxyType({module.id: module for module in found})
