"""Nothing is asked of which the answer is undefined; what is next to it is."""

from dataclasses import replace

import pytest
import torch
from torch.utils._pytree import tree_flatten

from silicon_cts.sampling import plan
from silicon_cts.sampling.call import Sample
from silicon_cts.sampling.domains import has_gradient
from silicon_cts.sampling.extent import too_much
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make
from silicon_cts.sampling.validity import refusal, takes

UNDEFINED = {
    "mvlgamma below (p - 1) / 2": Recipe("mvlgamma.mvlgamma_p_5", "float32", 3, values=("small",)),
    "pinverse of equal rows": Recipe("pinverse", "float32", 0, seed=3, sizes=((5, 8),), layouts=("expanded",)),
    "pinverse of a batch with one matrix of deficient rank": Recipe(
        "pinverse", "float32", 4, seed=3, sizes=((2, 33), (5, 4)), leading=(15,), values=("zero_one",)
    ),
    "rms_norm of numbers smaller than its epsilon": Recipe("nn.functional.rms_norm", "float32", 5, values=("small",)),
    "histc of numbers that vanish beside its edges": Recipe("histc", "float32", 15, values=("small",)),
}


@pytest.mark.parametrize("recipe", UNDEFINED.values(), ids=UNDEFINED)
def test_it_is_refused(recipe):
    assert "undefined" in refusal(recipe)
    assert refusal(replace(recipe, values=(), layouts=())) is None


def test_a_matrix_without_elements_has_full_rank():
    assert refusal(Recipe("pinverse", "float32", 0, sizes=((5, 0),))) is None


@pytest.mark.parametrize("operator", ["grid_sampler_2d", "grid_sampler_3d"])
def test_a_mode_that_does_not_exist_is_not_asked(operator):
    """The kernel takes it, and leaves its answer as it found the memory."""
    sample = make(Recipe(operator, "float32", 0))
    (image, grid, _, _, align_corners), _ = sample.arguments()
    beyond = replace(sample, leaves=(image, grid, 3, 0, align_corners))
    beyond.run()
    assert takes(operator, sample)
    assert not takes(operator, beyond)


def test_lapack_never_sees_what_ends_the_process():
    plain = Recipe("linalg.eigvals", "float32", 0)
    assert refusal(replace(plain, values=("large",))) is None
    assert "not finite" in refusal(replace(plain, values=("special",)))
    assert refusal(replace(plain, operator="linalg.svdvals", values=("large",))) is None


@pytest.mark.parametrize("operator", ["fft.irfftn", "fft.hfftn", "fft.ihfftn"])
def test_mkl_never_sees_what_it_writes_beyond(operator):
    few, many = (refusal(Recipe(operator, "float32", 0, sizes=((6, rows),))) for rows in (65, 1025))
    assert few is None and "MKL" in many


def test_a_histogram_of_more_bins_than_memory_is_not_asked():
    sample = make(Recipe("histogramdd", "float32", 1))  # five dimensions, with the edges of their bins
    first = sample.tensor_positions[0]
    many = [
        torch.linspace(0, 1, 100) if at in sample.tensor_positions[1:] else leaf
        for at, leaf in enumerate(sample.leaves)
    ]
    assert sample.leaves[first] is many[first]
    assert takes("histogramdd", sample)
    assert "more than" in too_much("histogramdd", replace(sample, leaves=tuple(many)))


def called(call, *arguments):
    leaves, spec = tree_flatten((arguments, {}))
    return Sample(call, tuple(leaves), spec, lambda answer: answer)


def test_a_product_of_empty_matrices_is_as_large_as_their_other_sizes():
    large = called(torch.matmul, torch.zeros(1024, 1024, 0), torch.zeros(0, 1024))  # 2^30 zeros
    assert "more than" in too_much("matmul", large)
    assert takes("matmul", called(torch.matmul, torch.zeros(3, 4, 0), torch.zeros(0, 5)))


