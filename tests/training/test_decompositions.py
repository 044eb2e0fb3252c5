"""Every decomposition against autograd in float64, and every one of them reached by a case."""

from __future__ import annotations

from collections import Counter
from functools import cache, wraps

import pytest
import torch
from cases import CASES, Case

from silicon_cts.training import tracing
from silicon_cts.training.decompositions import table


def gradients(case: Case, *tensors: torch.Tensor) -> list[torch.Tensor]:
    """The answer and its gradients along fixed weights, so that no two elements count the same."""
    leaves = [tensor.detach().requires_grad_() for tensor in tensors[: len(case.shapes)]]
    answer = case.function(*leaves, *tensors[len(case.shapes) :])
    weights = torch.linspace(0.5, 1.5, answer.numel(), dtype=answer.dtype).reshape(answer.shape)
    found = torch.autograd.grad((answer * weights).sum(), leaves)
    return [answer.detach(), *found]


@cache
def traced(case: Case) -> tuple[torch.fx.GraphModule, Counter]:
    """Its graph, and how often each decomposition was used."""
    used = Counter()

    def counting(target, function):
        @wraps(function)
        def call(*args, **kwargs):
            made = function(*args, **kwargs)
            used[target] += made is not NotImplemented
            return made

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracing, "table", lambda: {key: counting(key, value) for key, value in table.table().items()})
        graph = tracing.trace(lambda *tensors: gradients(case, *tensors), [*case.tensors(), *case.given])
    return graph, used


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answer_and_gradients_are_those_of_autograd(case):
    tensors = [*case.tensors(), *case.given]
    expected = gradients(case, *tensors)
    for got, wanted in zip(traced(case)[0](*tensors), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=case.error, atol=case.error)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_operator_is_left_that_a_converter_does_not_know(case):
    for node in traced(case)[0].graph.nodes:
        name = str(node.target)
        assert not any(word in name for word in ("backward", "scatter", "index_put", "native_batch_norm")), name
        if node.target == torch.ops.aten.convolution.default:
            _, _, bias, _, _, dilation, transposed, _, _ = node.args
            assert (bias, set(dilation), transposed) == (None, {1}, False)


def test_every_decomposition_is_reached_by_a_case():
    reached = Counter()
    for case in CASES:
        reached.update(traced(case)[1])
    missing = [str(target) for target in table.OURS if not reached[target]]
    missing += [str(target) for target in table.table() if "backward" in str(target) and not reached[target]]
    assert missing == []
