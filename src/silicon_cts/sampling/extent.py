"""How large does a call become: what it is given, what it answers, what its kernels make on the way?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from silicon_cts.sampling.call import Sample, is_device

_AT_ONCE = 2**20
"""Calls are made without asking first how large the answer would be where one that has a row and a column for each
element, or an element for each combination of what they are given, has no more."""
_UNASKED = 2**14
"""The same, where the meta device cannot say how large it would be."""
_MOST_OUTPUT = 2**19
"""Elements of all outputs together, or four times those of the largest input; a larger answer (an outer product of long
vectors, a tensor padded in six dimensions) makes a recipe invalid: 64 of them travel together."""
_MOST_ON_THE_WAY = 2**20
"""Elements of what a kernel makes on the way, or eight times those of the largest input."""
_MOST_WORK = 2**11
"""Operations for each element of the largest input: what a product of 1,024 by 1,024 matrices takes.

A convolution with a kernel as large as its signal takes seconds in float64, and is computed fifty times.
"""
_UNASKED_WORK = 2**24
"""Operations that no call is refused for."""
_MOST_INPUT: dict[str, tuple[int, str]] = {
    "combinations": (6, "there are n over r combinations, of n to the r that it looks at"),
}
"""Operators whose work the meta device cannot foresee: most elements given to them, and why."""
_PRODUCTS = ("histogramdd",)
"""Operators that answer with an element for each combination of elements of several inputs, unknown to meta."""


def _numbers(sample: Sample) -> list[int]:
    """What its integers count, 1 at least."""
    return [max(abs(leaf), 1) for leaf in sample.leaves if type(leaf) is int]


def _largest(sample: Sample) -> int:
    numbers = _numbers(sample)
    return max([math.prod(numbers), *numbers, *map(_reach, sample.tensors)], default=0)


def _reach(tensor: torch.Tensor) -> int:
    """Elements that it has; of an empty one, those that an answer may have: (n, 0) @ (0, n) is n by n."""
    return math.prod(size for size in tensor.shape if size)


def too_much(operator: str, sample: Sample) -> str | None:
    """Why the CPU should not even be asked."""
    largest = _largest(sample)
    most, why = _MOST_INPUT.get(operator, (largest, ""))
    if largest > most:
        return why
    if max(largest**2, _combinations(sample)) <= _AT_ONCE:
        return None
    return _too_much(_Shapes.of(operator, sample))


@dataclass(frozen=True)
class _Shapes:
    """All that the meta device is told of a call; of calls that lie otherwise or hold other values, the same."""

    operator: str
    leaves: tuple[Any, ...]
    on_meta: Sample = field(compare=False)

    @classmethod
    def of(cls, operator: str, sample: Sample) -> Self:
        leaves = (
            (leaf.shape, leaf.dtype, leaf.layout) if isinstance(leaf, torch.Tensor) else repr(leaf)
            for leaf in sample.leaves
        )
        return cls(operator, (sample.spec, *leaves), _on_meta(sample))


@lru_cache(maxsize=2048)
def _too_much(shapes: _Shapes) -> str | None:
    operator, sample, sizes = shapes.operator, shapes.on_meta, Sizes()
    largest = _largest(sample)
    try:
        with sizes:
            answer = sample.run()
    except Exception:  # meta cannot say
        if operator in _PRODUCTS and _combinations(sample) > largest * _MOST_OUTPUT:
            return f"the answer has more than {_MOST_OUTPUT} elements"
        return "nobody can say how large the answer is" if largest > _UNASKED else None
    if sizes.operations > max(_UNASKED_WORK, _MOST_WORK * max(sample.elements, 1)):
        return f"a kernel on the way makes more than {_MOST_WORK} operations an element"
    return outgrows(sample, answer) or (None if sizes.fit(sample) else "a kernel on the way makes too many elements")


def outgrows(sample: Sample, answer: Any) -> str | None:
    """What is wrong with the size of an answer to a call."""
    most = max(_MOST_OUTPUT, *(4 * tensor.numel() for tensor in sample.tensors), 0)
    elements = sum(output.numel() for output in tree_leaves(answer) if isinstance(output, torch.Tensor))
    return f"the answer has more than {most} elements" if elements > most else None


def _combinations(sample: Sample) -> int:
    """Of one element of each tensor and all that its integers count."""
    return math.prod([*_numbers(sample), *map(_reach, sample.tensors)])


def _on_meta(sample: Sample) -> Sample:
    """The same call on the meta device, which computes shapes only."""

    def meta(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor):
            return torch.empty(leaf.shape, dtype=leaf.dtype, device="meta")
        return torch.device("meta") if is_device(leaf) else leaf

    return sample.replace(meta)


class Sizes(TorchDispatchMode):
    """How many elements has the largest result of an ATen kernel, and how many operations do products take?"""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.largest = 0
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the kernel and look at what it made."""
        result = func(*args, **(kwargs or {}))
        self.largest = max([self.largest, *(o.numel() for o in tree_leaves(result) if isinstance(o, torch.Tensor))])
        if count := flop_registry.get(func._overloadpacket):
            self.operations += count(*args, **(kwargs or {}), out_val=result)
        return result

    def fit(self, sample: Sample) -> bool:
        """Whether none was much larger than what the call is given, or than an answer may be."""
        return self.largest <= max(_MOST_ON_THE_WAY, 8 * sample.elements)


def may_outgrow(sample: Sample) -> bool:
    """Whether something with a row and a column for each element would be larger than an answer may be."""
    return _largest(sample) ** 2 > _MOST_OUTPUT
