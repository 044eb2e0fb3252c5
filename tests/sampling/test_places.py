"""Two numbers that are put into one place: either may stay, so that nothing is asked."""

from dataclasses import replace

import pytest
import torch

from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.validity import refusal, takes


def of_one_place(sample, values):
    """Every index is the first place, and what is put there is ``values``, a number or as it was."""
    x, *others = sample.tensors
    given = [torch.zeros_like(one) if one.dtype == torch.int64 else one for one in others]
    if values is not None:
        given = [one if one.dtype == torch.int64 else torch.full_like(one, values) for one in given]
        x = torch.full_like(x, values)
    return sample.with_tensors([x, *given])


def first(operator, wanted):
    return next(one for one in samples(operator, "float32", 0) if wanted(one))


def puts_several(sample):
    return all(one.dtype != torch.bool and one.numel() > 1 for one in sample.tensors)


def adds(sample):
    return any(leaf is True for leaf in sample.leaves)


@pytest.mark.parametrize(
    "operator", ["scatter", "index_copy", "put", *(f"nn.functional.max_unpool{n}d" for n in (1, 2, 3))]
)
def test_different_numbers_in_one_place_are_not_asked_and_equal_ones_are(operator):
    sample = first(operator, lambda one: puts_several(one) and one.tensors[-1].shape[-1] > 1 and not adds(one))
    assert takes(operator, sample)
    assert not takes(operator, of_one_place(sample, None))
    assert takes(operator, of_one_place(sample, 3.0))


@pytest.mark.parametrize(("accumulate", "asked"), [(False, False), (True, True)])
def test_numbers_that_are_added_up_may_share_a_place(accumulate, asked):
    sample = first("put", lambda one: puts_several(one) and adds(one) == accumulate)
    assert takes("put", of_one_place(sample, None)) == asked
    sample = first("index_put", lambda one: adds(one) and puts_several(one))
    leaves = [leaf if leaf is not True else accumulate for leaf in sample.leaves]
    assert takes("index_put", of_one_place(replace(sample, leaves=tuple(leaves)), None)) == asked


def test_nothing_may_have_any_rank():
    sample = samples("scatter", "float32", 0)[0]
    x, _, source = sample.tensors
    assert takes("scatter", sample.with_tensors([x, torch.empty(0, 1, 2, dtype=torch.int64), source]))


def test_nothing_may_be_put_beyond_the_last_place():
    sample = first("index_copy", puts_several)
    x, index, source = sample.tensors
    assert sample.leaves[1] == -1
    assert takes("index_copy", sample.with_tensors([x[:0], torch.full_like(index, 2**24), source[:0]]))


def test_a_recipe_that_makes_more_numbers_than_places_is_refused():
    recipe = Recipe("nn.functional.max_unpool2d.grad", "float32", 7, axes=((-3, 2, 33),), values=("small",))
    assert make(recipe).run().numel() > make(recipe).tensors[0].numel()
    assert "undefined" in (refusal(recipe) or "")
