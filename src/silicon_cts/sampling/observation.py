"""What is observed when one aspect of an operator is asked for?

An aspect is a function from a recipe to the tensors that its call leaves behind, and to what it did that no operator
may do. The same function runs on the device, on the CPU as the yardstick and in float64 as the oracle, so that what is
compared is the same by construction; where it runs is said by a :class:`Setting`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_flatten

from silicon_cts.catalog.dtypes import DTYPES, name_of, wide
from silicon_cts.sampling.call import is_device, is_floating
from silicon_cts.sampling.layout import applicable, lay_out, over_memory
from silicon_cts.sampling.memory import Memory
from silicon_cts.sampling.randomness import draws_random_numbers as draws_random_numbers
from silicon_cts.sampling.randomness import mistakes, unseeded
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.related import related
from silicon_cts.sampling.sample import Sample, copy, make

Observed = list[torch.Tensor | None]
"""One entry an output; None where a differentiable input got no gradient."""


_NOTHING: AbstractContextManager[Any] = nullcontext()


@dataclass(frozen=True)
class Observation:
    """What one aspect of a call left behind."""

    tensors: Observed
    violations: tuple[str, ...] = ()
    """What it did that an operator must not do: change an input, write beside its destination."""
    calls: tuple[int, ...] = ()
    """How many tensors each of several calls left; empty for one call, or for one backward."""

    def place(self, index: int) -> tuple[int, int]:
        """Which call left the ``index``-th tensor, and which of its outputs that is."""
        for call, count in enumerate(self.calls):
            if index < count:
                return call, index
            index -= count
        return len(self.calls), index

    def label(self, index: int) -> str:
        """The ``index``-th tensor in words: ``output 0`` or, of several calls, ``call 3, output 0``."""
        call, output = self.place(index)
        return f"call {call}, output {output}" if self.calls else f"output {index}"


@dataclass(frozen=True)
class Setting:
    """Where a call is observed."""

    sample: Callable[[Sample], Sample] = lambda sample: sample
    """The call as it is to be made there: on a device, in float64."""
    tensor: Callable[[torch.Tensor], torch.Tensor] = lambda tensor: tensor
    """A tensor that the observation itself makes, put there."""
    around: AbstractContextManager[Any] = _NOTHING
    """Entered around each call, and around nothing else."""


def _outputs(result: Any) -> list[torch.Tensor]:
    """The tensors of a result, sparse ones made dense, Python numbers as 0-dim tensors (float64, int64, bool)."""
    outputs = []
    for leaf in tree_flatten(result)[0]:
        if isinstance(leaf, torch.Tensor):
            outputs.append(leaf if leaf.layout == torch.strided else leaf.to_dense())
        elif isinstance(leaf, bool | int | float | complex):
            outputs.append(torch.tensor(leaf, dtype=_python_dtype(leaf)))
    return outputs


def _python_dtype(number: complex) -> torch.dtype:
    kinds = {bool: torch.bool, int: torch.int64, float: torch.float64, complex: torch.complex128}
    return kinds[type(number)]


def _call(sample: Sample, around: AbstractContextManager[Any]) -> Observation:
    """One call: what it returned or wrote, and whether it left alone what it must."""
    memories = [Memory(leaf) if isinstance(leaf, torch.Tensor) else None for leaf in sample.leaves]
    with torch.no_grad(), around:
        result = sample.run()
    violations = []
    for index, position in enumerate(sample.tensor_positions):
        memory = memories[position]
        assert memory is not None
        if position in sample.written:
            if memory.changed_beside():
                violations.append(f"memory beside tensor {index}, which it writes to, was changed")
        elif memory.changed():
            violations.append(f"tensor {index}, an input, was changed")
    outputs = _outputs(result)
    if sample.written:
        destinations = [sample.leaves[position] for position in sample.written]
        if not _are(outputs, destinations):
            violations.append("what it returns is not what it was given to write to")
        outputs = destinations
    return Observation([output.detach() for output in outputs], tuple(violations))


def _are(returned: list[torch.Tensor], destinations: list[torch.Tensor]) -> bool:
    """Whether these are the same memory, seen in whatever shape (``unsqueeze_`` changes its own)."""
    return len(returned) == len(destinations) and all(
        one is other or one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()
        for one, other in zip(returned, destinations, strict=True)
    )


def forward(recipe: Recipe, setting: Setting) -> Observation:
    """The outputs of one call."""
    return _call(setting.sample(make(recipe)), setting.around)


def cotangent(output: torch.Tensor, seed: int) -> torch.Tensor:
    """A random ``grad_output`` for ``output``, on the CPU: multiples of 1/128 in [-1, 1], exact in every dtype.

    Exact values mean that backend, yardstick and oracle are given the same cotangent without any rounding between
    them. Integers from NumPy's PCG64 are the same on every machine. Ones everywhere would hide a backward that
    ignores its ``grad_output``.
    """
    generator = np.random.default_rng(seed)
    parts = 2 if output.is_complex() else 1
    drawn = torch.from_numpy(generator.integers(-128, 129, (parts, *output.shape)) / 128)
    values = torch.complex(drawn[0], drawn[1]) if parts == 2 else drawn[0]
    return values.to(output.dtype)


def cotangents(recipe: Recipe, outputs: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    """``grad_output`` for each output, on the CPU; it lies as the recipe says where that fits its shape."""
    plain = [cotangent(output.detach(), recipe.seed + index) for index, output in enumerate(outputs)]
    return [
        lay_out(one, recipe.cotangent) if recipe.cotangent in applicable(one.shape, one.dtype) else one for one in plain
    ]


def differentiable(result: Any) -> list[torch.Tensor]:
    """What of a result a gradient can be taken of."""
    return [output for output in _outputs(result) if output.requires_grad]


def gradient(recipe: Recipe, setting: Setting) -> Observation:
    """The gradient of each wanted input under random cotangents; empty if nothing is differentiable.

    Under cotangents with a layout of their own the backward runs twice into ``.grad``, as training does over several
    batches: what it holds after the second, the sum of both, stands behind what it held after the first.
    """
    sample = setting.sample(make(recipe))
    inputs = [tensor for tensor in sample.tensors if tensor.requires_grad]
    with setting.around:
        outputs = differentiable(sample.process_output(sample.run()))
    if not inputs or not outputs:
        return Observation([])

    def given() -> list[torch.Tensor]:
        return [setting.tensor(one) for one in cotangents(recipe, outputs)]

    if not recipe.cotangent:
        once = given()
        with setting.around:
            return Observation(list(torch.autograd.grad(outputs, inputs, once, allow_unused=True)))
    found: Observed = []
    for last in (False, True):
        own = given()  # of each backward: what the first leaves in ``.grad`` may be a view of it
        with setting.around:
            torch.autograd.backward(outputs, own, retain_graph=not last, inputs=inputs)
        found += [None if tensor.grad is None else tensor.grad.detach().clone() for tensor in inputs]
        _give_memory_of_their_own(inputs)
    return Observation(found)


def _give_memory_of_their_own(inputs: Iterable[torch.Tensor]) -> None:
    """To gradients that share some: on any device, autograd may leave views of one expanded ``grad_output`` in the
    ``.grad`` of several inputs, and what is added to one is added to all (pytorch/pytorch#34082)."""
    gradients = [(tensor, tensor.grad) for tensor in inputs if tensor.grad is not None]
    places = [
        (tensor, one, one.untyped_storage().data_ptr()) for tensor, one in gradients if one.layout == torch.strided
    ]
    sharers = Counter(place for _, _, place in places)
    for tensor, one, place in places:
        if sharers[place] > 1:
            tensor.grad = one.clone()


def calls(recipe: Recipe, aspect: str) -> tuple[Sample, ...]:
    """The calls that are made, one after the other, where an aspect is asked of a recipe."""
    if OBSERVE[aspect] is not repeat:
        return (make(recipe),)
    return (make(recipe), *map(copy, related(recipe)), make(recipe))


def repeat(recipe: Recipe, setting: Setting) -> Observation:
    """The call; calls of the same operator with another shape, scalar and dtype; and the first call once more."""
    observations = [_call(setting.sample(one), setting.around) for one in calls(recipe, "repeat")]
    tensors = [tensor for one in observations for tensor in one.tensors]
    violations = tuple(dict.fromkeys(said for one in observations for said in one.violations))
    return Observation(tensors, violations, tuple(len(one.tensors) for one in observations))


def random_numbers(recipe: Recipe, setting: Setting) -> Observation:
    """The outputs of one call; what is wrong with the numbers of many is said as violations."""
    sample = setting.sample(make(recipe))
    said = mistakes(recipe, sample, setting.around)
    with unseeded(sample.call):
        return replace(_call(sample, setting.around), violations=said)


OBSERVE: dict[str, Callable[[Recipe, Setting], Observation]] = {
    "forward": forward,
    "layout": forward,
    "gradient": gradient,
    "inplace": forward,
    "out": forward,
    "special_values": forward,
    "rejects": forward,
    "repeat": repeat,
    "random": random_numbers,
    "flexible": forward,
}
"""How each aspect is observed. What is asked in it stands in :mod:`silicon_cts.sampling.plan`."""


def to_wide(sample: Sample) -> Sample:
    """The same call in the oracle's precision: tensors and ``dtype=`` arguments in float64 or complex128."""

    def widen(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and is_floating(leaf):
            target = DTYPES[wide(name_of(leaf.dtype))].torch
            return over_memory(leaf, lambda memory: memory.to(target))
        if isinstance(leaf, torch.dtype) and name_of(leaf) in DTYPES:
            return DTYPES[wide(name_of(leaf))].torch
        return leaf

    return sample.replace(widen)


def to_contiguous(sample: Sample) -> Sample:
    """The same call with every strided tensor contiguous in memory of its own."""

    def plain(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and leaf.layout == torch.strided:
            copy = leaf.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
            return copy.requires_grad_(leaf.requires_grad)
        return leaf

    return sample.replace(plain)


def on_device(device: str) -> Setting:
    """Tensors (memory, strides and offset kept) and ``device=`` arguments on ``device``."""
    target = torch.device(device)

    def move(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor):
            return over_memory(leaf, lambda memory: memory.to(target))
        return target if is_device(leaf) else leaf

    return Setting(lambda sample: sample.replace(move), move)
