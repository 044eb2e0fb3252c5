"""``coreml-cpu``, ``coreml-gpu``, ``coreml-ane``: the converted program, run by Core ML on macOS on the unit asked for.

Not run on hardware: the tests run this code through coremltools with only Apple's native layer replaced.
"""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from silicon_cts.backends.coreml.reference import CoreMLReference
from silicon_cts.backends.coreml.ways import WAYS
from silicon_cts.backends.outcome import Outcome
from silicon_cts.backends.protocol import Absence, Capability, Enter

if TYPE_CHECKING:
    from silicon_cts.backends.coreml.front import Passed
    from silicon_cts.backends.program import Program

UNITS = {"coreml-cpu": ("cpu", "CPU_ONLY"), "coreml-gpu": ("gpu", "CPU_AND_GPU"), "coreml-ane": ("ane", "CPU_AND_NE")}
"""Name of the backend -> the unit, and the ``coremltools.ComputeUnit`` that asks for it."""
_PLANS_SINCE = (14, 4)


class CoreML(CoreMLReference):
    """Core ML with the compute units that the name asks for."""

    stages = ("build", "convert", "compile", "load", "run")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.unit, self.compute_units = UNITS[name]

    @property
    def kind(self) -> type[Program]:
        """For the Neural Engine, behind surroundings that are worth the way there."""
        from silicon_cts.backends.coreml.surroundings import Embedded

        return Embedded if self.unit == "ane" else super().kind

    @property
    def marks(self) -> tuple[str, ...]:
        """``ane`` too where the Neural Engine is asked for."""
        return ("coreml", "ane") if self.unit == "ane" else ("coreml",)

    def absence(self) -> Absence | None:
        """Present on macOS 13 and later, with a coremltools that holds the native library."""
        if platform.system() != "Darwin":
            where = f"{platform.system()} {platform.machine()}"
            return Absence(f"Core ML needs macOS: this is {where}", "use coreml-reference here")
        if _macos() < (13, 0):
            return Absence(f"Core ML needs macOS 13: this is {platform.mac_ver()[0]}", "update macOS")
        if absence := super().absence():
            return absence
        if importlib.util.find_spec("coremltools.libcoremlpython") is None:
            return Absence("this coremltools has no native library", "install its macOS wheel from PyPI")
        return None

    def capability(self) -> Capability:
        """As the reference; the Neural Engine computes in float16 only. Metal does not survive a fork: spawn."""
        ways = {name: way.precision for name, way in WAYS.items() if self.unit != "ane" or way.precision == "float16"}
        deadlines = {"build": 120.0, "convert": 120.0, "compile": 120.0, "load": 300.0, "run": 120.0}
        return replace(super().capability(), isolation="spawn", deadlines=deadlines, ways=ways)

    def answer(self, model: Any, passed: Passed, precision: str, enter: Enter) -> Mapping[int, Outcome]:
        """Compile, load, read the plan, predict; each stage has its deadline."""
        from silicon_cts.backends.coreml import prediction

        loaded, plan = self.ready(model, enter)
        return prediction.answer(model, loaded, plan, passed, precision, self.unit)

    def ready(self, model: Any, enter: Enter) -> tuple[Any, Any]:
        """Compile and load it: the stage is then ``run``."""
        from silicon_cts.backends.coreml.compiled import compiled

        enter("compile")
        path = compiled(model)
        enter("load")
        loaded, plan = self.load(path)
        enter("run")
        return loaded, plan

    def load(self, path: Path) -> tuple[Any, Any]:
        """A compiled model, ready to predict, and its compute plan: None before macOS 14.4. Raises what those raise."""
        import coremltools as ct

        units = ct.ComputeUnit[self.compute_units]
        loaded = ct.models.CompiledMLModel(str(path), compute_units=units)
        if _macos() < _PLANS_SINCE:
            return loaded, None
        return loaded, ct.models.compute_plan.MLComputePlan.load_from_path(str(path), units)


def _macos() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.mac_ver()[0].split(".") if part.isdigit())
