"""Does an operator answer the same, bit for bit, where it is embedded?"""

import operator

import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_flatten

pytest.importorskip("coremltools")

from silicon_cts import mil
from silicon_cts.backends.coreml import placement
from silicon_cts.backends.coreml.conversion import convert
from silicon_cts.backends.coreml.front import Member, passed
from silicon_cts.backends.coreml.interface import arrays
from silicon_cts.backends.coreml.placement import Planned
from silicon_cts.backends.coreml.surroundings import INPUTS, Embedded
from silicon_cts.backends.outcome import Placed
from silicon_cts.sampling.call import Sample

EVERY = torch.tensor([0.0, -0.0, 1.0, -(2.0**-24), 65504.0, torch.inf, -torch.inf, torch.nan])


def sample(call, *tensors):
    leaves, spec = tree_flatten((tensors, {}))
    return Sample(call, tuple(leaves), spec, lambda output: output)


def bits(array):
    return np.asarray(array, np.float32).view(np.uint32)


@pytest.mark.parametrize("front", ["trace", "export"])
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_what_stands_around_it_moves_no_bit_of_its_input(front, precision):
    member = Member(0, sample(torch.nn.functional.relu6, EVERY), (), (torch.float32,))
    negated = Member(1, sample(torch.neg, EVERY), (), (torch.float32,))
    program = passed(front, [member, negated], kind=Embedded)
    assert len(program.inputs) == 2 + INPUTS
    model = mil.load(convert(program, precision))
    assert sum(one.op_type == "conv" for one in model.function.operations) == 8
    given = arrays(program.inputs)
    _, answer = model.predict(dict(given)).values()
    assert (bits(answer)[:7] == bits(-EVERY)[:7]).all()
    assert np.isnan(answer[7])


def test_integers_and_numbers_without_a_dimension_go_in_as_they_are():
    index, scalar = torch.tensor([1, 0]), torch.tensor(2.0)
    asked = [sample(operator.getitem, EVERY, index), sample(torch.mul, EVERY[:5], scalar)]
    program = Embedded(asked)
    (picked,), (doubled,) = program(*program.inputs)
    assert torch.equal(picked, EVERY[index])
    assert torch.equal(doubled, EVERY[:5] * 2)


def planned(kind, takes, gives):
    return Planned(Placed(kind, "cpu", ("cpu",), None), frozenset(takes.split()), frozenset(gives.split()))


def test_its_own_operations_are_told_from_those_around_it():
    operations = [
        planned("conv", "ones w", "a"),
        planned("mul", "a zero", "nothing"),
        planned("cast", "x", "half"),
        planned("add", "half nothing", "moved"),
        planned("cast", "nothing", "whole"),
        planned("add", "y whole", "moved_too"),
        planned("add", "moved moved_too", "sum"),
        planned("conv", "sum v", "out"),
    ]
    own = placement.own(operations, ["x", "y"], ["out"], around=["ones", "zero"])
    assert [one.operation for one in own] == ["add", "conv"]
    assert len(placement.own(operations, ["x", "y"], ["out"])) == 4
