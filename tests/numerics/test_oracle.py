"""The oracle: float64 on the same rounded inputs, and how far rounding alone can move it."""

import math

import pytest
import torch

from silicon_cts.backends.outcome import Task
from silicon_cts.numerics.budget import budget, conditioning, smallest_subnormal
from silicon_cts.numerics.oracle import NoOracleError, Oracle
from silicon_cts.numerics.perturbation import RoundEverywhere
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make


def test_reference_is_the_wide_answer_on_the_rounded_inputs():
    asked = Task(Recipe("exp", "float16", 0), "forward")
    (x,) = make(asked.recipe).tensors
    torch.testing.assert_close(Oracle(asked).reference[0], x.detach().double().exp(), rtol=0, atol=0)


def test_perturbed_answers_lie_within_some_roundings():
    oracle = Oracle(Task(Recipe("mul", "float32", 3), "forward"))
    for answer in oracle.perturbed():
        assert 0 < ((answer[0] - oracle.reference[0]) / oracle.reference[0]).abs().max() < 8 * oracle.roundoff


def test_perturbations_are_the_same_every_time():
    first, second = (Oracle(Task(Recipe("tanh", "float32", 0), "forward")).perturbed() for _ in range(2))
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, second, strict=True))


def test_a_domain_touched_at_its_edge_is_left_on_one_side_only():
    def acos(x):
        return torch.acos(x)

    reference = acos(torch.tensor([1.0], dtype=torch.float64))
    outside, inside = (
        acos(torch.tensor([1 + 1e-7], dtype=torch.float64)),
        acos(torch.tensor([1 - 1e-7], dtype=torch.float64)),
    )
    assert conditioning(reference, [outside]).item() == 0
    assert conditioning(reference, [outside, inside]).item() == pytest.approx(4.47e-4, rel=1e-2)


def test_rounding_leaves_representable_numbers_and_moves_the_others():
    values = torch.tensor([1.0, 0.5, 3.0, 0.1, 2.0**30 + 1], dtype=torch.float64)
    with RoundEverywhere(2.0**-24, seed=0):
        moved = values + 0
    assert torch.equal(moved[:3], values[:3])
    assert (moved[3:] != values[3:]).all()
    assert ((moved - values) / values).abs().max() <= 2.0**-24 * 1.0001


def test_intermediate_cancellation_is_measured():
    """``(x + 1e6) - 1e6`` is x, but no float32 implementation of the two steps can return it to 7 digits."""
    x = torch.tensor([0.1], dtype=torch.float64)
    with RoundEverywhere(2.0**-24, seed=0):
        off = ((x + 1e6) - 1e6 - x).abs().item()
    assert 1e-3 < off < 0.2


@pytest.mark.parametrize(
    "largest",
    [torch.amax, torch.max, lambda x: torch.aminmax(x).max, lambda x: torch.linalg.vector_norm(x, float("inf"))],
    ids=["amax", "max", "aminmax", "norm"],
)
def test_the_largest_of_moved_numbers_is_one_of_them(largest):
    """Its backward looks for it among them: where it were none, the gradient would be 0 / 0."""
    x = torch.tensor([0.1, 0.7], dtype=torch.float64, requires_grad=True)
    with RoundEverywhere(2.0**-24, seed=0):
        (gradient,) = torch.autograd.grad(largest(x * 1.1), x)
    assert gradient.tolist() == pytest.approx([0.0, 1.1], rel=2.0**-23)


def test_a_norm_that_is_a_sum_is_rounded():
    x = torch.tensor([0.1, 0.7], dtype=torch.float64)
    with RoundEverywhere(2.0**-24, seed=0):
        assert 1e-9 < abs(torch.linalg.vector_norm(x).item() / 0.5**0.5 - 1) < 2.0**-23


def test_the_angle_of_a_complex_power_is_rounded_whatever_the_exponent_is():
    """7 log(10^10) is 161, and the number 7 is not off by a rounding."""
    large = Recipe("pow", "complex64", 2, seed=1, sizes=((5, 4),), apart=("number", 1, 0), values=("large",))
    asked = Oracle(Task(large, "forward"))
    right, (moved, *_) = asked.reference[0], asked.perturbed(1)
    turned = ((moved[0] - right) / right).abs() / asked.roundoff
    assert turned[turned.isfinite()].median() > 10


def test_the_sum_of_a_log_softmax_is_rounded():
    """Of logits 20 apart the larger one's is -2e-9, or 0 in float32: the sum of 1 and 2e-9 is 1 there."""
    logits = torch.tensor([[20.0, 0.0], [0.0, -2000.0]], dtype=torch.float64)
    with RoundEverywhere(2.0**-24, 0):
        rounded = torch.log_softmax(logits, -1)
    off = (rounded - torch.log_softmax(logits, -1)).abs()
    assert 2.0**-26 < off[0, 0] < 2.0**-23
    assert off[1, 0] == 0.0  # 1 and nothing


