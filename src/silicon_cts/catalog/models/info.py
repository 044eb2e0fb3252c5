"""How are models shown to the sampling: as entries like those of ``op_db``?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.catalog.models import inference, learning
from silicon_cts.catalog.models.calls import CALLS, ModelCall
from silicon_cts.catalog.models.optimizers import configurations


@dataclass(frozen=True)
class SampleInput:
    """What ``op_db`` calls so: one call."""

    input: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @staticmethod
    def output_process_fn_grad(output: Any) -> Any:
        """No gradient is asked of models besides those that training takes."""
        return output


class CallInfo:
    """An ``OpInfo`` of a model: the part of it that :mod:`silicon_cts.catalog.operators` relies on."""

    inplace_variant = error_inputs_func = None
    supports_out = supports_autograd = False

    def __init__(self, call: ModelCall) -> None:
        self.name = call.name
        self.call = call
        self.op: Callable[..., Any] = (
            learning.Training(call) if call.task == "training" else inference.Inference(call.model.name)
        )

    def supported_dtypes(self, _device: str) -> set[torch.dtype]:
        """Those in which it is asked."""
        return {DTYPES[name].torch for name in self.call.dtypes}

    def sample_inputs_func(self, _info: Any, _device: str, dtype: torch.dtype, _grad: bool) -> Iterator[SampleInput]:
        """One call for inference; one for each configuration of the optimizer."""
        seed = torch.initial_seed()  # the sampling starts the generators from the seed of the recipe
        if self.call.task == "inference":
            inputs, state = inference.example(self.call.model, dtype, seed)
            yield SampleInput(inputs, (state,), {})
            return
        batches, parameters, buffers = learning.example(self.call, dtype, seed)
        for one in configurations(self.call):
            laid = {name: _transposed(tensor) if one.transposed else tensor for name, tensor in parameters.items()}
            yield SampleInput(one, (batches, laid, buffers), {})


def _transposed(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.mT.contiguous().mT if tensor.ndim == 2 else tensor


@cache
def info(operator: str) -> CallInfo:
    """The entry of a model's id. Raises KeyError for an unknown one."""
    return CallInfo(CALLS[operator])
