"""Which operation of a converted program is wrong, where the rest is right?"""

import pytest
import torch
from coremltools.converters.mil import Builder as mb  # noqa: N813
from torch import nn

from backends.coreml.fault_cases import FAULTS, clipped, scaled
from backends.coreml.planted import attribute, dropped, followed, instead
from silicon_cts import mil
from silicon_cts.backends import registry
from silicon_cts.backends.coreml import conversion, front, interface
from silicon_cts.backends.coreml.localise import LocalisationError, localise
from silicon_cts.backends.coreml.ways import PRECISIONS
from silicon_cts.numerics.grades import K
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution, self.norm, self.linear = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 5)

    def forward(self, x):
        x = torch.relu(self.norm(self.convolution(x)))
        x = x.mean((2, 3)) * 40
        x = nn.functional.gelu(self.linear(x))
        x = torch.exp(x / 8)
        return torch.softmax(x + 1, -1)


def converted(model, inputs, precision):
    registry.get("coreml-reference").start()
    program = torch.export.export(model.eval(), inputs).run_decompositions({})
    passed = front.Passed("export", (), inputs, program, ())
    return program, mil.load(conversion.convert(passed, precision)).function, interface.arrays(inputs)


@pytest.fixture(scope="module", params=PRECISIONS)
def build(request):
    def make_it():
        torch.manual_seed(0)
        return converted(Model(), (torch.randn(2, 3, 8, 8),), request.param)

    return make_it


def test_a_right_program_has_no_suspect(build):
    assert localise(*build(), K) is None


@pytest.mark.parametrize(
    ("edit", "operators", "code"),
    [
        (followed("conv", scaled(1.01)), "relu", "torch.relu"),
        (instead("relu", mb.identity), "relu mean", "torch.relu"),
        (dropped("mul"), "div exp", "torch.exp(x / 8)"),
        (instead("gelu", lambda x, mode, **given: mb.relu(x=x, **given)), "gelu div exp", "gelu(self.linear(x))"),
        (followed("exp", clipped(0.0, 0.9)), "add", "return torch.softmax"),
        (attribute("softmax", "axis", 0), "softmax", "return torch.softmax"),
    ],
    ids=["scaled", "relu", "dropped", "gelu", "clipped", "axis"],
)
def test_the_first_wrong_operation_is_named_with_its_line(build, edit, operators, code):
    program, function, inputs = build()
    edit(function)
    found = localise(program, function, inputs, K)
    assert found is not None
    assert " ".join(one.split(".")[1] for one in found.operators).endswith(operators)  # float16 gives linear no name
    assert all(line.startswith("test_localise.py:") for line in found.lines)
    assert any(code in line for line in found.lines)
    assert str(found).startswith(f"{found.ratio:.3g} error budgets off in {found.operation} {found.name!r}, for aten.")


CASES = [(fault, "float32") for fault in FAULTS]
CASES += [(fault, "float16") for fault in FAULTS[::4] if fault.in_float16]


@pytest.mark.parametrize(("fault", "precision"), CASES, ids=lambda one: getattr(one, "name", one))
def test_a_planted_fault_is_found_and_a_right_program_is_not_suspected(fault, precision):
    registry.get("coreml-reference").start()
    passed = front.passed("export", [interface.member(0, make(Recipe(fault.operator, "float32", fault.sample)))])
    function, inputs = mil.load(conversion.convert(passed, precision)).function, interface.arrays(passed.inputs)
    assert localise(passed.model, function, inputs, K) is None
    fault.edit(function)
    assert localise(passed.model, function, inputs, K) is not None


def test_a_number_that_float16_cannot_hold_is_named():
    class Large(nn.Module):
        def forward(self, x):
            return torch.exp(x) * 0.001

    for precision, found in (("float32", None), ("float16", "exp")):
        suspect = localise(*converted(Large(), (torch.tensor([1.0, 12.0]),), precision), K)
        assert (suspect and suspect.operation) == found


def test_what_has_no_answer_in_float64_says_so():
    class Unknown(nn.Module):
        def forward(self, x):
            return torch.ops.aten.add.Tensor(x, 1.0)

    program, function, inputs = converted(Unknown(), (torch.ones(2),), "float32")
    (node,) = program.graph.find_nodes(op="call_function", target=torch.ops.aten.add.Tensor)
    node.args = (node.args[0], "one")
    with pytest.raises(LocalisationError, match=r"aten.add.Tensor \(add\) in float64: "):
        localise(program, function, inputs, K)


def test_other_inputs_are_told():
    program, function, inputs = converted(Model(), (torch.randn(2, 3, 8, 8),), "float32")
    with pytest.raises(LocalisationError, match=r"the program takes 1, 2 are given \(x0, more\)"):
        localise(program, function, {**inputs, "more": torch.ones(1).numpy()}, K)
