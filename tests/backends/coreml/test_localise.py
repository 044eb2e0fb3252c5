"""Which operation of a converted program is wrong, where the rest is right?"""

import pytest
import torch
from coremltools.converters.mil import Builder as mb  # noqa: N813
from torch import nn

from backends.coreml.fault_cases import FAULTS, clipped, scaled
from backends.coreml.planted import attribute, dropped, followed, instead
from silicon_cts import mil
from silicon_cts.backends import registry
from silicon_cts.backends.coreml import conversion, front, graphs, interface
from silicon_cts.backends.coreml.localise import LocalisationError, localise, own_errors
from silicon_cts.backends.coreml.ways import WAYS
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


def converted(model, inputs, precision, by="export"):
    registry.get("coreml-reference").start()
    if by == "export":
        program = torch.export.export(model.eval(), inputs).run_decompositions({})
    else:
        program = torch.jit.trace(model.eval(), inputs)
    passed = front.Passed(by, (), inputs, program, ())
    return program, mil.load(conversion.convert(passed, precision)).function, interface.arrays(inputs)


@pytest.fixture(scope="module", params=WAYS.values(), ids=str)
def build(request):
    def make_it():
        torch.manual_seed(0)
        return converted(Model(), (torch.randn(2, 3, 8, 8),), request.param.precision, request.param.front)

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


CASES = [(fault, "export", "float32") for fault in FAULTS]
CASES += [(fault, "export", "float16") for fault in FAULTS[::4] if fault.in_float16]
CASES += [(fault, "trace", "float32") for fault in FAULTS[1::3]]


@pytest.mark.parametrize(("fault", "by", "precision"), CASES, ids=lambda one: getattr(one, "name", one))
def test_a_planted_fault_is_found_and_a_right_program_is_not_suspected(fault, by, precision):
    registry.get("coreml-reference").start()
    passed = front.passed(by, [interface.member(0, make(Recipe(fault.operator, "float32", fault.sample)))])
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


def test_a_traced_program_is_read_with_the_names_that_the_converter_gives():
    class Parts(nn.Module):
        def forward(self, x):
            input = x * 2  # noqa: A001  a name that Python has already
            first, second = input.chunk(2, dim=1)
            return first.flatten(1), second + torch.zeros(2, dtype=torch.float32)

    program, function, inputs = converted(Parts(), (torch.randn(3, 4),), "float32", "trace")
    errors = list(own_errors(program, function, inputs))
    assert {one.name for one in errors} >= {"input"} and max(one.ratio for one in errors) < 1
    assert all(line.startswith("test_localise.py:") for one in errors for line in one.lines)
    assert graphs.read(program).takes == 1


def test_a_trace_that_writes_into_a_tensor_says_so():
    class Writes(nn.Module):
        def forward(self, x):
            x = x * 2
            x += 1
            return x

    program, function, inputs = converted(Writes(), (torch.ones(2),), "float32", "trace")
    with pytest.raises(graphs.UnreadableError, match="aten::add_ writes into a tensor: write the model without"):
        localise(program, function, inputs, K)
