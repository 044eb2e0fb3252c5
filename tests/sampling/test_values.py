"""Profiles change the values of a sample, by seed, and nothing else."""

import pytest
import torch

from silicon_cts.sampling.draws import Draws
from silicon_cts.sampling.recipe import Recipe, RecipeError
from silicon_cts.sampling.sample import make
from silicon_cts.sampling.values import PROFILES, profile

DTYPES = [
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.complex64,
    torch.int64,
    torch.int8,
    torch.uint8,
    torch.bool,
]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", PROFILES)
def test_dtype_shape_and_layout_are_kept_and_the_seed_decides(name, dtype):
    tensor = torch.arange(40).flip(0).reshape(8, 5).to(dtype).t()
    one, again = (profile(tensor, name, Draws(3)) for _ in range(2))
    assert (one.shape, one.dtype, one.stride()) == (tensor.shape, tensor.dtype, tensor.stride())
    torch.testing.assert_close(one, again, rtol=0, atol=0, equal_nan=True)


def test_profiles_are_what_their_names_say():
    tensor = torch.linspace(3, 1, 60)
    made = {name: profile(tensor, name, Draws(1)) for name in PROFILES}
    assert torch.equal(made["as_is"], tensor)
    assert made["small"].max() < 1e-8 and made["large"].min() > 1e8
    assert made["mixed"].max() / made["mixed"].min() > 1e10
    assert made["ties"].unique().numel() == 3
    assert made["special"].isnan().any() and made["special"].isinf().any()
    assert made["limits"].isfinite().all() and made["limits"].max() == torch.finfo(torch.float32).max
    subnormal = (made["special"] != 0) & (made["special"].abs() < torch.finfo(torch.float32).tiny)
    assert subnormal.any() and (made["special"] == 0).logical_and(made["special"].signbit()).any()


def test_integers_reach_their_limits_and_what_float32_cannot_hold():
    limits = profile(torch.arange(60).flip(0), "limits", Draws(1))
    assert {2**63 - 1, -(2**63), 2**24 + 1} <= set(limits.tolist())


def test_of_booleans_none_all_one_or_all_but_one_are_true():
    """One among many: a reduction that looks at the first block alone would miss it."""
    mask = torch.arange(60) % 3 == 0
    made = {name: int(profile(mask, name, Draws(1)).sum()) for name in PROFILES}
    assert (made["small"], made["limits"], made["special"], made["large"]) == (0, 1, 59, 60)
    assert torch.equal(profile(mask, "as_is", Draws(1)), mask)


def test_nan_has_the_same_bits_on_every_machine():
    """Vector units convert NaN to bfloat16 with a sign, a scalar conversion without."""
    special = profile(torch.arange(60.0).to(torch.bfloat16), "special", Draws(1))
    bits = special.view(torch.int16)[special.isnan()]
    assert len(bits) and set(bits.tolist()) == {0x7FC0}


def test_sorted_tensors_stay_sorted():
    special = profile(torch.arange(20.0), "special", Draws(1))
    assert torch.equal(special.nan_to_num(torch.inf), special.nan_to_num(torch.inf).sort().values)


def test_indices_and_masks_keep_their_values():
    before, after = (make(Recipe("gather", "float32", 0, values=values)).tensors for values in ((), ("special",)))
    assert torch.equal(before[1], after[1])
    assert after[0].isnan().any()


def test_each_tensor_can_have_a_profile_of_its_own():
    tensors = make(Recipe("addmm", "float32", 0, sizes=((2, 9),), values=("as_is", "special", "as_is"))).tensors
    assert [not tensor.isfinite().all() for tensor in tensors] == [False, True, False]


def test_mistakes_are_said():
    with pytest.raises(RecipeError, match="no value profile 'odd'; there are as_is"):
        make(Recipe("sin", "float32", 0, values=("odd",)))
    with pytest.raises(RecipeError, match="2 value profiles for 3 tensors"):
        make(Recipe("addmm", "float32", 0, values=("ties", "ties")))
