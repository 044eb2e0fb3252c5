"""A sample gets other sizes without a word about its operator."""

import subprocess
import sys

import pytest
import torch

from silicon_cts.sampling.draws import Draws
from silicon_cts.sampling.recipe import Recipe, RecipeError
from silicon_cts.sampling.refill import refill
from silicon_cts.sampling.sample import make
from silicon_cts.sampling.shapes import symbols

HASH = """
import hashlib
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make
recipes = [
    Recipe("addmm", "float32", 0, 3, sizes=((2, 17), (3, 33)), values=("special",), layouts=("sliced",) * 3),
    Recipe("gather", "float16", 0, 0, sizes=((10, 64), (5, 3)), values=("mixed",)),
    Recipe("sum", "int64", 10, 1, leading=(2, 3), values=("limits",), layouts=("offset",)),
]
digest = hashlib.sha256()
for recipe in recipes:
    for tensor in make(recipe).tensors:
        digest.update(tensor.detach().resolve_neg().contiguous().numpy().tobytes())
print(digest.hexdigest())
"""


def shapes(recipe: Recipe) -> list[tuple[int, ...]]:
    return [tuple(tensor.shape) for tensor in make(recipe).tensors]


def test_the_same_size_is_the_same_symbol_in_every_tensor_and_integer():
    plain = Recipe("addmm", "float32", 0)
    assert shapes(plain) == [(2, 3), (2, 2), (2, 3)]
    assert symbols(make(plain)) == (2, 3)
    assert shapes(Recipe("addmm", "float32", 0, sizes=((2, 7), (3, 0)))) == [(7, 0), (7, 7), (7, 0)]
    norm = make(Recipe("nn.functional.layer_norm", "float32", 0, sizes=((2, 5), (3, 33))))
    assert norm.arguments()[0][1] == (1, 5, 33)
    assert norm.run().shape == (1, 5, 33)


def test_leading_dimensions_go_to_the_tensors_of_highest_rank():
    assert shapes(Recipe("add", "float32", 0, leading=(2, 1, 3))) == [(2, 1, 3), (2, 1, 3)]
    assert shapes(Recipe("addmm", "float32", 5, leading=(4,))) == [(10,), (4, 5, 0), (4, 0, 10)]


def test_tensors_that_keep_their_shape_keep_their_bits():
    before, after = (make(Recipe("addmm", "float32", 5, sizes=sizes)).tensors for sizes in ((), ((5, 3),)))
    assert torch.equal(before[0], after[0])


def test_values_are_those_of_the_original():
    before, after = (make(Recipe("acosh", "float32", 0, sizes=sizes)).tensors[0] for sizes in ((), ((20, 65),)))
    assert set(after.detach().flatten().tolist()) == set(before.detach().flatten().tolist())
    assert after.requires_grad


def test_another_process_makes_the_same_bits_of_generated_recipes(capsys):
    other = subprocess.run([sys.executable, "-c", HASH], capture_output=True, text=True, check=True)
    exec(HASH, {})
    assert capsys.readouterr().out == other.stdout
    assert len(other.stdout) == 65


def test_random_integers_never_change():
    assert Draws(7, 1).integers(1000, 5).tolist() == [757, 548, 490, 179, 516]
    assert sorted(Draws(0).picks(5, 10).tolist()[:5]) == [*range(5)]


def test_indices_reach_the_new_size_and_stay_distinct():
    index = torch.tensor([[0, 3], [2, 1], [4, 0]])  # distinct along both dimensions, below 5
    new = refill(index, (40, 2), {5: 64, 3: 40}, Draws(1))
    assert 40 < int(new.max()) < 64
    assert new[:, 0].unique().numel() == 40 or new[0].unique().numel() == 2
    assert int(refill(index, (3, 2), {5: 2}, Draws(1)).max()) < 2


def test_sorted_rows_stay_sorted():
    new = refill(torch.tensor([1.0, 2.0, 5.0, 9.0]), (33,), {4: 33}, Draws(1))
    assert torch.equal(new, new.sort().values)


@pytest.mark.parametrize("size", [2, 3, 7, 33])
def test_matrices_stay_definite_and_triangular(size):
    spread = torch.arange(9.0).reshape(3, 3)
    definite = refill(spread @ spread.T + torch.eye(3), (2, size, size), {}, Draws(1))
    torch.linalg.cholesky(definite)
    triangular = refill(spread.tril() + torch.eye(3), (size, size), {}, Draws(1))
    assert torch.equal(triangular, triangular.tril())


def test_a_size_that_the_sample_does_not_have_is_said():
    with pytest.raises(RecipeError, match="no dimension of size 9"):
        make(Recipe("addmm", "float32", 0, sizes=((9, 3),)))
