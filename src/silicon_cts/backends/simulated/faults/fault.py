"""What is a fault? A dispatch mode that stands below autograd and does some calls wrong.

The mode looks at every kernel that PyTorch's CPU calls, backward kernels and optimizer steps included. A rule says what
goes wrong; it is asked for the kernels of the fault only, and answers the right thing whenever its trigger is not met.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .call import Call

Rule = Callable[[Call], Any]
"""What a fault does with one call of one of its kernels."""


class Watcher:
    """A rule that must also see other kernels, or that remembers earlier calls."""

    watches: frozenset[str] = frozenset()
    """The kernels shown to `watch`; `*` stands for all."""

    def watch(self, call: Call) -> Any:
        """See a call; return what the caller gets."""
        return call.right()

    def __call__(self, call: Call) -> Any:
        """Do a call of one of the fault's own kernels, right or wrong."""
        return call.right()


class Fault(TorchDispatchMode):
    """A mode that acts out one bug and counts how often it really changed something."""

    def __init__(self, kernels: Iterable[str], rule: Rule) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kernels = frozenset(kernels)
        self.rule = rule
        self.fired = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do one call, right or wrong."""
        kwargs = kwargs or {}
        if is_composite(func):
            with self:  # in inference mode composites arrive whole: their kernels are what the rules know
                return func.decompose(*args, **kwargs)
        name = func.overloadpacket.__name__
        watched = self.rule.watches if isinstance(self.rule, Watcher) else frozenset()
        if name not in self.kernels and name not in watched and "*" not in watched:
            return func(*args, **kwargs)
        if not all(is_plain(leaf) for leaf in tree_leaves((args, kwargs))):
            return func(*args, **kwargs)
        call = Call(func, args, kwargs)
        try:
            if name in self.kernels:
                return self.rule(call)
            return self.rule.watch(call) if isinstance(self.rule, Watcher) else call.right()
        finally:
            self.fired += call.fired


def is_plain(leaf: Any) -> bool:
    """Whether a value is no tensor, or one whose memory the rules may look into."""
    if not isinstance(leaf, Tensor):
        return True
    return leaf.layout == torch.strided and leaf.device.type == "cpu" and not leaf._is_zerotensor()


@cache
def is_composite(func: Any) -> bool:
    """Whether a function is only defined by the kernels it calls."""
    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key
    return has_kernel(func.name(), torch._C.DispatchKey.CompositeImplicitAutograd)


def backward_of() -> str:
    """The name of the autograd node whose backward is running, without its number; empty outside of a backward."""
    node: Any = torch._C._current_autograd_node()
    return "" if node is None else str(node.name()).rstrip("0123456789")
