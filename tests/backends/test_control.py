"""The controls: PyTorch's CPU, computed otherwise, agrees."""

import pytest
import torch

from silicon_cts.backends.control import VARIANTS, Compiled, Control, is_loop
from silicon_cts.backends.outcome import Task
from silicon_cts.catalog.operators import operators
from silicon_cts.execution.executor import Executor
from silicon_cts.numerics.verdict import judge
from silicon_cts.sampling.observation import OBSERVE, Observation
from silicon_cts.sampling.recipe import Recipe


def asked(backend: Control, *recipes: Recipe):
    tasks = [Task(recipe, "forward") for recipe in recipes]
    with Executor(backend) as executor:
        outcomes = executor.run(tasks)
    return [
        judge(task, found, operators()[task.recipe.operator], backend.capability())
        for task, found in zip(tasks, outcomes, strict=True)
    ]


def present(name: str) -> Control:
    backend = (Compiled if name == "cpu-compile" else Control)(name)
    if absence := backend.absence():
        pytest.skip(str(absence))
    return backend


@pytest.mark.parametrize("name", VARIANTS)
def test_each_agrees_and_is_no_yardstick(name):
    backend = present(name)
    assert backend.on_request
    assert not backend.capability().yardstick
    found = asked(backend, Recipe("sum", "float32", 3), Recipe("exp", "float32", 0))
    assert [one.verdict for one in found] == ["agrees", "agrees"]


@pytest.mark.parametrize(
    ("name", "asked_for"),
    [("cpu-one-thread", (1, True)), ("cpu-two-threads", (2, True)), ("cpu-no-onednn", (3, False))],
)
def test_what_is_other_is_so_around_the_calls_alone(name, asked_for, monkeypatch):
    def now():
        return torch.get_num_threads(), torch.backends.mkldnn.enabled

    def observe(recipe, setting):
        for _ in range(2):
            with setting.around:
                seen.append(now())
            seen.append(now())
        return Observation([])

    seen, before = [], torch.get_num_threads()
    monkeypatch.setitem(OBSERVE, "forward", observe)
    torch.set_num_threads(3)
    try:
        Control(name).run([Task(Recipe("exp", "float32", 0), "forward")], lambda stage: None)
    finally:
        torch.set_num_threads(before)
    assert seen == [asked_for, (3, True)] * 2


def test_compiled_are_pointwise_operators_and_reductions():
    loops = {name for name, operator in operators().items() if not operator.unchecked and is_loop(name)}
    assert {"exp", "add", "sum", "var", "nn.functional.relu", "amax"} <= loops
    assert not {"matmul", "nn.functional.conv2d", "sort", "linalg.svd"} & loops
    (refused,) = asked(present("cpu-compile"), Recipe("sort", "float32", 0))
    assert refused.verdict == "unsupported"


def test_without_a_compiler_it_is_absent(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: None)
    absence = Compiled("cpu-compile").absence()
    assert absence is not None
    assert "C++ compiler" in absence.reason


def test_vector_units_are_chosen_by_name_on_x86_alone(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert Control("cpu-scalar").absence() is not None
    assert Control("cpu-one-thread").absence() is None
