"""Which calls are made in between: each another in one thing, and taken by the CPU."""

import torch

from silicon_cts.sampling.families import variations
from silicon_cts.sampling.observation import OBSERVE, Setting
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.related import related
from silicon_cts.sampling.sample import make, samples
from silicon_cts.sampling.validity import takes

ATTENTION = "nn.functional.scaled_dot_product_attention"


def test_an_argument_is_given_otherwise_on_the_same_tensors():
    recipe = Recipe(ATTENTION, "float32", 0)
    shapes = [tensor.shape for tensor in make(recipe).tensors]
    alike = [one for one in related(recipe) if [tensor.shape for tensor in one.tensors] == shapes]
    assert "scale" not in make(recipe).arguments()[1]
    assert any(one.arguments()[1].get("scale") not in (None, 1.0) for one in alike)


def test_numbers_stand_in_the_place_of_tensors_that_have_elements():
    numbers = [leaf for one in related(Recipe("clamp", "float32", 0)) for leaf in one.leaves if type(leaf) is float]
    assert numbers == [1e-7, 1e-7, 3e-7, 3e-7]
    assert related(Recipe("clamp", "float32", 0, leading=(0,)))


def test_the_sample_that_a_recipe_varies_is_among_them():
    varied = Recipe("cummin", "float32", 0, sizes=((5, 7),))
    own = make(Recipe("cummin", "float32", 0))
    assert any(
        len(one.leaves) == len(own.leaves)
        and all(torch.equal(a, b) for a, b in zip(one.tensors, own.tensors, strict=True))
        for one in related(varied)
    )


def test_the_cpu_takes_the_sums_of_products():
    for sample in samples("einsum", "float32", 0):
        for key, equations in variations("einsum", sample).items():
            assert all("->" in one for one in equations)
            assert key == "1"
    batched = next(one for one in samples("einsum", "float32", 0) if [t.ndim for t in one.tensors] == [3, 3])
    square = batched.with_tensors([torch.rand(3, 3, 3), torch.rand(3, 3, 3)])
    for equation in variations("einsum", batched)["1"]:
        assert takes("einsum", square.replace(lambda leaf, e=equation: e if isinstance(leaf, str) else leaf))


def test_a_call_in_between_that_changes_its_inputs_changes_them_every_time():
    """Running statistics: what is kept for the next observation must not be what this one wrote to."""
    recipe = Recipe("nn.functional.batch_norm", "float32", 2, seed=1, sizes=((3, 1024),))
    first, second = (OBSERVE["repeat"](recipe, Setting()) for _ in range(2))
    assert first.violations == second.violations
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(first.tensors, second.tensors, strict=True))