def test_what_a_call_makes_on_its_way_to_a_small_answer_counts_too():
    pairs = called(lambda x: (x[:, None] - x).abs().sum(), torch.zeros(4096))
    assert "on the way" in too_much("sub", pairs)


def test_a_convolution_with_a_kernel_as_large_as_its_signal_is_not_asked():
    def convolve(signal, kernel):
        return torch.nn.functional.conv_transpose2d(signal, kernel)

    wide = called(convolve, torch.zeros(1, 1, 33, 129), torch.zeros(1, 1, 33, 1023))
    assert "operations an element" in too_much("nn.functional.conv_transpose2d", wide)
    usual = called(convolve, torch.zeros(4, 16, 32, 32), torch.zeros(16, 16, 3, 3))
    assert too_much("nn.functional.conv_transpose2d", usual) is None
    assert too_much("mm", called(torch.mm, torch.zeros(1024, 1024), torch.zeros(1024, 1024))) is None


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe("gradient", "float32", 7, seed=7, sizes=((3, 17),), values=("mixed",)),
        Recipe("special.chebyshev_polynomial_t", "float32", 5, seed=7, dtypes=("bool", "")),
        Recipe("linalg.inv", "float32", 6, seed=2, axes=((-4, 1, 127), (-3, 1, 15)), values=("mixed",)),
        Recipe("linalg.ldl_factor_ex", "float32", 0, seed=2, sizes=((5, 255),), layouts=("expanded",)),
        Recipe("linalg.det", "float32", 8, sizes=((3, 9), (5, 9)), layouts=("expanded_last",)),
        Recipe("matrix_exp", "complex64", 1, seed=2, sizes=((5, 4),), leading=(2, 3), values=("mixed",)),
    ],
    ids=lambda recipe: recipe.operator,
)
def test_what_rounding_alone_decides_is_not_asked(recipe):
    assert "undefined" in refusal(recipe)
    assert refusal(Recipe(recipe.operator, "float32", recipe.sample, seed=7)) is None


@pytest.mark.parametrize(("rows", "asked"), [(2, True), (3, False)])
def test_determinants_are_asked_of_matrices_that_are_singular_once(rows, asked):
    """Of three equal rows a rounding would be divided by a rounding."""
    equal = Recipe("linalg.slogdet", "float32", 2, sizes=((5, rows),), layouts=("expanded",))
    assert (refusal(equal) is None) is asked


@pytest.mark.parametrize(
    ("operator", "asked"),
    [
        ("qr", Recipe("qr", "float32", 4, 7, axes=((-1, 2, 13),), layouts=("expanded",))),  # two equal rows
        ("clamp", Recipe("clamp", "float32", 0, sizes=((5, 4),), apart=("deeper", 1, 0))),  # the CPU's backward refuses
        ("_native_batch_norm_legit", Recipe("_native_batch_norm_legit", "float32", 7, 7, sizes=((2, 0),))),  # SIGFPE
        (
            "nn.functional.conv2d",
            Recipe("nn.functional.conv2d", "float32", 12, 2, sizes=((2, 127), (3, 13))),
        ),  # SIGSEGV
        ("nn.functional.pdist", Recipe("nn.functional.pdist", "float32", 1, axes=((-2, 1, 0),))),  # SIGFPE
        (
            "nn.functional.group_norm",  # SIGSEGV: the input lies in channels_last and wants no gradient
            Recipe(
                "nn.functional.group_norm",
                "float32",
                18,
                sizes=((5, 2),),
                apart=("deeper", 0, -1),
                layouts=("channels_last", "negative", "sliced"),
                cotangent="contiguous",
                wanted=(1, 2),
            ),
        ),
    ],
)
def test_a_gradient_that_there_is_not_is_not_asked(operator, asked):
    assert refusal(asked) is None
    assert not plan.has_a_gradient(asked)
    assert plan.has_a_gradient(Recipe(operator, "float32", 0))


