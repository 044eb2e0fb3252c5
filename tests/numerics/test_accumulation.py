"""What adding up many terms may leave is allowed; what a wrong or unstable formula leaves is not."""

import math

import pytest
import torch
from torch.utils._pytree import tree_flatten

from silicon_cts.backends.outcome import Task
from silicon_cts.numerics.accumulation import inner_products, of_matrices, partial_sums, traced
from silicon_cts.numerics.budget import budget
from silicon_cts.numerics.comparison import compare
from silicon_cts.numerics.grades import K
from silicon_cts.numerics.oracle import Oracle
from silicon_cts.numerics.perturbation import RoundEverywhere, moved
from silicon_cts.sampling.observation import to_wide
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import Sample, make

N = 4096


def call(function, *arguments: object) -> Sample:
    leaves, spec = tree_flatten((arguments, {}))
    return Sample(function, tuple(leaves), spec, lambda output: output)


def within(function, tensor: torch.Tensor, answer: torch.Tensor) -> bool:
    """Whether one number is within K budgets and what accumulation adds, as a comparison has it."""
    roundoff = torch.finfo(tensor.dtype).eps / 2
    sample = call(function, tensor)
    wide = to_wide(sample)
    right = wide.run()
    perturbed = []
    for seed, sign in ((0, 1), (0, -1), (1, 1), (1, -1)):
        roundings = RoundEverywhere(sign * roundoff, seed)
        with roundings:
            perturbed.append(moved(wide, roundings, seed, promote=0, besides=None).run())
    allowed = float(budget(right, perturbed, tensor.dtype, roundoff))
    more = traced(wide).excess(0, (), abs(float(right)), allowed / roundoff)
    return abs(float(answer.double() - right)) <= K * allowed + more


def one_by_one(tensor: torch.Tensor) -> torch.Tensor:
    """The sum as the slowest kernel adds it up: one rounding a term, in the tensor's own dtype."""
    return tensor.cumsum(0)[-1] if tensor.dtype != torch.float16 else _half_sums(tensor)


def _half_sums(tensor: torch.Tensor) -> torch.Tensor:
    total = torch.zeros((), dtype=tensor.dtype)
    for element in tensor:
        total = (total + element).to(tensor.dtype)
    return total


