"""Answers that are not unique are judged by what defines them: another right one agrees, a wrong one does not."""

import pytest
import torch

from silicon_cts.backends.outcome import Task
from silicon_cts.numerics import non_unique
from silicon_cts.numerics.oracle import oracle
from silicon_cts.sampling.observation import OBSERVE, Setting
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import samples


def cases(operator: str):
    for index, sample in enumerate(samples(operator, "float32", 0)[:40]):
        if all(tensor.numel() > 4 for tensor in sample.tensors):
            yield Task(Recipe(operator, "float32", index), "forward")


CHANGES = {
    "linalg.eigvals": lambda w: [w.flip(-1)],
    "svd": lambda u, s, v: [-u, s, -v],
    "linalg.svd": lambda u, s, v: [-u, s, -v],
    "linalg.eig": lambda w, v: [w.flip(-1), v.flip(-1) * 1j],
    "linalg.eigh": lambda w, v: [w, -v],
}
WRONG = {
    "linalg.eigvals": lambda w: [w * 1.001],
    "svd": lambda u, s, v: [u, s * 1.001, v],
    "linalg.svd": lambda u, s, v: [u, s * 1.001, v],
    "linalg.eig": lambda w, v: [w * 1.001, v],
    "linalg.eigh": lambda w, v: [w, v * 1.001],
}


@pytest.mark.parametrize("operator", CHANGES)
def test_another_right_answer_agrees_and_a_wrong_one_does_not(operator):
    row = non_unique.look_up(operator, "forward")
    found_wrong = 0
    for task in cases(operator):
        answer = OBSERVE["forward"](task.recipe, Setting()).tensors
        assert row.check(answer, oracle(task)).agrees
        if operator == "svd" and not answer[0].abs().sum():
            continue  # compute_uv=False: no vectors to change
        assert row.check(CHANGES[operator](*answer), oracle(task)).agrees
        found_wrong += not row.check(WRONG[operator](*answer), oracle(task)).agrees
    assert found_wrong > 0


def test_nan_is_no_eigenvector():
    task = next(cases("linalg.eigh"))
    values, vectors = OBSERVE["forward"](task.recipe, Setting()).tensors
    row = non_unique.look_up("linalg.eigh", "forward")
    assert not row.check([values, torch.full_like(vectors, torch.nan)], oracle(task)).agrees


def test_rows_are_for_forward_answers():
    assert non_unique.look_up("linalg.eigh", "gradient") is None
    assert non_unique.look_up("add", "forward") is None


def test_eigenvectors_are_held_against_their_matrix():
    """Of [[-0.59, -0.75], [0.69, 0.82]] the eigenvalues are small, and no algorithm knows them better than the matrix."""
    task = Task(Recipe("linalg.eig", "float32", 4, 1, sizes=((2, 65), (5, 2)), leading=(11,)), "forward")
    row = non_unique.look_up("linalg.eig", "forward")
    assert row.check(OBSERVE["forward"](task.recipe, Setting()).tensors, oracle(task)).agrees


def test_the_eigenvalue_of_one_negative_number():
    """Its power sum is -1 after scaling, next to a trace of -1."""
    matrix = torch.tensor([[-0.25]], dtype=torch.float64)
    row = non_unique.look_up("linalg.eigvals", "forward")
    for value, agrees in ((-0.25, True), (-0.25 * (1 + 1e-3), False), (0.25, False)):
        found = torch.tensor([value], dtype=torch.complex128)
        worst = max(
            float((left - right).abs().max() / right.abs().max())
            for _, left, right in row.residuals((matrix,), {}, [found])
        )
        assert (worst < 1e-6) == agrees