@pytest.mark.parametrize(
    ("matrix", "asked"), [([[1.0, 1.0], [1.0, 2.0]], True), ([[1.0, 1e-9], [1e-9, 2.0]], False), ([[3.0]], True)]
)
def test_sizes_of_vectors_have_a_gradient_where_no_element_is_next_to_nothing(matrix, asked):
    """The second matrix has eigenvectors with an element of 1e-9, whose sign a rounding decides."""

    def make():
        return replace(called(torch.linalg.eigh, torch.tensor(matrix)), process_output=lambda found: found[1].abs())

    assert has_gradient("linalg.eigh", make) is asked


def test_what_resizes_the_tensor_that_it_is_to_write_into_is_not_asked():
    larger = Recipe("addbmm", "float32", 3, axes=((-1, 10, 2),), form="inplace")
    column = Recipe("addbmm", "float32", 1, sizes=((5, 1), (10, 15)), apart=("flatter", 0, 0), form="inplace")
    assert {refusal(one) for one in (larger, column)} == {"the CPU resizes what it is given to write to"}
    assert refusal(Recipe("squeeze", "float32", 0, form="inplace")) is None


@pytest.mark.parametrize("operator", ["triu", "tril", "linalg.lu"])
def test_a_kernel_that_looks_for_matrices_at_one_distance_is_given_destinations_that_have_one(operator):
    """triu and tril, also inside of linalg.lu, would write beside others, and into expanded ones what order decides."""
    batches = next(at for at in range(30) if [t.dim() for t in make(Recipe(operator, "float32", at)).tensors] == [4])
    batch = Recipe(operator, "float32", batches, leading=(2,), form="out", destination="sliced")
    matrix = next(at for at in range(30) if [t.dim() for t in make(Recipe(operator, "float32", at)).tensors] == [2])
    alone = replace(batch, sample=matrix, leading=())
    assert {refusal(one) for one in (batch, alone, replace(alone, destination="transposed"))} == {None}
    for wrong in (replace(batch, destination="permuted"), replace(batch, destination="expanded")):
        assert "may end the process" in refusal(wrong)
    assert refusal(replace(alone, destination="expanded"))


def test_a_circle_of_nothing_is_not_asked():
    """Two of two rows are cropped, and one is padded from them: the CPU leaves it as it found the memory."""
    crops = Recipe("nn.functional.pad.circular", "float32", 7, sizes=((3, 64), (4, 2)))
    assert "undefined" in refusal(crops)
    assert refusal(replace(crops, sizes=((3, 64),))) is None


def test_a_kernel_that_trusts_a_scale_is_given_that_of_its_sizes():
    """Otherwise it looks beside its input, and a small scale ends the process."""
    trusted = Recipe("_upsample_bilinear2d_aa", "float32", 5)
    sizes = [int(leaf) for leaf in make(trusted).leaves if type(leaf) is int]
    assert len(sizes) == 2
    assert "end the process" in refusal(replace(trusted, sizes=((6, 13), (3, 16), (10, 2), (20, 127))))


def test_the_least_integer_is_not_divided_by_minus_one():
    def divide(x, y):
        return torch.div(x, y, rounding_mode="trunc")

    least, one = torch.tensor([-(2**63), 5]), torch.tensor([-1, 1])
    assert not takes("div.trunc_rounding", called(divide, least, one))
    assert takes("div.trunc_rounding", called(divide, least + 1, one))


@pytest.mark.parametrize(("least", "asked"), [(1.0, True), (1e-3, True), (1e-6, False), (0.0, True)])
def test_least_squares_are_asked_where_the_rank_is_clear(least, asked):
    """Of a singular value beside the epsilon of the dtype, each driver and each precision decides otherwise."""
    matrix = torch.diag(torch.tensor([1.0, least]))
    assert takes("linalg.lstsq", called(torch.linalg.lstsq, matrix, torch.ones(2, 1))) is asked
