"""How are modules shown to the sampling: as entries like those of ``op_db``?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch

from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.catalog.models.inference import in_dtype
from silicon_cts.catalog.models.info import SampleInput
from silicon_cts.catalog.models.weights import generator
from silicon_cts.catalog.modules import application
from silicon_cts.catalog.modules.table import Module, modules


class ModuleCallInfo:
    """An ``OpInfo`` of a module: the part of it that :mod:`silicon_cts.catalog.operators` relies on."""

    inplace_variant = error_inputs_func = None
    supports_out = supports_autograd = False
    op = application.Application()

    def __init__(self, module: Module) -> None:
        self.name = module.name
        self.module = module

    def supported_dtypes(self, _device: str) -> set[torch.dtype]:
        """Those in which it is asked."""
        return {DTYPES[name].torch for name in self.module.dtypes}

    def sample_inputs_func(self, _info: Any, _device: str, dtype: torch.dtype, _grad: bool) -> Iterator[SampleInput]:
        """One call for each that ``module_db`` lists."""
        seed = torch.initial_seed()  # the sampling starts the generators from the seed of the recipe
        for module, args, kwargs in self.module.built(dtype, seed):
            module.to(dtype)
            parameters = {name: tensor.detach() for name, tensor in module.named_parameters()}
            buffers = {name: tensor.detach() for name, tensor in module.named_buffers()}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PyTorch warns of arguments that its own list has
                outputs = application.outputs_of(module, args, kwargs)
            back = enumerate(application.differentiable(outputs))
            cotangents = [_cotangent(output, seed, index) for index, output in back]
            yield SampleInput(module, (parameters, buffers, args, kwargs, cotangents), {})


def _cotangent(output: torch.Tensor, seed: int, index: int) -> torch.Tensor:
    """Multiples of 1/128 in [-1, 1], exact in every dtype: ones would hide a backward that ignores its grad_output."""
    drawn = generator(seed, "grad_output", str(index)).integers(-128, 129, tuple(output.shape)) / 128
    return in_dtype(torch.as_tensor(drawn, dtype=torch.float64), output.dtype)


@cache
def info(operator: str) -> ModuleCallInfo:
    """The entry of a module's id. Raises KeyError for an unknown one."""
    return ModuleCallInfo(modules()[operator])
