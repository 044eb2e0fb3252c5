"""What is right, how closely, and what is not: one property at a time, on small tensors with known answers."""

import math

import pytest
import torch

from silicon_cts.backends.outcome import Task
from silicon_cts.numerics.comparison import Comparison, K, compare, worst
from silicon_cts.numerics.oracle import PAIRS, Oracle, oracle
from silicon_cts.sampling.observation import OBSERVE, Setting
from silicon_cts.sampling.recipe import Recipe

ULP = 2.0**-23


def task(operator: str, dtype: str = "float32", sample: int = 0, aspect: str = "forward") -> Task:
    return Task(Recipe(operator, dtype, sample), aspect)


def answer(asked: Task) -> list[torch.Tensor]:
    return OBSERVE[asked.aspect](asked.recipe, Setting()).tensors


def compared(asked: Task, change, **options) -> Comparison:
    return compare([change(tensor) for tensor in answer(asked)], oracle(asked), **options)


def test_the_cpu_agrees_elementwise():
    found = compared(task("exp"), lambda t: t)
    assert (found.grade, found.ratio < 2) == ("A", True)


@pytest.mark.parametrize(("factor", "grade"), [(2, "A"), (4, "A"), (100, ""), (1e5, "")])
def test_an_error_of_some_ulp_is_within_the_budget_and_of_many_is_not(factor, grade):
    found = compared(task("exp", sample=0), lambda t: t * (1 + factor * ULP))
    assert found.grade == grade
    assert factor / 2 <= found.ulp <= 2 * factor + 1  # an ulp of the smallest number is half that of the largest


def test_one_wrong_element_is_found_and_named():
    def change(tensor):
        tensor = tensor.clone()
        tensor[7] += 0.25
        return tensor

    found = compared(task("exp"), change)
    assert not found.agrees
    assert found.worst == (7,)
    assert "output 0[7]=" in found.reason
    assert "error budgets off" in found.reason


def test_an_element_that_a_rounding_moves_far_says_nothing_about_the_others():
    """Of two neighbours in a window a rounding decides which is the larger, and so which has the gradient: one element
    moves by all of it. Each other is known to the last digit."""
    near_ties = Recipe("nn.functional.max_pool2d", "float32", 0, sizes=((2, 15), (3, 15), (6, 128)))
    asked = Task(near_ties, "gradient")
    assert compared(asked, lambda tensor: tensor).agrees
    assert not compared(asked, lambda tensor: tensor.roll(1, -1)).agrees


@pytest.mark.parametrize(("operator", "agrees"), [("exp", False), ("reciprocal", False), ("sigmoid", True)])
def test_an_elementwise_function_is_judged_number_by_number(operator, agrees):
    """The smallest number off by a rounding of the largest: of a function that loses small ones, that is allowed."""
    asked = Task(Recipe(operator, "bfloat16", 0, sizes=((20, 257),)), "forward")

    def change(tensor):
        smallest = tensor.abs() == tensor.abs().min()
        return torch.where(smallest, tensor + tensor.abs().max() * 2.0**-8, tensor)

    assert compared(asked, change).agrees is agrees


@pytest.mark.parametrize(("roundings", "grade"), [(6, "A"), (40, "B"), (2000, "")])
def test_it_may_be_off_by_some_more_roundings_than_other_operators(roundings, grade):
    """One of them; were it all, their errors would be on one side."""

    def change(tensor):
        wrong = tensor.clone()
        wrong[7] *= 1 + roundings * ULP / 2
        return wrong

    asked = Task(Recipe("reciprocal", "float32", 0), "forward")
    assert compared(asked, change).grade == grade


@pytest.mark.parametrize(("dim", "agrees"), [(0, True), (1, False)])
def test_of_equal_elements_any_may_get_the_gradient(dim, agrees):
    """All slices are equal, so that the largest is in any of them, but at its place there."""
    asked = Task(
        Recipe("max.reduction_with_dim", "float32", 0, arguments=(("1", 0),), layouts=("expanded",)), "gradient"
    )
    (gradient,) = answer(asked)
    assert bool((gradient.count_nonzero(dim=0) == 1).all())
    assert compared(asked, lambda tensor: tensor.roll(1, dim)).agrees is agrees


@pytest.mark.parametrize(("operator", "flushed"), [("half", True), ("half", False), ("bfloat16", False)])
def test_a_cast_is_judged_number_by_number(operator, flushed):
    """Subnormal numbers that are zero are no smaller mistake where there are large ones, too."""
    asked = Task(Recipe(operator, "float32", 2, sizes=((2, 33),), values=("mixed",)), "forward")

    def change(tensor):
        subnormal = tensor.abs() < torch.finfo(tensor.dtype).smallest_normal
        assert operator != "half" or bool((subnormal & (tensor != 0)).any())
        return tensor.masked_fill(subnormal, 0.0) if flushed else tensor

    assert compared(asked, change).agrees is not flushed


