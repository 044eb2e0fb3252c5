"""A stand-in for ``coremltools.libcoremlpython``, Apple's native layer, which exists on macOS alone.

Predicts with the MIL evaluator and plans as a table says. Everything above it is coremltools' own code.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import coremltools as ct
import coremltools.models.compute_device as devices
import coremltools.models.compute_plan as plans
from coremltools.models import _compiled_model, model, utils

from silicon_cts import mil

ON_ANE = {"sin", "softmax", "conv", "add", "mul", "relu", "linear", "matmul"}
"""What this Neural Engine supports."""
WORTH = 4
"""Convolutions from which on a program is worth the way to it."""


class _MLCPUComputeDeviceProxy:
    pass


class _MLGPUComputeDeviceProxy:
    pass


class _MLNeuralEngineComputeDeviceProxy:
    def get_total_core_count(self):
        return 16


class _MLModelAssetProxy:
    pass


class _MLComputePlanProxy:
    """The plan of the program in a compiled model."""

    def __init__(self, function, units):
        self.units = units
        self.large = sum(one.op_type == "conv" for one in function.operations) >= WORTH
        operations = [_operation(one) for one in function.operations]
        block = plans.MLModelStructureProgramBlock([], operations, [var.name for var in function.outputs])
        program = plans.MLModelStructureProgram({"main": plans.MLModelStructureProgramFunction([], block)})
        self.model_structure = plans.MLModelStructure(None, program, None)

    def get_compute_device_usage_for_mlprogram_operation(self, operation):
        kind = operation.operator_name.rpartition(".")[2]
        if kind == "const":
            return None
        cpu, gpu = (
            devices.MLCPUComputeDevice(_MLCPUComputeDeviceProxy()),
            devices.MLGPUComputeDevice(_MLGPUComputeDeviceProxy()),
        )
        ane = devices.MLNeuralEngineComputeDevice(_MLNeuralEngineComputeDeviceProxy())
        supported = [cpu, gpu, *([ane] if kind in ON_ANE else [])]
        preferred = {"CPU_ONLY": cpu, "CPU_AND_GPU": gpu, "CPU_AND_NE": ane if kind in ON_ANE and self.large else cpu}[
            self.units
        ]
        return plans.MLComputePlanDeviceUsage(preferred, supported)

    def get_estimated_cost_for_mlprogram_operation(self, operation):
        return None if operation.operator_name.endswith("const") else plans.MLComputePlanCost(0.25)


class _MLModelProxy:
    """A model that is loaded."""

    compiled: list[str] = []  # noqa: RUF012  what was compiled, by all

    def __init__(self, path, units, function_name, hints, asset):
        assert ct.ComputeUnit[units]
        self.model = mil.load(Path(path) / "package.mlpackage")

    def predict(self, data, state):
        return self.model.predict(data, state)

    def newState(self):  # noqa: N802  as Apple named it
        return self.model.make_state()

    @staticmethod
    def maximum_supported_specification_version():
        return 9

    @classmethod
    def compileModel(cls, path):  # noqa: N802  as Apple named it
        cls.compiled.append(path)
        folder = Path(tempfile.mkdtemp()) / "model.mlmodelc"
        shutil.copytree(path, folder / "package.mlpackage")
        return str(folder)

    @staticmethod
    def get_compute_plan(path, units):
        function = mil.load(Path(path) / "package.mlpackage").function
        return plans.MLComputePlan(_MLComputePlanProxy(function, units))


def _operation(one):
    names = [
        var.name for given in one.inputs.values() for var in (given if isinstance(given, (list, tuple)) else [given])
    ]
    bindings = [plans.MLModelStructureProgramBinding(name, None) for name in names]
    outputs = [
        plans.MLModelStructureProgramNamedValueType(var.name, plans.MLModelStructureProgramValueType())
        for var in one.outputs
    ]
    argument = plans.MLModelStructureProgramArgument(bindings)
    return plans.MLModelStructureProgramOperation({"x": argument}, f"ios18.{one.op_type}", outputs, [], None)


def install(monkeypatch):
    """Put it where coremltools looks for the native layer, on a macOS 15."""
    monkeypatch.setitem(sys.modules, "coremltools.libcoremlpython", sys.modules[__name__])
    for module in (model, plans, devices, _compiled_model):
        for name in [name for name in vars(module) if name.startswith("_ML") and name.endswith("Proxy")]:
            monkeypatch.setattr(module, name, globals()[name])
    for module in (_compiled_model, utils):
        monkeypatch.setattr(module, "_macos_version", lambda: (15, 0))
    monkeypatch.setattr("platform.mac_ver", lambda: ("15.0", ("", "", ""), "arm64"))
    _MLModelProxy.compiled.clear()
