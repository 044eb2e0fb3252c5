"""The same recipe makes the same sample, bit for bit, in any process."""

import os
import subprocess
import sys

import pytest
import torch

from silicon_cts.sampling.effort import spread
from silicon_cts.sampling.layout import over_memory
from silicon_cts.sampling.observation import OBSERVE, Setting, cotangent, draws_random_numbers, on_device, to_wide
from silicon_cts.sampling.recipe import Recipe, RecipeError
from silicon_cts.sampling.sample import make, samples

HASH = """
import hashlib
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make
digest = hashlib.sha256()
named = ("add", "nn.functional.conv2d", "linalg.svd", "nn.functional.dropout", "index_put", "meshgrid.list_of_tensors")
for operator in named:
    sample = make(Recipe(operator, "float32", 3, 7))
    digest.update(str(sample.arguments()[1]).encode())
    for tensor in sample.tensors:
        digest.update(tensor.detach().contiguous().numpy().tobytes())
print(digest.hexdigest())
"""


def test_two_processes_make_the_same_bits_whatever_the_order_of_their_sets():
    runs = [
        subprocess.run(
            [sys.executable, "-c", HASH], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed in ("0", "4")
    ]  # fmt: skip
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout) == 65


def test_another_seed_makes_other_values_of_the_same_shapes():
    one, other = (make(Recipe("add", "float32", 3, seed)).tensors for seed in (0, 1))
    assert [t.shape for t in one] == [t.shape for t in other]
    assert not torch.equal(one[0], other[0])


def test_making_a_sample_leaves_the_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    samples.cache_clear()
    torch.manual_seed(5)
    make(Recipe("add", "float32", 0))
    assert torch.equal(torch.rand(1), expected)


def test_a_sample_has_tensors_of_its_own():
    recipe = Recipe("add", "float32", 3)
    make(recipe).tensors[0].detach().zero_()
    assert make(recipe).tensors[0].abs().sum() > 0


def test_recipes_are_json_and_mistakes_in_them_are_said():
    recipe = Recipe("add", "float32", 3, 1)
    assert Recipe.from_json(recipe.to_json()) == recipe
    with pytest.raises(RecipeError, match="unknown keys"):
        Recipe.from_json({"operator": "add", "dtype": "float32", "sample": 0, "colour": 1})
    with pytest.raises(RecipeError, match="has no operator 'nope'"):
        make(Recipe("nope", "float32", 0))
    with pytest.raises(RecipeError, match="no 999"):
        make(Recipe("add", "float32", 999))
    with pytest.raises(RecipeError, match="no samples of nn.functional.conv2d in bool"):
        make(Recipe("nn.functional.conv2d", "bool", 0))


LAYOUTS = {
    "transposed": torch.arange(12.0).reshape(3, 4).t(),
    "sliced": torch.arange(24.0)[3:20:2],
    "expanded": torch.arange(3.0).reshape(3, 1).expand(3, 4),
    "conjugate": torch.arange(6.0).to(torch.complex64).conj(),
    "negative": torch._neg_view(torch.arange(6.0)),
}


@pytest.mark.parametrize("tensor", LAYOUTS.values(), ids=LAYOUTS)
def test_layout_survives_a_change_of_memory(tensor):
    copy = over_memory(tensor, torch.clone)
    assert copy.stride() == tensor.stride()
    assert copy.storage_offset() == tensor.storage_offset()
    assert (copy.is_conj(), copy.is_neg()) == (tensor.is_conj(), tensor.is_neg())
    assert torch.equal(copy, tensor)
    assert copy.untyped_storage().data_ptr() != tensor.untyped_storage().data_ptr()


def test_wide_is_the_same_call_in_float64():
    sample = to_wide(make(Recipe("sum", "float16", 1)))
    assert {tensor.dtype for tensor in sample.tensors} == {torch.float64}
    assert sample.run().dtype == torch.float64


def test_a_sample_moves_to_another_device_as_it_lies():
    moved = on_device("meta").sample(make(Recipe("nn.functional.conv2d", "float32", 0)))
    assert {tensor.device.type for tensor in moved.tensors} == {"meta"}
    assert [t.stride() for t in moved.tensors] == [
        t.stride() for t in make(Recipe("nn.functional.conv2d", "float32", 0)).tensors
    ]


def test_cotangents_are_exact_in_every_dtype_and_no_ones():
    wide = cotangent(torch.empty(40, dtype=torch.float64), 3)
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        assert torch.equal(cotangent(torch.empty(40, dtype=dtype), 3).double(), wide)
    assert len(wide.unique()) > 20
    assert wide.abs().max() <= 1


def test_a_gradient_is_that_of_the_chain_rule():
    recipe = Recipe("sin", "float32", 0, 5)
    (got,) = OBSERVE["gradient"](recipe, Setting()).tensors
    (x,) = make(recipe).tensors
    torch.testing.assert_close(got, torch.cos(x.detach()) * cotangent(x.detach(), 5))


def test_random_calls_are_known_from_those_that_are_not():
    drawn = [draws_random_numbers(make(Recipe("nn.functional.dropout", "float32", i))) for i in range(19)]
    assert any(drawn)
    assert not draws_random_numbers(make(Recipe("nn.functional.dropout", "float32", drawn.index(False))))
    assert not draws_random_numbers(make(Recipe("add", "float32", 0)))


def test_spread_takes_first_and_last():
    assert spread(5, 8) == [0, 1, 2, 3, 4]
    assert spread(100, 4) == [0, 33, 66, 99]
    assert spread(100, None) == list(range(100))
    assert spread(9, 1) == [0]
