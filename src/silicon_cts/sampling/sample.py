"""Which concrete call does a recipe stand for?

``op_db`` makes an operator's samples one after the other from the global random state, so they are made all at once
under one seed and kept: sample 7 is then the same bits in every process, whoever asks first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_flatten

from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.catalog.operators import op_info
from silicon_cts.sampling import apart, arguments, forms, layout, promotion, shapes, values
from silicon_cts.sampling.call import Sample as Sample
from silicon_cts.sampling.layout import over_memory
from silicon_cts.sampling.portable import Portable, in_order
from silicon_cts.sampling.recipe import Recipe, RecipeError


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Every global random generator that op_db uses starts from ``seed``; their states come back afterwards."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


def _detach(leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor):
        wants_gradient = leaf.requires_grad
        return leaf.detach().requires_grad_(wants_gradient)
    return leaf


@lru_cache(maxsize=4)
def samples(operator: str, dtype: str, seed: int) -> tuple[Sample, ...]:
    """All of op_db's samples of an operator in one dtype, on the CPU; tensors that can have a gradient ask for one.

    Raises RecipeError when the operator is unknown to this torch or has no samples in the dtype.
    """
    try:
        info = op_info(operator)
    except KeyError:
        raise RecipeError(f"torch {torch.__version__} has no operator {operator!r} in op_db") from None
    if DTYPES[dtype].torch not in info.supported_dtypes("cpu"):
        raise RecipeError(f"op_db has no samples of {operator} in {dtype} on the CPU")
    differentiable = info.supports_autograd and DTYPES[dtype].torch in info.supported_backward_dtypes("cpu")
    with seeded(seed), Portable():  # type: ignore[no-untyped-call]
        # Not info.sample_inputs(): it seeds anew for each sample, and walks the stack for a unittest, 0.07 s each time.
        made = info.sample_inputs_func(info, "cpu", DTYPES[dtype].torch, differentiable)
        return tuple(_call(info.op, sample) for sample in in_order(operator, made))


@lru_cache(maxsize=4)
def errors(operator: str, seed: int) -> tuple[Sample, ...]:
    """op_db's calls of an operator that must be refused; their dtypes are their own. Raises RecipeError."""
    try:
        info = op_info(operator)
    except KeyError:
        raise RecipeError(f"torch {torch.__version__} has no operator {operator!r} in op_db") from None
    if info.error_inputs_func is None:
        return ()
    with seeded(seed), Portable():  # type: ignore[no-untyped-call]
        # Not info.error_inputs(), for the same reasons.
        return tuple(_call(info.op, wrong.sample_input) for wrong in info.error_inputs_func(info, "cpu"))


def _call(operator: Callable[..., Any], sample: Any) -> Sample:
    leaves, spec = tree_flatten(((sample.input, *sample.args), dict(sample.kwargs)))
    return Sample(operator, tuple(_detach(leaf) for leaf in leaves), spec, sample.output_process_fn_grad)


def make(recipe: Recipe) -> Sample:
    """The sample of a recipe: tensors of its own, bit-identical in every process. Raises RecipeError."""
    return copy(_made(recipe))


@lru_cache(maxsize=128)
def _made(recipe: Recipe) -> Sample:
    """Nobody may write to its tensors: a backend, the yardstick and the oracle are given copies one after the other."""
    seed = (recipe.seed, recipe.sample)
    sample = copy(_sized(recipe.operator, recipe.dtype, *seed, recipe.form, recipe.sizes, recipe.leading, recipe.axes))
    if recipe.apart:
        sample = apart.apply(sample, recipe.apart)
    if recipe.arguments:
        sample = arguments.replace(sample, recipe.arguments)
    if recipe.values:
        sample = values.apply(sample, recipe.values, recipe.dtype, seed, recipe.operator)
    if recipe.dtypes:
        sample = promotion.cast(sample, recipe.dtypes)
    if recipe.layouts:
        sample = layout.apply(sample, recipe.layouts)
    if recipe.wanted:
        sample = _wanting(sample, recipe.wanted)
    return forms.apply(sample, recipe.form, recipe.destination, recipe.destination_dtype, op_info(recipe.operator))


@lru_cache(maxsize=128)
def _sized(
    operator: str,
    dtype: str,
    seed: int,
    index: int,
    form: str,
    sizes: tuple[tuple[int, int], ...],
    leading: tuple[int, ...],
    axes: tuple[tuple[int, int, int], ...],
) -> Sample:
    """One of op_db's samples in other sizes, which all aspects and value profiles share: nobody may write to it."""
    made = errors(operator, seed) if form == forms.WRONG else samples(operator, dtype, seed)
    if not 0 <= index < len(made):
        raise RecipeError(f"{operator} has {len(made)} samples in {dtype}; no {index}")
    if not (sizes or leading or axes):
        return made[index]
    return shapes.resize(made[index], sizes, leading, (seed, index), axes)


def _wanting(sample: Sample, wanted: tuple[int, ...]) -> Sample:
    """Gradients are asked of these tensors alone. Raises RecipeError for one that can have none."""
    tensors = sample.tensors
    if wrong := [index for index in wanted if index >= len(tensors) or not tensors[index].requires_grad]:
        raise RecipeError(f"tensor {wrong[0]} of {len(tensors)} has no gradient")
    return sample.with_tensors([tensor.requires_grad_(index in wanted) for index, tensor in enumerate(tensors)])


def copy(sample: Sample) -> Sample:
    """The same call with tensors of its own, which it may write to."""
    return sample.replace(lambda leaf: over_memory(leaf, torch.clone) if isinstance(leaf, torch.Tensor) else leaf)