def uniform(seed: int, low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    drawn = torch.rand(N, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (low + (high - low) * drawn).to(dtype)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("low", [0.0, -1.0])
def test_a_sum_added_up_one_by_one_is_right(seed, low):
    terms = uniform(seed, low)
    assert within(torch.sum, terms, one_by_one(terms))


@pytest.mark.parametrize("value", [0.1, 1 / 3, 7.3])
def test_equal_terms_are_rounded_alike(value):
    terms = torch.full((N,), value)
    assert within(torch.sum, terms, one_by_one(terms))


@pytest.mark.parametrize("seed", range(5))
def test_a_stable_variance_is_right_and_an_unstable_one_is_not(seed):
    values = uniform(seed, 0.0, 3.0) + 3000.0

    def variance(x):
        return (x - x.mean()).square().mean()

    def unstable(x):
        return x.square().mean() - x.mean().square()

    assert within(variance, values, torch.var(values, correction=0))
    assert not within(variance, values, unstable(values))


PLANTED = {
    "without its last element": (torch.sum, lambda x: x[:-1].sum()),
    "twice its last element": (torch.sum, lambda x: x.sum() + x[-1]),
    "a norm of all but one": (torch.linalg.vector_norm, lambda x: torch.linalg.vector_norm(x[1:])),
    "off by 1e-4": (torch.sum, lambda x: x.sum() * (1 + 1e-4)),
    "mean over one too many": (torch.mean, lambda x: x.sum() / (N + 1)),
}


@pytest.mark.parametrize(("function", "wrong"), PLANTED.values(), ids=PLANTED)
def test_a_wrong_sum_is_not_hidden(function, wrong):
    terms = uniform(0, 0.5)
    assert within(function, terms, function(terms))
    assert not within(function, terms, wrong(terms))


def test_half_precision_is_added_up_in_more():
    terms = uniform(0, 0.5, dtype=torch.float16)
    assert within(torch.sum, terms, terms.float().sum().half())
    assert not within(torch.sum, terms, one_by_one(terms))


def test_a_function_of_one_number_adds_up_nothing():
    sample = to_wide(call(torch.exp, torch.tensor([0.5, 1.5])))
    assert traced(sample).excess(0, (1,), math.exp(1.5), 1.5) == 0.0


def test_partial_sums_of_terms():
    assert partial_sums(torch.tensor([3.0, 0.0], dtype=torch.float64), 3.0) == 0.0
    spread = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert partial_sums(spread, 6.0) >= math.sqrt(1 + 9 + 36)
    assert partial_sums(torch.ones(4, dtype=torch.float64), 4.0) == pytest.approx(2 * math.sqrt(1 + 4 + 9 + 16))


def test_the_comparison_asks_for_it():
    """The Frobenius norm of 3,844 numbers of three values: right, and 12 budgets off by its own partial sums."""
    task = Task(Recipe("norm.fro", "float32", 1, sizes=((5, 31),), leading=(4,), values=("ties",)), "forward")
    oracle = Oracle(task)
    right = oracle.reference[0]
    grades = {
        off: compare([(right * (1 + off * 2.0**-24)).float()], oracle, own_yardstick=True).grade for off in (40, 1e5)
    }
    assert grades == {40: "B", 1e5: ""}


def test_a_gradient_is_a_sum_over_its_cotangents():
    task = Task(Recipe("sum", "float32", 0), "gradient")
    assert make(task.recipe).tensors
    oracle = Oracle(task)
    assert all(one >= 0 for one in oracle.accumulated(0, [((), 1.0, 1.0, 1.0)]))


def test_a_gradient_has_the_terms_of_cotangents_that_are_equal():
    """The gradient of a weight, one sum of 128 equal cotangents times two numbers that cancel: -1.6e-5 on the CPU."""
    recipe = Recipe("native_batch_norm", "float32", 6, 2, sizes=((2, 128),), cotangent="expanded")
    oracle = Oracle(Task(recipe, "gradient"))
    x, weight, *others = oracle.reference
    assert float(weight) == 0.0
    grades = {
        off: compare([x.float(), (weight + off).float(), *(one.float() for one in others)], oracle, own_yardstick=True)
        for off in (2e-5, 2e-2)
    }
    assert {off: found.agrees for off, found in grades.items()} == {2e-5: True, 2e-2: False}


def test_statistics_that_a_call_writes_to_are_no_variables_but_its_input_is():
    batch, weight = torch.ones(4, 2), torch.ones(2)
    arguments = (batch, weight, torch.zeros(2), torch.zeros(2), torch.ones(2), True, 0.5, 1e-5)
    normalised = traced(call(torch.native_batch_norm, *arguments))
    assert [tuple(one.shape) for one in normalised.variables] == [(4, 2), (2,), (2,)]


def test_a_factor_without_a_derivative_is_allowed_the_sums_of_its_algorithm():
    """A column of 16,384 complex numbers, four of them different; there is no derivative of ``geqrf``."""
    recipe = Recipe("geqrf", "complex64", 4, 2, sizes=((2, 128),), apart=("column", 0, 0), leading=(1,))
    oracle = Oracle(Task(recipe, "forward"))
    factor, scales = oracle.reference
    largest = float(factor.abs().max())

    def agrees(off: float) -> bool:
        answer = factor.clone()
        answer[0, 0] += off * largest
        return compare([one.to(torch.complex64) for one in (answer, scales)], oracle, own_yardstick=True).agrees

    assert agrees(2e-6)
    assert not agrees(2e-2)


def test_inner_products_of_rows_and_columns():
    rows = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
    assert inner_products(rows) == pytest.approx(math.sqrt(2 * (0.25 + 1)))  # two equal terms of 1/2, added to 1
    assert inner_products(rows[0]) == 0.0
    assert inner_products(torch.eye(5, dtype=torch.float64)) == 0.0
    assert inner_products(torch.ones(64, 4, dtype=torch.complex128)) > inner_products(torch.ones(8, 4).double()) > 0.0


def test_a_factor_of_a_matrix_is_what_the_sums_of_its_algorithm_leave():
    """1,024 rows of four numbers: of Q, which does not change with the size of the matrix, the derivative has no sum."""
    recipe = Recipe("qr", "float32", 4, seed=3, axes=((-2, 2, 1024), (-1, 2, 64)))
    oracle = Oracle(Task(recipe, "forward"))
    q, r = oracle.reference
    grades = {off: compare([(q + off).float(), r.float()], oracle, own_yardstick=True).grade for off in (2e-6, 2e-5)}
    assert grades == {2e-6: "B", 2e-5: ""}
    call = traced(to_wide(make(recipe)))
    place = ((0, 16), abs(float(q[0, 16])), 1.0)
    assert of_matrices(call).excess(0, *place) > call.excess(0, *place)


def test_a_histogram_of_weights_is_a_sum_although_it_has_no_derivative():
    """15,876 weights of three values, of which all that count fall into one bin."""
    recipe = Recipe(
        "histogram", "float32", 141, seed=3, sizes=((5, 63), (3, 65)), apart=("column", 2, 0), leading=(4,),
        values=("large", "large", "ties"),
    )  # fmt: skip
    oracle = Oracle(Task(recipe, "forward"))
    hist, edges = oracle.reference
    assert int(hist.count_nonzero()) == 1
    grades = {
        by: compare([(hist * by).float(), edges.float()], oracle, own_yardstick=True).grade for by in (1.00001, 1.01)
    }
    assert grades == {1.00001: "B", 1.01: ""}


def graded(recipe: Recipe, aspect: str, *changes) -> list[str]:
    """The grades of the CPU's answer as it is, and of its first output after each change."""
    oracle = Oracle(Task(recipe, aspect))
    first, *others = oracle.yardstick
    answers = [first, *(change(first.clone()) for change in changes)]
    return [compare([answer, *others], oracle, own_yardstick=True).grade for answer in answers]


def test_equal_numbers_are_rounded_alike_whatever_they_are_weighed_with():
    """Columns of 1,023 numbers of which 25 differ: the sum in a softmax, of which the gradient makes many terms."""
    recipe = Recipe("masked.softmax", "float32", 0, 7, ((5, 63),), leading=(1023,), cotangent="transposed")
    assert graded(recipe, "gradient", lambda cpus: cpus * (1 + 2.0**-12)) == ["B", ""]


def test_the_variance_of_equal_numbers_is_the_square_of_what_their_mean_is_off_by():
    recipe = Recipe("var.unbiased", "float32", 1, 7, ((5, 1025),), layouts=("expanded",))
    mean_of_squares = float(make(recipe).tensors[0].detach().square().mean())
    values = (0.0, 1.1e-11, mean_of_squares * 2.0**-24)  # the last: E[x^2] - E[x]^2
    changes = [lambda cpus, value=value: cpus.fill_(value) for value in values]
    assert graded(recipe, "layout", *changes)[1:] == ["A", "B", ""]


def test_a_matrix_whose_derivative_no_memory_holds_is_asked_by_its_inner_products():
    """The pseudoinverse of one column of 65,025 numbers."""
    recipe = Recipe("linalg.pinv", "float32", 0, 7, ((5, 255),), apart=("column", 0, 0), values=("ties",))
    assert graded(recipe, "forward", lambda cpus: cpus * 1.1) == ["B", ""]


def test_integers_that_are_promoted_are_terms_too():
    """The CPU's own grade is A or B, by the order in which its processor adds up."""
    recipe = Recipe("cov", "int64", 36, 0, ((2, 5), (3, 1024)), values=("small",))
    changes = [lambda cpus, off=off: cpus * (1 + off) for off in (1e-5, 1e-4)]
    own, *others = graded(recipe, "forward", *changes)
    assert own in ("A", "B") and others == ["B", ""]


def test_sums_over_the_rows_are_large_where_the_columns_cancel():
    """Row by row the partial sums are 0 and 1; column by column they rise to 100 before the other takes them back."""
    terms = torch.tensor([1.0, -1.0], dtype=torch.float64).expand(100, 2) + torch.arange(200).view(100, 2) * 1e-9
    by_rows = partial_sums(terms.reshape(-1), 0.0)
    assert partial_sums(terms, 0.0) > 3 * by_rows
    assert partial_sums(terms.mT, 0.0) == partial_sums(terms, 0.0)


def test_a_chain_of_products_is_no_worse_than_the_sums_in_it():
    recipe = Recipe(
        "linalg.multi_dot", "float32", 6, axes=((-2, 2, 1023),),
        layouts=("expanded", "sliced", "transposed", "narrowed", "sliced"), cotangent="expanded", wanted=(0, 1, 2, 4),
    )  # fmt: skip
    oracle = Oracle(Task(recipe, "gradient"))
    assert compare(oracle.yardstick, oracle, own_yardstick=True).grade == "B"
    (once,) = oracle.accumulated(2, [((0, 0), 100.0, 3.0, 0.0)])
    assert oracle.accumulated(6, [((0, 0), 200.0, 6.0, 0.0)]) == [2 * once]  # the sum of two gradients
    spoiled = [one.clone() for one in oracle.yardstick]
    spoiled[2][0, 0] += 1000.0
    assert not compare(spoiled, oracle, own_yardstick=True).agrees
