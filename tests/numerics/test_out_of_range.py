"""What is right where a number leaves the range of its dtype, or where the answer is undefined but for a rounding."""

from dataclasses import replace

import pytest
import torch

from silicon_cts.backends.outcome import Task
from silicon_cts.numerics.comparison import compare
from silicon_cts.numerics.oracle import Oracle
from silicon_cts.sampling.recipe import Recipe

SINGULAR = Recipe("linalg.cond", "float32", 2, sizes=((2, 65), (5, 4)), apart=("deeper", 0, -1))
GRADED = Recipe("linalg.cond", "complex64", 1, sizes=((2, 256), (5, 3)), leading=(5, 1), values=("mixed",))
BEYOND = Recipe("special.polygamma.special_polygamma_n_0", "float32", 4, sizes=((5, 129),))
CONSTANT = Recipe("corrcoef", "float32", 0, sizes=((2, 1023),), layouts=("expanded",))


def judged(recipe: Recipe, change=lambda cpus: cpus):
    """The grade of the CPU's answer, changed."""
    oracle = Oracle(Task(recipe, "forward"))
    return compare([change(one.clone()) for one in oracle.yardstick], oracle, own_yardstick=True).grade


@pytest.mark.parametrize("recipe", [SINGULAR, GRADED, BEYOND, CONSTANT], ids=lambda recipe: recipe.operator)
def test_the_cpu_is_right(recipe):
    assert judged(recipe)


def test_the_condition_number_of_a_singular_matrix_may_be_any_from_its_own_to_infinity():
    assert judged(SINGULAR, lambda cpus: cpus.fill_(torch.inf))
    assert judged(SINGULAR, lambda cpus: cpus.fill_(1e37))
    assert not judged(SINGULAR, lambda cpus: cpus.fill_(torch.nan))
    assert not judged(Recipe("linalg.cond", "float32", 2), lambda cpus: cpus.fill_(torch.inf))


def test_the_logarithm_of_the_determinant_of_a_singular_matrix_may_be_minus_infinity():
    """Three equal rows: float64 finds the logarithm of a rounding, and where the rows are added otherwise, of zero."""
    equal_rows = Oracle(
        Task(
            Recipe("linalg.slogdet", "float32", 2, seed=2, sizes=((5, 3),), leading=(1,), layouts=("expanded",)),
            "layout",
        )
    )
    _, logarithm = equal_rows.yardstick

    def agrees(oracle: Oracle, logarithm: torch.Tensor) -> bool:
        return compare([oracle.yardstick[0], logarithm], oracle, own_yardstick=True).agrees

    assert agrees(equal_rows, torch.full_like(logarithm, -torch.inf))
    assert not agrees(equal_rows, torch.full_like(logarithm, torch.inf))
    assert not agrees(equal_rows, torch.full_like(logarithm, torch.nan))
    regular = Oracle(Task(Recipe("linalg.slogdet", "float32", 2), "forward"))
    assert not agrees(regular, torch.full_like(regular.yardstick[1], -torch.inf))


@pytest.mark.parametrize(
    ("found", "agrees"), [(-torch.inf, True), (torch.nan, True), (-20.0, True), (torch.inf, False)]
)
def test_of_a_determinant_that_is_a_rounding_or_zero_the_sign_is_not_known_either(found, agrees):
    """Seven equal columns: float64 finds minus infinity or NaN, the CPU NaN, and a third order of its steps a number."""
    equal_columns = Recipe("logdet", "float32", 2, sizes=((5, 7),), layouts=("expanded_last",))
    oracle = Oracle(Task(equal_columns, "layout"))
    vars(oracle)["reference"] = [torch.full_like(oracle.reference[0], -torch.inf)]
    assert compare([torch.full_like(oracle.yardstick[0], found)], oracle, own_yardstick=True).agrees is agrees


