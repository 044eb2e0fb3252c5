"""What can go wrong with a module, as modes that a simulated accelerator runs under: ``FILE.py:NAME``."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten


class Stale(TorchDispatchMode):
    """Batch norm normalises, and leaves its running statistics as they were."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket is aten.native_batch_norm:
            args = (*args[:3], *(one if one is None else one.clone() for one in args[3:5]), *args[5:])
        return func(*args, **(kwargs or {}))


class Ignores(TorchDispatchMode):
    """The backward of a convolution gives the same whatever ``grad_output`` is."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket is aten.convolution_backward:
            args = (torch.ones_like(args[0]), *args[1:])
        return func(*args, **(kwargs or {}))


class Batch(TorchDispatchMode):
    """Batch norm takes the statistics of the batch in evaluation mode too."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.overloadpacket is aten.native_batch_norm:
            args = (*args[:3], *(one if one is None else one.clone() for one in args[3:5]), True, *args[6:])
        return func(*args, **(kwargs or {}))


class Biased(TorchDispatchMode):
    """The backward of layer norm gives no gradient of its bias."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if func.overloadpacket is aten.native_layer_norm_backward and made[2] is not None:
            made = (*made[:2], torch.zeros_like(made[2]))
        return made


def stale():
    """A buffer that is not updated."""
    return Stale()


def ignores():
    """A gradient without its cotangent."""
    return Ignores()


def batch():
    """Training where evaluation was asked for."""
    return Batch()


def biased():
    """A gradient of a parameter that is missing."""
    return Biased()
