"""What is the right answer, how sharply does the input determine it, and what does PyTorch's own CPU make of it?"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from silicon_cts.backends.outcome import Task, one_line
from silicon_cts.catalog import traits
from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.sampling.layout import over_memory
from silicon_cts.sampling.observation import OBSERVE, Observation, Observed, Setting, to_contiguous, to_wide
from silicon_cts.sampling.sample import Sample

PAIRS = 2
"""Pairs of opposite perturbations drawn for the conditioning; one of a pair stays inside a domain that the input
touches the edge of (``acos`` at 1)."""


class NoOracleError(Exception):
    """The CPU itself cannot answer; the message says why."""


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _signs(shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """+1 and -1 at random, in float64: ``1 + u`` is 1 in the default dtype."""
    return torch.randint(0, 2, shape, generator=generator, dtype=torch.float64).mul_(2).sub_(1)


class RoundEverywhere(TorchDispatchMode):
    """Every result of every ATen kernel, forward and backward, off by up to one rounding.

    Monte Carlo arithmetic (D. S. Parker, 1997): what the roundings of the intermediate results do to the answer is
    measured by making them at random, in a precision where nothing else is rounded. Numbers that ``roundoff`` can
    represent are left alone, as rounding would leave them; so are views and in-place results.
    """

    def __init__(self, roundoff: float, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._roundoff = roundoff
        self._bits = -round(math.log2(abs(roundoff)))  # of a significand with that unit roundoff
        self._generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the kernel, then nudge what it made."""
        result = func(*args, **(kwargs or {}))
        if any(returned.alias_info is not None for returned in func._schema.returns):
            return result
        return tree_map_only(torch.Tensor, self._round, result)

    def _round(self, tensor: torch.Tensor) -> torch.Tensor:
        if (
            tensor.layout != torch.strided
            or tensor.dtype not in (torch.float64, torch.complex128)
            or not tensor.numel()
        ):
            return tensor
        if tensor._is_zerotensor():  # zeros that autograd made without memory
            return tensor
        signs = _signs(tensor.shape, self._generator)
        nudged = tensor * (1 + self._roundoff * signs)
        if tensor.is_complex():
            return nudged
        fraction, _ = torch.frexp(tensor)
        scaled = fraction * 2.0**self._bits
        return torch.where(scaled == scaled.round(), tensor, nudged)


@dataclass(frozen=True)
class Oracle:
    """The answers that a task is judged by. Each is computed on the first question and kept."""

    task: Task

    @property
    def roundoff(self) -> float:
        """Unit roundoff at which the task computes: integers that are promoted compute in float32."""
        return DTYPES[self.task.recipe.dtype].roundoff or DTYPES["float32"].roundoff

    @property
    def discrete(self) -> bool:
        """Whether the inputs are integers or booleans, so that an integer answer has nothing to round."""
        return DTYPES[self.task.recipe.dtype].kind in ("int", "bool")

    @cached_property
    def observation(self) -> Observation:
        """What PyTorch's CPU leaves behind at the same precision, from contiguous memory. Raises NoOracleError."""
        recipe = replace(self.task.recipe, destination="")
        try:
            return OBSERVE[self.task.aspect](recipe, Setting(self._plain))
        except Exception as error:
            raise NoOracleError(f"the CPU fails in {self.task.recipe.dtype}: {one_line(error)}") from error

    @property
    def yardstick(self) -> Observed:
        """The tensors of :attr:`observation`: dtypes and shapes to expect, and the error of grade C."""
        return self.observation.tensors

    @cached_property
    def reference(self) -> Observed:
        """The answer in float64 / complex128 on the same, already rounded inputs, from contiguous memory.

        Where only the wide call fails (a kernel without float64), the yardstick stands in for it.
        """
        _ = self.yardstick
        try:
            with _default_dtype(torch.float64):
                wide = self._observe(lambda sample: to_wide(self._plain(sample)))
        except Exception:  # no wide kernel: what the CPU says at the same precision is the best there is
            return self.yardstick
        return wide if len(wide) == len(self.yardstick) else self.yardstick

    @cached_property
    def perturbed(self) -> list[Observed]:
        """Wide answers with every floating input moved by half an ulp, up or down at random.

        Of a task on integers, the integers are moved as the floating numbers that promotion makes of them.
        """
        answers = []
        for pair in range(PAIRS):
            for sign in (1.0, -1.0):
                by = sign * self.roundoff
                try:
                    with _default_dtype(torch.float64), RoundEverywhere(by, seed=pair):
                        answers.append(self._observe(partial(self._moved, by=by, seed=pair)))
                except Exception:
                    continue
        return answers

    def _moved(self, sample: Sample, by: float, seed: int) -> Sample:
        jumps = traits.look_up(traits.DISCONTINUOUS, self.task.recipe.operator) is not None
        of_largest = _COORDINATE_ROUNDINGS if jumps else 0.0
        return _move(to_wide(self._plain(sample)), by, seed, promote=self.discrete, of_largest=of_largest)

    def _plain(self, sample: Sample) -> Sample:
        """Contiguous, unless the operator's meaning is how its input lies in memory."""
        operator = self.task.recipe.operator
        return sample if traits.look_up(traits.READS_MEMORY, operator) is not None else to_contiguous(sample)

    def _observe(self, prepare: Callable[[Sample], Sample]) -> Observed:
        """In the plain form: what is written in place or into ``out=`` is what would have been returned."""
        recipe = replace(self.task.recipe, form="", destination="")
        return OBSERVE[self.task.aspect](recipe, Setting(prepare)).tensors


@lru_cache(maxsize=64)
def oracle(task: Task) -> Oracle:
    """The oracle of a task, kept for the next backend that asks."""
    return Oracle(task)


_COORDINATE_ROUNDINGS = 4.0
"""Roundings between a coordinate and its cell: add, multiply, subtract, divide."""


def _move(sample: Sample, by: float, seed: int, promote: bool, of_largest: float) -> Sample:
    """Every floating tensor element and every floating scalar that is no integer, times ``1 + d`` with ``|d| = by``.

    With ``promote``, integer and boolean tensors become float64 and are moved too. Elements also move by ``of_largest``
    times ``by`` times the largest element of their tensor.
    """
    generator = torch.Generator().manual_seed(seed)
    scalars = random.Random(seed)

    def nudge(memory: torch.Tensor) -> torch.Tensor:
        signs = _signs(memory.shape, generator)
        wide = memory if memory.is_floating_point() or memory.is_complex() else memory.to(torch.float64)
        moved = wide * (1 + by * signs)
        if not of_largest or not wide.numel():
            return moved
        largest = wide.abs().nan_to_num(0, 0, 0).max()  # memory beside the tensor may hold anything
        return moved + of_largest * by * largest * signs

    def move(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and (promote or leaf.is_floating_point() or leaf.is_complex()):
            return over_memory(leaf, nudge)
        if type(leaf) is float and not leaf.is_integer():  # nan and inf are no integers either: they stay as they are
            return leaf * (1 + by * scalars.choice((-1, 1)))
        return leaf

    return sample.replace(move)
