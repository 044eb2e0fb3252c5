"""Core ML on macOS: not run on hardware; here through coremltools with only its native layer replaced."""

import dataclasses
import inspect
import platform

import pytest

pytest.importorskip("coremltools")

import coremltools as ct

from backends.coreml import native
from silicon_cts.backends import registry
from silicon_cts.backends.coreml import compiled
from silicon_cts.backends.coreml.device import UNITS, CoreML
from silicon_cts.backends.coreml.placement import UNITS as DEVICES
from silicon_cts.backends.outcome import Placed, Task
from silicon_cts.backends.program import Program
from silicon_cts.catalog.operators import operators
from silicon_cts.numerics.verdict import judge
from silicon_cts.sampling.recipe import Recipe


@pytest.fixture
def core_ml(monkeypatch, tmp_path):
    native.install(monkeypatch)
    monkeypatch.setenv("SILICON_CTS_CACHE", str(tmp_path))


def ask(name: str, operator: str, sample: int = 0, way: str = "trace float16", stages: list[str] | None = None):
    backend = registry.get(name)
    backend.start()
    task = Task(Recipe(operator, "float32", sample), "forward", way, way.split()[1])
    (found,) = backend.run([task], (stages if stages is not None else []).append)
    return found, judge(task, found, operators()[operator], backend.capability())


@pytest.mark.parametrize("name", UNITS)
def test_a_program_is_compiled_loaded_and_predicted_stage_by_stage(core_ml, name):
    stages: list[str] = []
    _, judgement = ask(name, "sin", stages=stages)
    assert list(dict.fromkeys(stages)) == list(registry.get(name).stages)
    assert judgement.verdict == "agrees"


def test_every_operation_of_the_operator_says_where_it_was_planned(core_ml):
    found, judgement = ask("coreml-ane", "sin")
    assert found.placement == (Placed("sin", "ane", ("cpu", "gpu", "ane"), 0.25),)
    assert judgement.placement == found.placement


def test_what_was_planned_elsewhere_is_not_placed_and_says_why(core_ml):
    _, judgement = ask("coreml-ane", "cumsum")
    assert judgement.verdict == "not_placed"
    assert judgement.reason == "asked for ane, planned cumsum on cpu (ane does not support it)"


def test_a_small_operation_is_worth_the_way_to_the_neural_engine_among_others(core_ml, monkeypatch):
    for way in ("trace float16", "export float16"):
        found, judgement = ask("coreml-ane", "add", 2, way)
        assert judgement.verdict == "agrees"
        assert [one.operation for one in found.placement] == ["add"]  # neither the one before it nor a convolution
    monkeypatch.setattr(CoreML, "kind", Program)
    _, judgement = ask("coreml-ane", "add", 2)
    assert judgement.verdict == "not_placed"
    assert judgement.reason == "asked for ane, planned add on cpu"


def test_samples_of_one_program_have_their_own_placement(core_ml):
    backend = registry.get("coreml-ane")
    tasks = [Task(Recipe(name, "float32", 0), "forward", "trace float16", "float16") for name in ("cumsum", "sin")]
    found = backend.run(tasks, lambda stage: None)
    assert [bool(one.elsewhere) for one in found] == [True, False]


def test_a_model_is_compiled_once_for_an_os_build_and_chip(core_ml, monkeypatch):
    ask("coreml-cpu", "sin")
    ask("coreml-gpu", "sin")
    assert len(native._MLModelProxy.compiled) == 1
    monkeypatch.setattr(compiled, "machine", lambda: ("26A999", "Apple M9"))
    ask("coreml-cpu", "sin")
    assert len(native._MLModelProxy.compiled) == 2


def test_every_attribute_of_apples_api_that_is_touched_exists():
    from coremltools.models import CompiledMLModel, compute_device, compute_plan
    from coremltools.models.utils import compile_model

    assert {units for _, units in UNITS.values()} <= set(ct.ComputeUnit.__members__)
    assert all(issubclass(getattr(compute_device, name), compute_device.MLComputeDevice) for name in DEVICES)
    assert list(inspect.signature(compute_plan.MLComputePlan.load_from_path).parameters) == ["path", "compute_units"]
    assert list(inspect.signature(compile_model).parameters) == ["model", "destination_path"]
    assert {"path", "compute_units"} <= set(inspect.signature(CompiledMLModel.__init__).parameters)
    assert {"data", "state"} <= set(inspect.signature(CompiledMLModel.predict).parameters)
    touched = {
        "MLModelStructure": {"program"},
        "MLModelStructureProgram": {"functions"},
        "MLModelStructureProgramFunction": {"block"},
        "MLModelStructureProgramBlock": {"operations"},
        "MLModelStructureProgramOperation": {"operator_name", "inputs", "outputs", "blocks"},
        "MLModelStructureProgramArgument": {"bindings"},
        "MLModelStructureProgramBinding": {"name"},
        "MLModelStructureProgramNamedValueType": {"name"},
        "MLComputePlanDeviceUsage": {"preferred_compute_device", "supported_compute_devices"},
        "MLComputePlanCost": {"weight"},
    }
    for name, fields in touched.items():
        assert fields <= {field.name for field in dataclasses.fields(getattr(compute_plan, name))}
    for method in ("device_usage", "estimated_cost"):
        stem = {"device_usage": "get_compute_device_usage", "estimated_cost": "get_estimated_cost"}[method]
        assert callable(getattr(compute_plan.MLComputePlan, f"{stem}_for_mlprogram_operation"))


def test_it_is_absent_before_macos_13_and_elsewhere(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    assert "use coreml-reference here" in str(registry.get("coreml-ane").absence())
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("12.6", ("", "", ""), "arm64"))
    assert str(registry.get("coreml-cpu").absence()) == "Core ML needs macOS 13: this is 12.6; update macOS"


def test_the_neural_engine_is_asked_in_float16_only():
    assert set(registry.get("coreml-ane").capability().ways) == {"trace float16", "export float16"}
