"""Does a conversion still fail over a program that one of the converter's passes left invalid?"""

import pytest

pytest.importorskip("coremltools")

from coremltools.converters.mil.mil.passes.pass_registry import PASS_REGISTRY

from silicon_cts.backends.coreml.conversion import convert
from silicon_cts.backends.coreml.front import passed
from silicon_cts.backends.coreml.interface import member
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make


@pytest.mark.parametrize("name", ["torch::torch_upsample_to_core_upsample", "common::dedup_op_and_var_names"])
def test_what_a_pass_breaks_is_seen(monkeypatch, name):
    program = passed("trace", [member(0, make(Recipe("mul", "float32", 2)))])
    assert convert(program, "float32").get_spec().description.output
    broken = PASS_REGISTRY[name]
    own = type(broken).apply

    def forget(self, prog):
        own(self, prog)
        consumers = next(iter(prog.functions["main"].inputs.values())).child_ops
        consumers.clear()  # it is consumed, and does not know

    monkeypatch.setattr(type(broken), "apply", forget)
    with pytest.raises(Exception, match="should be consumed by op"):
        convert(passed("trace", program.members), "float32")


def test_other_conversions_are_left_as_they_were():
    from coremltools.converters.mil.mil import Program

    validate = Program.validate
    convert(passed("export", [member(0, make(Recipe("mul", "float32", 2)))]), "float32")
    assert Program.validate is validate