STRUCTURE = {
    "count": (lambda out: out * 2, "outputs=2, but should be 1"),
    "dtype": (lambda out: [out[0].double()], "dtype=float64, but should be float32"),
    "shape": (lambda out: [out[0][:-1]], "shape="),
    "nan": (lambda out: [out[0].index_fill(0, torch.tensor([0]), math.nan)], "=(nan), but should be|=nan, but should be"),
    "infinity": (lambda out: [out[0].index_fill(0, torch.tensor([0]), math.inf)], "=inf, but should be"),
    "none": (lambda out: [None], "gradient 0=none, but should be a tensor"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), STRUCTURE.values(), ids=STRUCTURE)
def test_structure_comes_before_numbers(change, reason):
    asked = task("exp")
    found = compare(change(answer(asked)), oracle(asked))
    assert not found.agrees
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(found.reason)


def test_integers_and_booleans_are_compared_bit_for_bit():
    assert compared(task("add", "int64"), lambda t: t).grade == "exact"
    assert not compared(task("add", "int64"), lambda t: t + 1).agrees
    assert not compared(task("eq", "float32"), torch.logical_not).agrees


def test_what_only_moves_data_is_compared_bit_for_bit():
    asked = task("flip", "bfloat16")
    assert compared(asked, lambda t: t, exact=True).grade == "exact"
    assert not compared(asked, lambda t: t * (1 + 2**-7), exact=True).agrees
    zero = task("zeros_like")
    assert not compared(zero, torch.neg, exact=True).agrees


def test_documented_narrowing_compares_the_values_that_fit():
    asked = task("add", "int64")
    assert not compared(asked, lambda t: t.int()).agrees
    assert compared(asked, lambda t: t.int(), narrows={"int64": "int32"}).agrees
    assert not compared(asked, lambda t: t.int() + 1, narrows={"int64": "int32"}).agrees
    floats = next(
        one for one in (task("zeros_like", sample=i) for i in range(7)) if answer(one)[0].dtype == torch.float64
    )
    assert compared(floats, torch.Tensor.float, narrows={"float64": "float32"}, exact=True).agrees


def test_conditioning_is_measured_on_the_very_input():
    """Near a zero of the answer, half an ulp of the input moves it by many ulp: that is no error of the backend."""
    asked = Task(Recipe("sub", "float32", 3), "forward")
    fixed = Oracle(asked)
    assert compare(answer(asked), fixed).grade == "A"


def test_a_sum_may_be_off_norm_wise_only():
    asked = task("mm")

    def change(tensor):
        return tensor + tensor.abs().max() * ULP * 2

    found = compared(asked, change)
    assert found.grade in ("A", "B")
    assert not compared(asked, lambda t: t + t.abs().max() * 1e-4).agrees


def test_grade_c_is_what_the_cpu_loses_itself_and_is_not_offered_to_the_cpu():
    asked = task("nn.functional.layer_norm", "float16", 0, "gradient")
    own = compare(answer(asked), oracle(asked), own_yardstick=True)
    assert own.grade in ("A", "B")
    assert compare(answer(asked), oracle(asked)).grade == own.grade


def test_metadata_alone_where_values_are_undefined():
    assert compared(task("rand_like"), lambda t: t + 1, values=False).grade == "metadata"
    assert not compared(task("rand_like"), lambda t: t.double(), values=False).agrees


def test_strides_are_a_note_and_no_error():
    found = compared(task("mm"), lambda t: t.t().contiguous().t())
    assert found.agrees
    assert found.notes[0].startswith("strides ")


def test_the_worst_grade_decides_then_the_ratio():
    assert worst([Comparison("A", 3.0), Comparison("B", 0.1)]).grade == "B"
    assert worst([Comparison("A", 0.1), Comparison("A", 3.0)]).ratio == 3.0
    assert worst([Comparison("C"), Comparison("", reason="wrong")]).reason == "wrong"
    assert worst([]).grade == "exact"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "complex64"])
def test_every_precision_has_its_own_budget(dtype):
    asked = task("exp", dtype)
    roundoff = oracle(asked).roundoff
    assert compared(asked, lambda t: t * (1 + 2 * roundoff)).agrees
    assert not compared(asked, lambda t: t * (1 + 50 * K * roundoff)).agrees


@pytest.mark.parametrize(("off", "agrees"), [(2.0**-9, True), (2.0**-9 * 1j, True), (0.5, False), (0.5j, False)])
def test_complex_answers_have_both_parts_at_a_precision_that_has_no_complex_dtype(off, agrees):
    oracle = Oracle(Task(Recipe("mul", "complex64", 0), "forward", precision="bfloat16"))
    answer = oracle.reference[0] + off * oracle.reference[0].abs()
    assert compare([answer.to(torch.complex64)], oracle).agrees is agrees


def test_conditioning_is_not_measured_where_the_rounding_of_the_result_allows_the_error():
    asked = task("exp")
    fixed = Oracle(asked)
    assert compare([answer(asked)[0] * (1 + ULP)], fixed).grade == "A"
    assert not fixed.pairs
    assert not compare([answer(asked)[0] * (1 + 100 * ULP)], fixed).agrees
    assert len(fixed.pairs) == PAIRS[-1]


def test_two_roundings_that_cancel_are_drawn_until_they_do_not():
    """x / |x| has the gradient 1/|x| - 1/|x|: each is rounded in float16, and a few draws may round both alike."""
    asked = task("masked.normalize", "float16", 17, "gradient")
    assert compare(answer(asked), Oracle(asked), own_yardstick=True).agrees
