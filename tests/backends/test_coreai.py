"""Apple's Core AI runtime, for real where ``coreai-torch`` is installed."""

import ast
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from silicon_cts.backends import coreai as coreai_backend
from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Task
from silicon_cts.backends.program import export, holders
from silicon_cts.execution.executor import Executor
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import make


def tasks(operator: str, indices, dtype: str = "float32") -> list[Task]:
    return [Task(Recipe(operator, dtype, index), "forward") for index in indices]


@pytest.fixture(scope="module")
def executor():
    pytest.importorskip("coreai_torch")
    with Executor(registry.get("coreai")) as executor:
        yield executor


def test_outputs_are_taken_by_name(executor):
    """``split`` returns many outputs: each must be its own."""
    asked = tasks("split", [0, 1])
    for task, found in zip(asked, executor.run(asked), strict=True):
        expected = make(task.recipe).run()
        assert len(found.observed) == len(expected)
        for got, wanted in zip(found.observed, expected, strict=True):
            torch.testing.assert_close(got, wanted.detach())


def test_int64_is_narrowed_as_declared(executor):
    (found,) = executor.run(tasks("add", [3], "int64"))
    assert found.observed[0].dtype == torch.int32
    assert executor.capability.narrows["int64"] == "int32"


def test_values_that_do_not_survive_narrowing_are_refused():
    sample = make(Recipe("add", "int64", 3))
    assert coreai_backend._beyond_int32(sample) is None
    assert "beyond int32" in coreai_backend._beyond_int32(sample.with_tensors([t * 0 + 2**40 for t in sample.tensors]))


def test_a_refused_operation_is_blamed_on_the_samples_that_hold_it(executor):
    found = executor.run([*tasks("sort", [0]), *tasks("add", [0, 3])])
    assert [one.kind for one in found] == ["refusal", "result", "result"]
    assert found[0].reason == "no lowering for aten.sort.default"


def test_who_holds_an_operation_is_read_off_the_graph():
    program = export(
        [make(Recipe("add", "float32", 0)), make(Recipe("sin", "float32", 0)), make(Recipe("cos", "float32", 0))]
    )
    assert holders(program, ["aten.sin.default"]) == {1: {"aten.sin.default"}}


def test_an_abort_costs_its_own_verdict_only(executor):
    found = executor.run(tasks("sum", [0]))
    assert found[0].kind == "crash"
    assert found[0].stage == "convert"
    assert executor.run(tasks("add", [0]))[0].kind == "result"


def test_compute_units_are_absent_before_macos_27(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    assert "Core AI compute units need macOS 27" in str(registry.get("coreai-ane").absence())
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("26.1", ("", "", ""), "arm64"))
    assert (
        str(registry.get("coreai-gpu").absence()) == "Core AI compute units need macOS 27: this is 26.1; update macOS"
    )


def test_names_that_the_macos_path_uses_exist_in_the_installed_package():
    """Not run on hardware: the options are macOS only, so that their names are read from the package's own source."""
    pytest.importorskip("coreai")
    import inspect

    import coreai.runtime
    from coreai.runtime import SpecializationOptions

    assert callable(SpecializationOptions.cpu_only)
    assert "compute_unit_kind" in inspect.signature(SpecializationOptions.from_preferred_compute_unit_kind).parameters
    import coreai.authoring.asset as asset

    assert "specialization_options" in inspect.getsource(asset)
    stub = ast.parse(Path(coreai.runtime.__file__).with_suffix(".pyi").read_text())
    kinds = next(node for node in stub.body if isinstance(node, ast.ClassDef) and node.name == "ComputeUnitKind")
    assert set(coreai_backend.UNITS.values()) <= {node.name for node in kinds.body if isinstance(node, ast.FunctionDef)}


def test_the_script_reproduces_it_without_silicon_cts(executor, tmp_path):
    from silicon_cts.records.script import script

    recipe = Recipe("mul", "float32", 3)
    text = script(registry.get("coreai"), recipe, "forward", "mul (forward, float32) on coreai")
    assert "silicon_cts" not in text
    (tmp_path / "repro.py").write_text(text)
    run = subprocess.run([sys.executable, "repro.py"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("cpu: tensor(")
    assert "\ncoreai: [array(" in run.stdout


MESSAGES = {
    "Failed: at #debuginfo.location<loc(\"/a/b.py\":1:0) in @main fused with [<x>] metadata = [<y>]>: axis is 0\nat #debuginfo.location<z>]>: see current operation: %2": "Failed: axis is 0",
    "plain words": "plain words",
}  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), MESSAGES.items(), ids=["mlir", "plain"])
def test_messages_lose_the_compilers_source_locations(given, expected):
    assert str(coreai_backend._without_locations(RuntimeError(given))) == expected


REFUSALS = [
    "Transposed conv3d is not yet supported",
    "'coreai.conv2d' op operand #0 must be 4D of float values, but got 'si32'",
]


@pytest.mark.parametrize("words", REFUSALS)
def test_these_words_are_refusals(words):
    assert coreai_backend._is_refusal(ValueError(words))
    assert not coreai_backend._is_refusal(IndexError("tuple index out of range"))
