"""How is a row of the table converted for Core ML, and run by it, stage by stage?

What runs it is macOS: not run on hardware; the tests run this through coremltools with Apple's native layer replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from silicon_cts.backends.coreml import conversion, refusals
from silicon_cts.backends.coreml.device import UNITS
from silicon_cts.backends.coreml.front import Passed
from silicon_cts.backends.coreml.interface import arrays
from silicon_cts.backends.decomposition import decomposed
from silicon_cts.backends.outcome import Outcome
from silicon_cts.benchmarks.programs.program import STAGES, Called, Program
from silicon_cts.benchmarks.table import Row


class Converted(Program):
    """For ``coreml-reference``: conversion alone. Our evaluator runs there, whose time says nothing of Core ML."""

    stages: ClassVar[Mapping[str, str]] = {"conversion": STAGES["conversion"]}

    def __init__(self, backend: str, row: Row, dtype: str, folder: Path) -> None:
        super().__init__(backend, row, dtype, folder)
        self._called = Called(row, "float32")  # as people have it: the converter makes float16
        self.inputs = self._called.inputs
        self._model: Any = None

    @staticmethod
    def failure(error: Exception, stage: str) -> Outcome:
        """See :meth:`Program.failure`."""
        return refusals.failure(error, stage)

    def convert(self) -> None:
        """Export in float32 and convert at the precision asked for, which saves the package."""
        passed = Passed("export", (), self.inputs, decomposed(self._called.exported()), ())
        self._model = conversion.convert(passed, self.dtype)


class CoreMLProgram(Converted):
    """For a compute unit of Core ML. Arguments and answers are NumPy's."""

    stages: ClassVar[Mapping[str, str]] = STAGES

    def __init__(self, backend: str, row: Row, dtype: str, folder: Path) -> None:
        super().__init__(backend, row, dtype, folder)
        self._arrays = dict(arrays(self.inputs))
        self._path = folder / "model.mlmodelc"
        self._loaded: Any = None

    def compile(self) -> None:
        """Anew, past the cache of compiled models: a cold load is that of a path which was never loaded from."""
        from coremltools.models.utils import compile_model

        shutil.rmtree(self._path, ignore_errors=True)
        compile_model(str(self._model.package_path), str(self._path))
        taken = {one.name for one in self._model.get_spec().description.input}
        self._arrays = {name: one for name, one in self._arrays.items() if name in taken}

    def load(self) -> None:
        """On the unit that the backend is named after."""
        import coremltools as ct

        self._loaded = None
        units = ct.ComputeUnit[UNITS[self.backend][1]]
        self._loaded = ct.models.CompiledMLModel(str(self._path), compute_units=units)

    def call(self) -> None:
        """Predict."""
        self._loaded.predict(self._arrays)