def test_what_the_dtype_cannot_hold_is_infinite_or_as_the_cpu_makes_it():
    """129! and more: the CPU multiplies an infinity by zero."""
    oracle = Oracle(Task(BEYOND, "forward"))
    beyond = oracle.reference[0].abs() > torch.finfo(torch.float32).max
    assert bool(beyond.any()) and bool(oracle.yardstick[0][beyond].isnan().any())
    assert judged(BEYOND, lambda cpus: oracle.reference[0].float())
    assert not judged(BEYOND, lambda cpus: torch.where(beyond, 1.0, cpus))


def test_of_what_the_dtype_cannot_hold_rounding_decides_which_is_nan():
    """The gradient of a determinant of 10^69: all elements but a few are NaN on the CPU, others in another order."""
    asked = Recipe("linalg.det", "float32", 2, seed=3, sizes=((5, 129),))
    oracle = Oracle(Task(asked, "gradient"))
    (right,), (cpus,) = oracle.reference, oracle.yardstick
    assert bool((right.abs() > torch.finfo(torch.float32).max).all())
    assert bool(cpus.isnan().any()) and bool(cpus.isinf().any())
    assert compare([torch.full_like(cpus, torch.nan)], oracle, own_yardstick=True).agrees
    assert not compare([torch.full_like(cpus, 1.0)], oracle, own_yardstick=True).agrees
    assert not compare([-right.float()], oracle, own_yardstick=True).agrees


def test_a_quotient_of_what_a_rounding_makes_zero_may_be_a_number_where_the_cpu_finds_one():
    """A constant row has no deviation; the mean of 1,023 equal numbers is off by a rounding."""
    oracle = Oracle(Task(CONSTANT, "forward"))
    assert bool(oracle.reference[0].isnan()) and bool(oracle.yardstick[0].isfinite())
    assert judged(CONSTANT, lambda cpus: cpus.fill_(torch.nan))


def test_nan_that_the_call_was_given_is_no_such_quotient():
    asked = Recipe("add", "float32", 3, values=("special",))
    assert not judged(asked, lambda cpus: cpus.nan_to_num(nan=1.0))


def test_integers_are_judged_in_the_precision_of_what_they_meet():
    """An int64 and a bfloat16 tensor: the distance is a bfloat16 number."""
    asked = Recipe(
        "nn.functional.triplet_margin_loss", "int64", 6, axes=((-2, 5, 15), (-1, 10, 13)),
        values=("large", "as_is", "as_is"), dtypes=("", "bfloat16", ""),
    )  # fmt: skip
    assert Oracle(Task(asked, "forward")).coarser == "bfloat16"
    assert Oracle(Task(Recipe("add", "int64", 3), "forward")).coarser == ""


def test_answers_of_which_a_product_is_too_large_leave_the_range():
    large = Recipe("linalg.householder_product", "float32", 2, axes=((-2, 5, 255), (-1, 5, 65)))
    assert Oracle(Task(large, "forward")).leaves_range
    assert not Oracle(Task(Recipe("linalg.householder_product", "float32", 2), "forward")).leaves_range


def test_complex_numbers_too_may_be_undefined_in_float64_alone():
    """logaddexp in complex128 has subnormal numbers on its way, of which it makes NaN."""
    asked = Recipe("logaddexp", "complex64", 1, sizes=((5, 31),), leading=(65,), values=("mixed",))
    right = Oracle(Task(asked, "forward")).reference[0]
    assert bool(right.isnan().any())
    assert judged(asked, lambda cpus: torch.where(right.isfinite(), right.to(cpus.dtype), cpus))
    assert not judged(asked, lambda cpus: torch.where(right.isfinite(), torch.nan, cpus))


def test_an_answer_without_a_digit_may_be_what_the_cpu_makes_of_it():
    """The gradient of the factors of singular matrices: 1e15 of which not one digit is certain, and NaN on the CPU."""
    asked = Recipe(
        "lu", "complex64", 16, seed=2, sizes=((3, 16), (4, 13), (5, 9)), apart=("deeper", 0, -1), layouts=("conjugate",)
    )
    oracle = Oracle(Task(asked, "gradient"))
    assert bool(oracle.yardstick[0].isnan().any()) and bool(oracle.reference[0].isfinite().all())
    assert compare(list(oracle.yardstick), oracle, own_yardstick=True).agrees
    assert not compare([torch.full_like(one, torch.nan) for one in oracle.yardstick], oracle, own_yardstick=True).agrees


