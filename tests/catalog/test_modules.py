"""Modules are calls as operators are: all that PyTorch lists, forward and backward, and what goes wrong is found."""

from pathlib import Path

import pytest
import torch
from torch.utils._pytree import tree_leaves

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.models.calls import task_of
from silicon_cts.catalog.modules.application import differentiable
from silicon_cts.catalog.modules.table import modules
from silicon_cts.catalog.operators import find, module_calls, op_info, operators
from silicon_cts.numerics.verdict import Judgement, judge
from silicon_cts.plugin.wording import in_words
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make

BROKEN = Path(__file__).parent / "broken_modules.py"


def test_every_module_of_pytorch_is_asked_in_both_modes():
    from torch.testing._internal.common_modules import module_db

    listed = {f"modules.{info.name}.{mode}" for info in module_db for mode in ("train", "eval")}
    assert set(module_calls()) == listed and len(listed) == 2 * len(module_db) == 228
    assert not module_calls().keys() & operators().keys()
    assert all(task_of(name) == "modules" and find(name).id == name for name in module_calls())
    with pytest.raises(KeyError):
        op_info("modules.nn.Perceptron.train")


@pytest.mark.parametrize("name", list(modules()))
def test_it_answers_changes_nothing_that_it_is_given_and_draws_no_random_numbers(name):
    """PyTorch lists modules with dropout at probability 0, so that all values can be compared."""
    info = op_info(name)
    sample = next(info.sample_inputs_func(info, "cpu", torch.float32, False))
    tensors = [leaf for leaf in tree_leaves(sample.args) if isinstance(leaf, torch.Tensor)]
    before, state = [tensor.detach().clone() for tensor in tensors], torch.get_rng_state()
    left = info.op(sample.input, *sample.args)
    assert torch.equal(state, torch.get_rng_state())
    assert all(map(same, before, tensors))
    assert "output 0" in left and list(left) == info.op.names(sample.input, *sample.args)
    assert ("output 0 without a gradient" in left) == name.endswith(".eval")


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Bit for bit; PyTorch gives one of its losses the logarithm of negative numbers."""
    return torch.equal(one.nan_to_num(-7.0), other.nan_to_num(-7.0))


@pytest.mark.parametrize("name", ["nn.BatchNorm2d", "nn.LSTM", "nn.MultiheadAttention", "nn.LazyConv2d"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_it_is_what_people_write(name, mode):
    sample = make(Recipe(f"modules.{name}.{mode}", "float32", 0))
    left = sample.run()
    (module, parameters, buffers, args, kwargs, cotangents), _ = sample.arguments()
    module.load_state_dict({**parameters, **buffers})
    outputs = tree_leaves(module(*args, **kwargs))
    torch.autograd.backward(differentiable(outputs), cotangents)
    for place, output in enumerate(outputs):
        torch.testing.assert_close(left[f"output {place}"], output.detach())
    for key, parameter in module.named_parameters():
        torch.testing.assert_close(left[f"gradient of {key}"], parameter.grad)
    for key, buffer in module.named_buffers():
        torch.testing.assert_close(left[f"{key} after it"], buffer)
    assert left["gradient of input 0"].count_nonzero() and module.training == (mode == "train")


def asked(name: str, backend: str, sample: int = 0) -> Judgement:
    here, task = registry.get(backend), Task(Recipe(name, "float32", sample), "forward")
    (found,) = here.run([task], lambda stage: None)
    return judge(task, found, find(name), here.capability())


@pytest.mark.parametrize(
    ("fault", "name", "says"),
    [
        (f"{BROKEN}:stale", "modules.nn.BatchNorm2d.train", "running_var after it"),
        (f"{BROKEN}:ignores", "modules.nn.Conv2d.train", "gradient of weight"),
        (f"{BROKEN}:batch", "modules.nn.BatchNorm1d.eval", "output 0"),
        (f"{BROKEN}:biased", "modules.nn.LayerNorm.eval", "gradient of bias"),
        ("mps-94754", "modules.nn.LSTM.train", "_reverse"),  # the reverse direction of a bidirectional LSTM
    ],
)
def test_what_goes_wrong_is_found_and_the_tensor_is_named(fault, name, says):
    which = 0 if str(BROKEN) in fault else bidirectional(name)
    assert asked(name, "simulated", which).verdict == "agrees"
    found = asked(name, f"simulated:{fault}", which)
    assert found.verdict == "disagrees" and says in in_words(found.reason, found.recipe)


def bidirectional(name: str) -> int:
    samples = (make(Recipe(name, "float32", index)) for index in range(99))
    return next(
        index for index, one in enumerate(samples) if one.leaves[0].bidirectional and not one.leaves[0].proj_size
    )


def test_a_module_is_asked_where_pytorch_runs_call_by_call(pytester):
    pytester.makepyfile(test_suite=SUITE)
    pytester.makeini("[pytest]\nsilicon_cts_known_issues = known_issues.toml\n")
    result = pytester.runpytest_subprocess(
        *("--backend", "cpu", "--backend", "simulated", "--op", "modules.nn.B*Norm1d", "-q", "-rs")
    )
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*modules*", "cpu  *float32*2/2*", "simulated*float32*2/2*"])
    pytest.importorskip("coremltools")
    result = pytester.runpytest_subprocess("--backend", "coreml-reference", "-q", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*coreml-reference runs programs: a module goes forward and backward*"])


SUITE = """
import pytest

@pytest.mark.modules
@pytest.mark.aspect("forward")
def test_modules(check):
    check.agrees()
"""