def test_the_sum_of_a_logsumexp_is_rounded():
    """Of 0 and -6 it is the logarithm of 1.0025, which float32 knows to 2^-24 of 1."""
    numbers = torch.tensor([[0, -6], [0, -2000], [100, 99]], dtype=torch.float64)
    right = torch.logsumexp(numbers, 1)
    with RoundEverywhere(2.0**-24, 0):
        off = (torch.logsumexp(numbers, 1) - right).abs()
    assert 2.0**-26 < off[0] < 2.0**-23
    assert off[1] == 0.0
    assert 2.0**-20 < off[2] < 2.0**-16  # of 100 itself


@pytest.mark.parametrize("of_infinity", [[math.inf, 0.0], [-math.inf, -math.inf]])
def test_the_sum_of_a_logsumexp_of_infinity_is_left_alone(of_infinity):
    with RoundEverywhere(2.0**-24, 0):
        assert torch.logsumexp(torch.tensor(of_infinity).double(), 0) == of_infinity[0]


@pytest.mark.parametrize("renorm", [torch.renorm, torch.Tensor.renorm_])
def test_all_numbers_of_a_slice_are_renormed_by_the_same_rounded_factor(renorm):
    """The mean of the errors of the first slice is its factor's; the second one is not scaled."""
    generator = torch.Generator().manual_seed(0)
    numbers = torch.rand(2, 4096, dtype=torch.float64, generator=generator) * torch.tensor([[1.0], [0.01]])
    right = torch.renorm(numbers, 1, 0, 100.0)
    with RoundEverywhere(2.0**-8, 0):
        scaled = renorm(numbers, 1, 0, 100.0)
    off = (scaled / right - 1).mean(1).abs()
    assert off[0] > 2.0**-9
    assert off[1] < 2.0**-11


def test_the_widths_of_a_density_are_differences_of_rounded_edges():
    """Three bins around one number: 1/3 wide, between edges of the size of 8 that float32 rounds."""
    x = torch.tensor(8.922160148620605, dtype=torch.float64)
    for counts, low, high in ((3, 2.0**-22, 2.0**-17), (torch.tensor([8.5, 9.5], dtype=torch.float64), 0.0, 2.0**-23)):
        right = torch.histogram(x, counts, density=True).hist.max()
        with RoundEverywhere(2.0**-24, seed=0):
            moved = torch.histogram(x, counts, density=True).hist.max()
        assert low <= (moved / right - 1).abs().item() <= high


def test_roundings_of_a_large_number_are_not_all_whole_periods():
    """sin(pi x) is 0 for all integers: of 2^24 and more, one rounding of float32 leads to the next of them."""
    oracle = Oracle(
        Task(Recipe("sinc", "int64", 0, seed=4, sizes=((20, 5),), leading=(4,), values=("large",)), "forward")
    )
    right = oracle.reference[0]
    first, all_ = (conditioning(right, [one[0] for one in oracle.perturbed(pairs)]).min() for pairs in (2, 8))
    assert first < 1e-13 < 1e-9 < all_ < 2.0**-24


def test_integers_are_moved_though_others_beside_them_must_count():
    """``cov`` takes floating numbers, but no floating ``fweights``."""
    oracle = Oracle(Task(Recipe("cov", "int64", 13, seed=4, sizes=((2, 3),), values=("large",) * 3), "forward"))
    assert [tensor.dtype for tensor in make(oracle.task.recipe).tensors][:2] == [torch.int64, torch.int32]
    assert len(oracle.perturbed(1)) == 2
    assert all(not torch.equal(answer[0], oracle.reference[0]) for answer in oracle.perturbed(1))


def test_budget_has_its_three_terms():
    reference = torch.tensor([2.0, 0.0], dtype=torch.float64)
    moved = [torch.tensor([2.5, 0.0], dtype=torch.float64)]
    tiny = smallest_subnormal(torch.float32)
    assert tiny == 2.0**-149
    assert budget(reference, moved, torch.float32, 2.0**-24).tolist() == pytest.approx([2 * 2.0**-24 + 0.5, tiny])


def test_where_the_cpu_fails_there_is_no_oracle(monkeypatch):
    from silicon_cts.numerics import oracle as module

    monkeypatch.setitem(module.OBSERVE, "forward", lambda recipe, setting: 1 / 0)
    with pytest.raises(NoOracleError, match="the CPU fails in float32: ZeroDivisionError"):
        _ = Oracle(Task(Recipe("exp", "float32", 0), "forward")).yardstick


def test_equal_results_of_a_kernel_are_rounded_alike():
    rows = torch.arange(1.0, 40.0, dtype=torch.float64).expand(5, -1) / 7
    with RoundEverywhere(2.0**-24, seed=0):
        one, other = rows.exp(), rows.exp()
    assert all(torch.equal(row, one[0]) for row in one)
    assert not torch.equal(one, other)  # another kernel rounds by itself
    assert {1, -1} == set(((one[0] / rows[0].exp() - 1) * 2.0**24).round().int().tolist())


def test_between_only_results_are_rounded():
    """The last digit of an input that is copied stays; that of a sum does not."""
    kept = Oracle(Task(Recipe("clone", "float32", 0), "forward"))
    assert all(torch.equal(answer[0], kept.reference[0]) for answer in kept.between)
    moved = Oracle(Task(Recipe("exp", "float32", 0), "forward"))
    assert not any(torch.equal(answer[0], moved.reference[0]) for answer in moved.between)
