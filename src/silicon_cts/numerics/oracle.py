"""What is the right answer, how sharply does the input determine it, and what does PyTorch's own CPU make of it?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Any

import torch

from silicon_cts.backends.outcome import Task, one_line
from silicon_cts.catalog import traits
from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.catalog.models.calls import CALLS
from silicon_cts.catalog.operators import is_elementwise
from silicon_cts.numerics import accumulation
from silicon_cts.numerics.budget import smallest_subnormal
from silicon_cts.numerics.limits import WAYS, Limited, where_alike
from silicon_cts.numerics.perturbation import Results, RoundEverywhere, besides, moved
from silicon_cts.sampling.call import is_floating
from silicon_cts.sampling.layout import over_memory
from silicon_cts.sampling.observation import OBSERVE, Observation, Observed, Setting, calls, to_contiguous, to_wide
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import Sample

PAIRS = (1, 2, 8)
"""Pairs of opposite perturbations drawn for the conditioning: one, where it explains an answer as well as can be; two;
and all where an answer is further off than these explain: of two roundings that cancel where they point the same way,
the first pairs may both have made them do so. One of a pair stays inside a domain that the input touches the edge of
(``acos`` at 1)."""


def of_output(answers: Sequence[Observed], index: int) -> list[torch.Tensor]:
    """What several answers have for one output, without those that have none."""
    found = (answer[index] for answer in answers if len(answer) > index)
    return [one for one in found if one is not None]


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


@dataclass(frozen=True)
class Oracle:
    """The answers that a task is judged by. Each is computed on the first question and kept."""

    task: Task

    @property
    def roundoff(self) -> float:
        """Unit roundoff at which the task computes: integers that are promoted compute in float32, unless it says."""
        if self.precision:
            return DTYPES[self.precision].roundoff
        return DTYPES[self.task.recipe.dtype].roundoff or DTYPES["float32"].roundoff

    @property
    def precision(self) -> str:
        """dtype in which the task computes floats where that is less than what was asked for; empty otherwise."""
        return self.task.precision if self.task.precision != "float32" else ""

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

    def label(self, index: int) -> str:
        """Which of the tensors that were observed, in words."""
        return self.observation.label(index)

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

    def perturbed(self, pairs: int = PAIRS[1]) -> list[Observed]:
        """Wide answers with every floating input and every intermediate result off by a rounding or so, at random.

        Of a task on integers, the integers are moved as the floating numbers that promotion makes of them.
        """
        while len(self.pairs) < pairs:
            self.pairs.append(self._pair(len(self.pairs)))
        drawn = [answer for pair in self.pairs[:pairs] for answer in pair]
        return drawn + (self._of_rounded_inputs if self.precision else [])

    @cached_property
    def pairs(self) -> list[list[Observed]]:
        """The pairs of perturbed answers that were drawn so far."""
        return []

    @cached_property
    def between(self) -> list[Observed]:
        """Wide answers with every intermediate result and the answer itself rounded at random, the inputs as given.

        Of a task that computes in less than it was given, also the answer to the inputs as that precision holds them.
        """
        answers = list(self._of_rounded_inputs) if self.precision else []
        for seed in range(2 * PAIRS[1]):
            roundings = RoundEverywhere(self.roundoff, seed)
            with suppress(Exception), _default_dtype(torch.float64):
                answers.append(self._observe(lambda sample: to_wide(self._plain(sample)), roundings))
        return answers

    @cached_property
    def limited(self) -> list[Observed]:
        """Wide answers whose steps have the range of float32, by each of several ways: :mod:`.limits`.

        That is the least range: for smaller dtypes PyTorch computes in float32, and rounds its answer. Where the same
        steps do not have the kernel's NaN and infinities without limits either, they are no other way: nothing is said.
        """
        answers = []
        for steps in WAYS:
            with (
                suppress(Exception),
                _default_dtype(torch.float64),
            ):  # a decomposition may not take what its kernel does
                free, limited = (
                    self._observe(lambda sample: to_wide(self._plain(sample)), Limited(dtype, steps))
                    for dtype in (torch.float64, torch.float32)
                )
                answers.append(list(map(where_alike, self.reference, free, limited)))
        return answers

    def _pair(self, number: int) -> list[Observed]:
        answers = []
        for sign in (1.0, -1.0):
            roundings = RoundEverywhere(sign * self.roundoff, seed=number)
            with suppress(Exception):  # outside of a domain there is no answer
                answers.append(
                    self._nearby(roundings, number) if self._spread_of_start else self._off(roundings, number)
                )
        return answers

    def _off(self, roundings: RoundEverywhere, seed: int) -> Observed:
        """The wide answer, with what it is given and everything on the way off by roundings."""
        with _default_dtype(torch.float64):
            return self._observe(partial(self._moved, roundings, seed), roundings)

    def _nearby(self, roundings: RoundEverywhere, seed: int) -> Observed:
        """What the CPU makes, with its own roundings, of what it is given when that is off by roundings."""
        asked = DTYPES[self.task.recipe.dtype].torch

        def narrow(leaf: Any) -> Any:
            wide = isinstance(leaf, torch.Tensor) and leaf.dtype == torch.float64
            return over_memory(leaf, lambda memory: memory.to(asked)) if wide else leaf

        return self._observe(lambda sample: self._moved(roundings, seed, sample).replace(narrow))

    @property
    def _spread_of_start(self) -> bool:
        call = CALLS.get(self.task.recipe.operator)
        return call is not None and call.spread_of_start

    def accumulated(self, output: int, places: Sequence[accumulation.Place]) -> list[float]:
        """How much more elements of an output may be off because they are sums: :func:`.accumulation.excess`."""
        times = 1.0
        if self.task.aspect == "gradient" and self.task.recipe.cotangent and self.yardstick:
            once = len(self.yardstick) // 2
            times, output = (2.0 if output >= once else 1.0), output % once  # of the sum of two gradients
        with _default_dtype(torch.float64):
            each = [(where, size / times, moves / times, most / times) for where, size, moves, most in places]
            return [times * one for one in accumulation.excess(self._traced(), output, each)]

    def _traced(self) -> Iterator[accumulation.Traced]:
        recipe = self._plain_form
        for sample in calls(recipe, self.task.aspect):
            wide = self._as_promoted(to_wide(self._plain(sample)))
            gradient = self.task.aspect == "gradient"
            call = accumulation.traced_gradient(wide, self.task.recipe) if gradient else accumulation.traced(wide)
            yield accumulation.of_matrices(call) if traits.is_normwise(recipe.operator) else call

    @cached_property
    def inputs(self) -> int:
        """How many different numbers the call is given, in the tensor that has most of them."""
        tensors = calls(self.task.recipe, self.task.aspect)[0].tensors
        plain = [tensor.detach().to_dense().reshape(-1).resolve_conj() for tensor in tensors]
        return max(
            (len(torch.unique(torch.view_as_real(one) if one.is_complex() else one)) for one in plain), default=0
        )

    @cached_property
    def finite_inputs(self) -> bool:
        """Whether no tensor that the call is given holds NaN or an infinity."""
        tensors = [one for sample in calls(self._plain_form, self.task.aspect) for one in sample.tensors]
        return all(bool(one.detach().to_dense().isfinite().all()) for one in tensors)

    @property
    def overflows(self) -> bool:
        """Whether the CPU may be infinite or NaN on the way to an answer that is neither.

        A product of any three numbers of some size leaves float16; other dtypes, extreme inputs alone.
        """
        return self.leaves_range or self.task.recipe.dtype == "float16" or self.precision == "float16"

    @cached_property
    def coarser(self) -> str:
        """dtype of the least precise result that the CPU's kernels have on the way, if it is less than was asked for.

        Where tensors of several dtypes meet, or a ``dtype=`` is given, PyTorch computes parts at the lower precision.
        """
        asked = DTYPES[self.task.recipe.dtype]
        seen = Results()
        try:
            OBSERVE[self.task.aspect](replace(self.task.recipe, destination=""), Setting(self._plain, around=seen))
        except Exception:
            return ""
        asked = asked if asked.kind == "float" else DTYPES["float32"]  # what integers are promoted to
        floats = [DTYPES[name] for name in seen.dtypes if name in DTYPES and DTYPES[name].significand]
        least = min(floats, key=lambda one: one.significand, default=asked)
        return least.name if least.significand < asked.significand else ""

    @cached_property
    def leaves_range(self) -> bool:
        """Whether the precision may run out on the way to an answer that it can hold, so that the CPU is right too.

        A sum of products of two numbers that it is given, or of two that it answers, may be too large or too small for
        its dtype; float64 has a wider range. Integers are promoted to float32, and float16 is added up in it. What is
        asked in between, to see whether a call is remembered, has numbers that no formula is made for.
        """
        if self.task.aspect == "repeat":
            return True
        dtype = DTYPES[self.precision or self.task.recipe.dtype]
        dtype = dtype if dtype.significand else DTYPES["float32"]
        if self.multiplies and self._product_leaves(dtype.torch):
            return True
        largest, least = torch.finfo(dtype.torch).max, smallest_subnormal(dtype.torch)
        root = 1 / self._power
        for sample in calls(self._plain_form, self.task.aspect):  # what a destination held is no input
            for tensor in sample.tensors:
                if tensor.dtype != torch.bool:
                    terms = 1 if dtype.name == "float16" else max(tensor.numel(), 1)
                    sizes = tensor.detach().to_dense().abs().to(torch.float64)
                    sizes = sizes[sizes != 0]
                    usual = (sizes <= (largest / terms) ** root) & (sizes >= least**root)
                    if not bool(usual.all()):  # nor where it is NaN
                        return True
        answers = [one.abs() for one in self.reference if one is not None and dtype.name != "float16"]
        return any(bool((one > largest**root).any()) for one in answers)

    def _is_in(self, table: dict[str, str]) -> bool:
        """Whether a table of :mod:`silicon_cts.catalog.traits` has the operator."""
        return traits.look_up(table, self.task.recipe.operator) is not None

    @property
    def multiplies(self) -> bool:
        """Whether the answers are products of many of the numbers that are given."""
        return self._is_in(traits.PRODUCTS)

    @property
    def shares_roundings(self) -> bool:
        """Whether one rounding inside of a kernel is in many answers: in all products after it, or, as that of a
        coordinate, in all channels."""
        return self.multiplies or self._is_discontinuous

    @property
    def moves_as_one(self) -> bool:
        """Whether how far one element moves says how far others may be off, though none of its digits is certain: of
        the factors of a matrix, and where the rounding of a coordinate decides which number is looked at."""
        return self._is_discontinuous or traits.is_normwise(self.task.recipe.operator)

    @property
    def _is_discontinuous(self) -> bool:
        return self._is_in(traits.DISCONTINUOUS)

    @property
    def is_spectral(self) -> bool:
        """Whether it is found by eigenvalues or singular values."""
        return self._is_in(traits.SPECTRA)

    @property
    def rounds_once(self) -> bool:
        """Whether each answer is one number that was given, rounded; of a gradient, perhaps a sum of them."""
        return self.task.aspect != "gradient" and self._is_in(traits.ROUNDED_ONCE)

    @property
    def is_elementwise(self) -> bool:
        """Whether each answer is a function of one real number of each tensor, so that it is judged by itself."""
        recipe = self.task.recipe
        return (
            self.task.aspect != "gradient"
            and DTYPES[recipe.dtype].kind != "complex"
            and is_elementwise(recipe.operator)
            and not self._is_in(traits.NORMWISE_FUNCTIONS)
        )

    @property
    def is_logarithm(self) -> bool:
        """Whether it is the logarithm of what roundings may make zero; its gradient is not."""
        return self.task.aspect != "gradient" and self._is_in(traits.LOGARITHMS)

    def equal_inputs(self, output: int) -> torch.Tensor | None:
        """Where any of equal elements may get the gradient: for each of them, by an integer, which others were given
        the same number; None where each has a gradient of its own."""
        if self.task.aspect != "gradient" or not self._is_in(traits.SELECTIONS):
            return None
        wanted = [tensor for tensor in calls(self._plain_form, "gradient")[0].tensors if tensor.requires_grad]
        given = wanted[output % len(wanted)].detach()
        return None if given.is_complex() else torch.unique(given.to(torch.float64), return_inverse=True)[1]

    @property
    def divides_by_gaps(self) -> bool:
        """Whether it is the gradient of something that is found by its eigenvalues."""
        return self.is_spectral and self.task.aspect == "gradient"

    @property
    def _power(self) -> float:
        """How many numbers are multiplied on the way: two, or as many as an argument says. Of a gradient, one more."""
        if not self._is_in(traits.POWERS):
            return 2.0
        leaves = calls(self._plain_form, self.task.aspect)[0].leaves
        numbers = [abs(leaf) for leaf in leaves if type(leaf) in (int, float) and math.isfinite(leaf)]
        return float(max([2.0, *numbers])) + (self.task.aspect == "gradient")

    def _product_leaves(self, dtype: torch.dtype) -> bool:
        """Whether the large numbers, or the small ones, have a product that the dtype of an answer does not hold."""
        answers = [one.dtype for one in self.yardstick if one is not None and one.dtype.is_floating_point]
        limits = [torch.finfo(one) for one in (dtype, *answers)]
        largest = math.log2(min(one.max for one in limits))
        least = math.log2(max(float(one.smallest_normal) for one in limits))
        for sample in calls(self._plain_form, self.task.aspect):
            floats = [*filter(is_floating, sample.tensors)]  # integers beside them are places, alone they are promoted
            for tensor in floats or (one for one in sample.tensors if one.dtype != torch.bool):
                sizes = tensor.detach().abs().to(torch.float64)
                exponents = sizes[sizes.isfinite() & (sizes != 0)].log2()
                if float(exponents.clamp(min=0).sum()) > largest or float(exponents.clamp(max=0).sum()) < least:
                    return True
        return False

    @cached_property
    def _of_rounded_inputs(self) -> list[Observed]:
        """The wide answer to the inputs as the precision holds them: a program of lower precision rounds them first."""
        target = DTYPES[self.precision].torch

        def rounded(leaf: Any) -> Any:
            if isinstance(leaf, torch.Tensor) and leaf.is_floating_point():
                return over_memory(leaf, lambda memory: memory.to(target).to(memory.dtype))
            return leaf

        try:
            with _default_dtype(torch.float64):
                return [self._observe(lambda sample: to_wide(self._plain(sample).replace(rounded)))]
        except Exception:
            return []

    def _moved(self, roundings: RoundEverywhere, seed: int, sample: Sample) -> Sample:
        wide = to_wide(self._plain(sample))
        return moved(wide, roundings, seed, promote=self._promoted, besides=besides(self.task.recipe.operator))

    @cached_property
    def _promoted(self) -> int:
        """Of how many tensors the integers are moved: of all, or of the first where others must count (weights)."""
        if not self.discrete:
            return 0
        every = max(len(sample.tensors) for sample in calls(self._plain_form, self.task.aspect))
        roundings = RoundEverywhere(self.roundoff, seed=0)

        def all_moved(sample: Sample) -> Sample:
            return moved(to_wide(self._plain(sample)), roundings, 0, promote=every, besides=None)

        try:
            with _default_dtype(torch.float64):
                self._observe(all_moved)
        except Exception:
            return 1
        return every

    def _as_promoted(self, sample: Sample) -> Sample:
        """With the integers that promotion makes floating numbers of as such."""
        tensors = sample.tensors
        integers = [at for at in range(min(self._promoted, len(tensors))) if not is_floating(tensors[at])]
        if not integers:
            return sample
        return sample.with_tensors([one.to(torch.float64) if at in integers else one for at, one in enumerate(tensors)])

    def _plain(self, sample: Sample) -> Sample:
        """Contiguous, unless the operator's meaning is how its input lies in memory."""
        operator = self.task.recipe.operator
        return sample if traits.look_up(traits.READS_MEMORY, operator) is not None else to_contiguous(sample)

    def _observe(
        self, prepare: Callable[[Sample], Sample], around: AbstractContextManager[Any] | None = None
    ) -> Observed:
        """In the plain form: what is written in place or into ``out=`` is what would have been returned."""
        return OBSERVE[self.task.aspect](self._plain_form, Setting(prepare, around=around or nullcontext())).tensors

    @property
    def _plain_form(self) -> Recipe:
        """Neither in place nor with a destination."""
        return replace(self.task.recipe, form="", destination="", destination_dtype="")


@lru_cache(maxsize=64)
def _kept(task: Task) -> Oracle:
    return Oracle(task)


def oracle(task: Task) -> Oracle:
    """The oracle of a task, kept for the next backend and the next way that asks."""
    precision = task.precision if task.precision != "float32" else ""
    return _kept(replace(task, way="", precision=precision))
