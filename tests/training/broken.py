"""What can go wrong with training, as modes that a simulated accelerator runs under: ``FILE.py:NAME``."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
BIAS = 32
"""Elements of a parameter of the MLP."""


class Never(TorchDispatchMode):
    """One parameter is never updated."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket is aten.addcdiv_ and args[0].numel() == BIAS:
            return args[0]
        return func(*args, **(kwargs or {}))


class Ignores(TorchDispatchMode):
    """The backward of ReLU gives the same whatever ``grad_output`` is."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket is aten.threshold_backward:
            args = (torch.full_like(args[0], 1e-3), *args[1:])
        return func(*args, **(kwargs or {}))


class Forgets(TorchDispatchMode):
    """The first moment of Adam holds the latest gradient alone."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket is aten.lerp_:
            args[0].zero_()
        return func(*args, **(kwargs or {}))


class Doubles(TorchDispatchMode):
    """Weight decay is twice what was asked for."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket is aten.mul_ and not isinstance(args[1], torch.Tensor) and 0.999 < args[1] < 1:
            args = (args[0], 2 * args[1] - 1)
        return func(*args, **(kwargs or {}))


def never():
    """A parameter that stays."""
    return Never()


def ignores():
    """A gradient without its cotangent."""
    return Ignores()


def forgets():
    """Optimizer state that is lost."""
    return Forgets()


def doubles():
    """An option of the optimizer that is taken twice."""
    return Doubles()
