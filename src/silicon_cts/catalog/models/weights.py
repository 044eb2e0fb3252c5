"""Which weights does a model start with, on every machine the same bits?

Uniform numbers of NumPy's PCG64 are made from integers, scaled in float64 with one rounding an operation (NumPy fuses
none), and rounded to float32 at the end. Each parameter has a stream of its own, so that a new layer changes no other.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable

import numpy as np
import torch

_NORMS = (torch.nn.modules.batchnorm._NormBase, torch.nn.LayerNorm, torch.nn.GroupNorm)


def generator(seed: int, *path: str) -> np.random.Generator:
    """An independent stream for each ``path``."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32("/".join(path).encode())]))


def uniform(source: np.random.Generator, *shape: int, low: float = -1.0, high: float = 1.0) -> torch.Tensor:
    """Float32 numbers in [low, high)."""
    return torch.from_numpy((source.random(shape) * (high - low) + low).astype(np.float32))


def seeded(build: Callable[[], torch.nn.Module], seed: int) -> torch.nn.Module:
    """Build the model without touching torch's generators, and give it its weights."""
    with torch.random.fork_rng(devices=[]):
        model = build()
    with torch.no_grad():
        for path, module in model.named_modules():
            for name, parameter in module.named_parameters(path, recurse=False):
                centre, width = _start(module, parameter)
                source = generator(seed, "weights", name)
                parameter.copy_(uniform(source, *parameter.shape, low=centre - width, high=centre + width))
    return model


def running_statistics(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """The model with running means and variances as training leaves them: those of a new model would hide their use."""
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            source = generator(seed, "statistics", name)
            if name.endswith("running_mean"):
                buffer.copy_(uniform(source, *buffer.shape, low=-0.3, high=0.3))
            elif name.endswith("running_var"):
                buffer.copy_(uniform(source, *buffer.shape, low=0.5, high=1.5))
    return model


def _start(module: torch.nn.Module, parameter: torch.Tensor) -> tuple[float, float]:
    """Centre and half the width of the range: never all zeros or ones, so that no weight hides what it does."""
    if isinstance(module, _NORMS):
        return (1.0 if parameter is module.weight else 0.0), 0.1
    if isinstance(module, torch.nn.RNNBase):
        return 0.0, 1.0 / math.sqrt(module.hidden_size)
    if parameter.ndim < 2:
        return 0.0, 0.1
    if isinstance(module, torch.nn.Embedding):
        return 0.0, 1.0
    fan_in = math.prod(parameter.shape[1:])
    return 0.0, math.sqrt(3.0 / fan_in)  # variance 1 / fan_in keeps the scale of the activations