def test_of_zero_too_a_rounding_may_leave_no_digit():
    """Of 31 equal rows the pivots are roundings of roundings, at last subnormal numbers: LAPACK divides by them."""
    asked = Recipe("linalg.ldl_factor_ex", "float32", 0, seed=2, sizes=((5, 31),), layouts=("expanded",))
    oracle = Oracle(Task(asked, "layout"))
    assert compare(list(oracle.yardstick), oracle, own_yardstick=True).agrees


@pytest.mark.parametrize(("right", "agrees"), [(0.0, True), (1.0, False)])
def test_infinity_is_right_where_the_cpu_has_it_and_no_digit_is_certain(right, agrees):
    """The determinant of two equal rows is 0, but for a rounding; it is not 1."""
    oracle = Oracle(Task(Recipe("linalg.det", "float32", 2, sizes=((5, 2),), layouts=("expanded",)), "layout"))
    cpus = oracle.observation
    infinite = torch.full_like(cpus.tensors[0], torch.inf)
    vars(oracle)["reference"] = [torch.full_like(oracle.reference[0], right)]
    moved = [[torch.full_like(infinite, right + off, dtype=torch.float64)] for off in (1e-8, -1e-8)]
    vars(oracle)["pairs"] = [moved] * 8
    assert not compare([infinite], oracle, own_yardstick=True).agrees
    vars(oracle)["observation"] = replace(cpus, tensors=[infinite])  # a CPU that divides by such roundings
    assert compare([infinite], oracle, own_yardstick=True).agrees is agrees


def test_infinity_times_zero_on_the_way_to_a_product_of_many_is_no_answer():
    """The large ones of 132 numbers overflow before a small one comes, or after it."""
    recipe = Recipe("prod", "float32", 35, seed=7, sizes=((4, 33),), leading=(2, 1, 2), values=("large",))
    assert bool(Oracle(Task(recipe, "forward")).yardstick[0].isnan())
    assert judged(recipe)
    few = Recipe("prod", "float32", 0, seed=7)
    assert judged(few) and not judged(few, lambda cpus: cpus.fill_(torch.nan))


def test_an_answer_has_no_digit_where_zero_is_within_its_budget():
    """NaN, where the CPU finds it too: neighbours whose distance rounding makes nothing, in one draw of two."""
    recipe = Recipe("gradient", "float32", 7, seed=7, sizes=((3, 17),), values=("mixed",))
    oracle = Oracle(Task(recipe, "forward"))
    where = (0, 4, 0)
    assert bool(oracle.yardstick[1][where].isnan()) and bool(oracle.reference[1][where].isfinite())
    compared = compare(oracle.yardstick, oracle, own_yardstick=True)
    assert compared.agrees or compared.worst != where


def test_an_undefined_quotient_may_be_a_number_where_a_rounding_makes_it_one():
    """On the CPU it is NaN for contiguous memory, and 1 for expanded memory."""
    recipe = Recipe(
        "corrcoef", "float32", 3, seed=1, axes=((-1, 3, 256),), apart=("flatter", 0, 0), layouts=("expanded",)
    )
    oracle = Oracle(Task(recipe, "layout"))
    assert bool(oracle.reference[0].isnan()) and bool(oracle.yardstick[0].isnan())
    assert compare([torch.ones_like(oracle.yardstick[0])], oracle, own_yardstick=True).agrees


def test_the_power_of_an_order_leaves_the_range_before_a_square_does():
    """The tenth power of 10^10 is infinite on the CPU; of small numbers it is not, and infinity is wrong."""
    large = Recipe("nn.functional.pairwise_distance", "float32", 4, sizes=((3, 31),), values=("large",))
    assert bool(Oracle(Task(large, "forward")).yardstick[0].isinf().any())
    assert judged(large)
    assert not judged(Recipe("nn.functional.pairwise_distance", "float32", 4), lambda cpus: cpus.fill_(torch.inf))
