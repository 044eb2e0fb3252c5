"""What is one call of an operator, and how are its arguments swapped for others?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils._pytree import TreeSpec, tree_unflatten


def is_device(leaf: Any) -> bool:
    """Whether an argument says where to compute: op_db's samples are all on the CPU."""
    return isinstance(leaf, torch.device) or (isinstance(leaf, str) and leaf in ("cpu", "cpu:0"))


def is_floating(tensor: torch.Tensor) -> bool:
    """Whether its numbers are rounded: real or complex."""
    return tensor.is_floating_point() or tensor.is_complex()


@dataclass(frozen=True)
class Sample:
    """One call: ``call(*args, **kwargs)``, flattened so that its tensors can be swapped for others."""

    call: Callable[..., Any]
    leaves: tuple[Any, ...]
    """Arguments and keyword arguments as pytree leaves, tensors among them."""
    spec: TreeSpec
    process_output: Callable[[Any], Any]
    """op_db's ``output_process_fn_grad``: what of the output has a unique gradient."""
    written: tuple[int, ...] = ()
    """Indices into ``leaves`` of the tensors that the call writes to: ``out=``, or the one changed in place."""

    @property
    def tensor_positions(self) -> tuple[int, ...]:
        """Indices into ``leaves`` that hold tensors."""
        return tuple(i for i, leaf in enumerate(self.leaves) if isinstance(leaf, torch.Tensor))

    @property
    def tensors(self) -> list[torch.Tensor]:
        """The tensors among the arguments, in order."""
        return [leaf for leaf in self.leaves if isinstance(leaf, torch.Tensor)]

    @property
    def elements(self) -> int:
        """Of its largest tensor."""
        return max((tensor.numel() for tensor in self.tensors), default=0)

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments."""
        args, kwargs = tree_unflatten(list(self.leaves), self.spec)
        return args, kwargs

    def run(self) -> Any:
        """Call the operator."""
        args, kwargs = self.arguments()
        return self.call(*args, **kwargs)

    def replace(self, change: Callable[[Any], Any]) -> Sample:
        """The same call with ``change`` applied to each leaf."""
        leaves = tuple(change(leaf) for leaf in self.leaves)  # not by dataclasses.replace(): this is called for all
        return Sample(self.call, leaves, self.spec, self.process_output, self.written)

    def with_tensors(self, tensors: Sequence[torch.Tensor]) -> Sample:
        """The same call with other tensors, in order. Raises ValueError if their number differs."""
        leaves = list(self.leaves)
        for position, tensor in zip(self.tensor_positions, tensors, strict=True):
            leaves[position] = tensor
        return replace(self, leaves=tuple(leaves))
