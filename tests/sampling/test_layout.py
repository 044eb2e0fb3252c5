"""The same values lie in memory in every way that a kernel may meet."""

import pytest
import torch

from silicon_cts.sampling.layout import LAYOUTS, SHARED, applicable, garbage, lay_out
from silicon_cts.sampling.recipe import Recipe, RecipeError
from silicon_cts.sampling.sample import make

DTYPES = [torch.float32, torch.float16, torch.complex64, torch.int64, torch.uint8, torch.bool]
SHAPES = [(), (3,), (2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 1, 3, 2, 4), (0, 3)]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_dtype_and_shape_are_kept(shape, dtype):
    tensor = torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)
    for name in applicable(shape, dtype):
        laid = lay_out(tensor, name)
        assert (laid.shape, laid.dtype) == (tensor.shape, tensor.dtype)
        assert torch.equal(laid, tensor) or name in SHARED


def strided(name: str, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return lay_out(torch.ones(shape, dtype=dtype), name)


def test_each_layout_is_what_its_name_says():
    assert strided("transposed", (2, 3)).stride() == (1, 2)
    assert strided("permuted", (2, 3, 4)).stride() == (1, 8, 2)
    assert strided("sliced", (2, 3)).stride() == (9, 2)
    assert strided("narrowed", (2, 3)).stride() == (6, 1)
    assert strided("expanded", (2, 3)).stride() == (0, 1)
    assert strided("expanded", (1, 3)).stride()[1] == 0
    assert strided("expanded_last", (2, 3, 1)).stride()[:2] == (1, 0)
    assert "expanded_last" not in applicable((1, 3), torch.float32)  # it would lie as expanded
    assert strided("channels_last", (2, 3, 4, 5)).is_contiguous(memory_format=torch.channels_last)
    assert strided("channels_last", (2, 3, 2, 4, 5)).is_contiguous(memory_format=torch.channels_last_3d)
    assert strided("channels_last_sliced", (2, 3, 4, 5)).stride() == (120, 1, 30, 6)
    assert strided("conjugate", (2,), torch.complex64).is_conj()
    assert strided("negative", (2,)).is_neg()
    assert strided("offset", ()).storage_offset() == 3


@pytest.mark.parametrize("name", ["sliced", "narrowed", "offset", "channels_last_sliced"])
def test_neighbours_are_garbage_that_shows_when_it_is_read(name):
    laid = strided(name, (2, 3, 4, 5))
    memory = torch.as_strided(laid, (laid.untyped_storage().nbytes() // 4,), (1,), 0)
    assert memory.isnan().sum() == memory.numel() - laid.numel() > 0


def test_a_recipe_lays_out_each_tensor():
    sample = make(Recipe("addmm", "float32", 0, layouts=("expanded", "transposed", "sliced")))
    assert [tensor.stride() for tensor in sample.tensors] == [(0, 1), (1, 2), (9, 2)]
    assert all(tensor.requires_grad and tensor.is_leaf for tensor in sample.tensors)


def test_mistakes_are_said():
    with pytest.raises(RecipeError, match="no layout 'diagonal'; there are contiguous"):
        make(Recipe("sin", "float32", 0, layouts=("diagonal",)))
    with pytest.raises(RecipeError, match="cannot lie channels_last"):
        make(Recipe("addmm", "float32", 0, layouts=("channels_last",) * 3))
    with pytest.raises(RecipeError, match="2 layouts for 3 tensors"):
        make(Recipe("addmm", "float32", 0, layouts=("sliced",) * 2))
    assert next(iter(LAYOUTS)) == "contiguous"


def test_zeros_keep_their_sign():
    """However many are read at once: of lazily negated ones the CPU takes other kernels for few than for many."""
    zeros = torch.zeros(40, dtype=torch.complex64)
    for name in applicable(zeros.shape, zeros.dtype):
        laid = lay_out(zeros, name)
        for some in (laid, laid[:1]):
            one = torch.view_as_real(some.resolve_conj().resolve_neg())
            assert not bool(torch.signbit(one).any()), name


def test_an_empty_tensor_lies_in_no_huge_memory():
    assert lay_out(torch.empty(1024, 0, 255, 255), "channels_last_sliced").untyped_storage().nbytes() == 0


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.int64, torch.int8]
)
@pytest.mark.parametrize(
    "change",
    [torch.Tensor.abs_, lambda memory: memory.add_(1), lambda memory: memory.mul_(2)],
    ids=("abs", "add", "mul"),
)
def test_an_operator_that_also_runs_over_the_gaps_changes_them(dtype, change):
    """NaN stays NaN under most of them: its bits do not."""
    memory = garbage(dtype, 9)
    before = memory.clone()
    if dtype.is_complex:
        change = {torch.Tensor.abs_: torch.Tensor.sgn_}.get(change, change)  # there is no abs_ of complex numbers
    change(memory)
    assert (memory.view(torch.uint8) != before.view(torch.uint8)).any()
