"""Is a program decomposed as torch decomposes it, and torch left as it was?"""

import pytest
import torch

from silicon_cts.backends.decomposition import _overridden, decomposed


class Composite(torch.nn.Module):
    """Calls operators that are kept whole, one that is made into others, and one that is none."""

    def forward(self, x):
        y = torch.nn.functional.silu(torch.nn.functional.linear(x, x)) + torch.cosine_similarity(x, x, 0)
        scattered = torch.nn.functional.multi_margin_loss(x, torch.tensor([0, 1, 2]), reduction="none")
        return torch.einsum("ij,jk->ik", y, y), scattered, torch.cartesian_prod(x[0], x[1])


def nodes(program):
    return [(node.op, str(node.target), str(node.args), str(node.meta.get("val"))) for node in program.graph.nodes]


def kernels():
    operators = (torch.ops.aten.linear.default, torch.ops.aten.einsum.default, torch.ops.aten.relu.default)
    return [dict(one.py_kernels) for one in operators]


def without_silu():
    """A table as converters have theirs: that of torch, less an operator that they take whole."""
    table = torch.export.default_decompositions()
    table.pop(torch.ops.aten.silu.default)
    return table


@pytest.mark.parametrize(
    ("table", "kept", "made_into_others"),
    [(dict, "aten.linear.default", "multi_margin_loss"), (without_silu, "aten.silu.default", "aten.linear.default")],
)
def test_the_program_is_that_of_torch_and_what_torch_does_stays_the_same(table, kept, made_into_others):
    program = torch.export.export(Composite(), (torch.rand(3, 3),))
    right, before = nodes(program.run_decompositions(table())), kernels()
    assert any(target == kept for _, target, *_ in right)
    assert not any(made_into_others in target for _, target, *_ in right)
    for _ in range(2):
        assert nodes(decomposed(program, table)) == right
        assert kernels() == before
    assert nodes(program.run_decompositions(table())) == right


def test_an_error_on_the_way_leaves_torch_as_it_was():
    before, changed = kernels(), []

    def fail():
        with _overridden(dict):
            changed.append(kernels() != before)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert changed == [True]
    assert kernels() == before
