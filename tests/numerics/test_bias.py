"""Errors on one side are found where every element is within its budget; those of rounding are not."""

import pytest
import torch

from silicon_cts.backends.outcome import Task
from silicon_cts.numerics.bias import MANY, bias
from silicon_cts.numerics.comparison import compare
from silicon_cts.numerics.oracle import Oracle
from silicon_cts.sampling.recipe import Recipe

ULP = {torch.float32: 2.0**-23, torch.float16: 2.0**-10, torch.bfloat16: 2.0**-7}


def truncated(wide: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Rounded towards zero."""
    nearest = wide.to(dtype)
    toward_zero = torch.nextafter(nearest, torch.zeros_like(nearest))
    return torch.where(nearest.to(wide.dtype).abs() > wide.abs(), toward_zero, nearest).to(wide.dtype)


def answers(dtype: torch.dtype, count: int = 4 * MANY, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Right answers of both signs, and a rounding of each."""
    wide = torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return wide, ULP[dtype] / 2 * wide.abs()


def off(
    actual: torch.Tensor, wide: torch.Tensor, dtype: torch.dtype, *perturbed: torch.Tensor, inputs: int = 10**6
) -> float:
    """The bias, in roundings."""
    roundoff = ULP[dtype.to_real()] / 2
    return bias(actual, wide, 2 * roundoff * wide.abs(), perturbed, dtype, roundoff, inputs)


@pytest.mark.parametrize("dtype", ULP)
@pytest.mark.parametrize("seed", range(5))
def test_rounding_to_nearest_is_on_no_side_and_truncation_below_float32_is(dtype, seed):
    wide, _ = answers(dtype, seed=seed)
    assert off(wide.to(dtype).double(), wide, dtype) == 0.0
    assert (off(truncated(wide, dtype), wide, dtype) < -0.5) == (dtype != torch.float32)


@pytest.mark.parametrize("seed", range(20))
def test_random_errors_of_some_budgets_are_on_no_side(seed):
    wide, rounding = answers(torch.float32, seed=seed)
    noise = torch.randn(len(wide), generator=torch.Generator().manual_seed(seed + 100), dtype=torch.float64)
    assert off(wide + 3 * rounding * noise, wide, torch.float32) == 0.0


@pytest.mark.parametrize(("dtype", "roundings"), [(torch.float32, 6), (torch.float16, 1), (torch.bfloat16, 1)])
def test_a_little_too_high_everywhere(dtype, roundings):
    wide, rounding = answers(dtype)
    assert off(wide + roundings * rounding, wide, dtype) == pytest.approx(roundings, abs=0.1)


def test_of_ill_conditioned_elements_nothing_is_said():
    wide, rounding = answers(torch.bfloat16)
    roundoff = 2.0**-8
    assert bias(wide + 6 * rounding, wide, 100 * roundoff * wide.abs(), [], torch.bfloat16, roundoff, 10**6) == 0.0


def test_few_or_equal_elements_say_nothing():
    wide, rounding = answers(torch.float32, MANY - 1)
    assert off(wide + 9 * rounding, wide, torch.float32) == 0.0
    ties = torch.full((10 * MANY,), 1.3, dtype=torch.float64)
    assert off(ties * (1 + 1e-5), ties, torch.float32) == 0.0


def test_errors_that_hang_together_are_on_one_side_by_chance():
    """A common denominator is off by a rounding: so is every quotient, and so are the perturbed answers."""
    wide, _ = answers(torch.float32)
    quotients = wide * (1 + 2.0**-21)
    assert off(quotients, wide, torch.float32) != 0.0
    assert off(quotients, wide, torch.float32, wide * (1 - 2.0**-24)) == 0.0


def test_complex_numbers_part_by_part():
    real, rounding = answers(torch.float32)
    wide = torch.complex(real, real.flip(0))
    assert off(wide.to(torch.complex64).to(torch.complex128), wide, torch.complex64) == 0.0
    assert abs(off(wide + torch.complex(torch.zeros_like(real), 9 * rounding.flip(0)), wide, torch.complex64)) > 1


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("operator", ["log1p", "tanh", "sin"])
def test_a_kernel_that_truncates_disagrees(operator, dtype):
    asked = Task(Recipe(operator, dtype, 0, sizes=((20, 1025),), leading=(3,)), "forward")
    oracle = Oracle(asked)
    (right,), (cpus,) = oracle.reference, oracle.yardstick
    assert compare([cpus], oracle).grade == "A"
    found = compare([truncated(right, cpus.dtype).to(cpus.dtype)], oracle)
    assert not found.agrees
    assert "in the mean of all elements" in found.reason
    assert found.ratio < 3


def test_answers_made_of_few_numbers_have_few_errors_of_their_own():
    wide, rounding = answers(torch.bfloat16)
    noise = torch.rand(len(wide), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shifted = wide + 2 * noise * rounding
    assert off(shifted, wide, torch.bfloat16) > 0.5
    assert off(shifted, wide, torch.bfloat16, inputs=3) == 0.0


def test_roundings_of_an_input_to_less_are_not_the_operators():
    """softmax(x, dtype=bfloat16): the largest number of each row is the same one, and rounded alike."""
    recipe = Recipe(
        "softmax", "float32", 1, sizes=((5, 65),), leading=(1, 2, 1, 3), arguments=(("1", 4), ("dtype", "narrower")),
        layouts=("narrowed",), form="out", destination="transposed",
    )  # fmt: skip
    plain, coarser = (Oracle(Task(recipe, "out", precision=one)) for one in ("", "bfloat16"))
    assert not compare(plain.yardstick, plain, own_yardstick=True).agrees
    assert compare(coarser.yardstick, coarser, own_yardstick=True).agrees
    assert not compare([coarser.yardstick[0] * (1 + 2.0**-3)], coarser, own_yardstick=True).agrees
