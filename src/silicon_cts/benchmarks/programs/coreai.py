"""How is a row of the table run by Core AI, stage by stage?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

from silicon_cts.backends import coreai
from silicon_cts.backends.outcome import Outcome
from silicon_cts.benchmarks.programs.program import METRICS, STAGES, Called, Program
from silicon_cts.benchmarks.table import Row


class CoreAIProgram(Program):
    """Of the interpreter, or of a compute unit. Arguments are the runtime's arrays before a call, answers NumPy's."""

    stages: ClassVar[Mapping[str, str]] = {metric: STAGES[metric] for metric in METRICS if metric != "compile"}

    def __init__(self, backend: str, row: Row, dtype: str, folder: Path) -> None:
        super().__init__(backend, row, dtype, folder)
        self._options = coreai.CoreAI(backend).specialization()
        self._called = Called(row, dtype)
        self.inputs = self._called.inputs
        self._arrays = [coreai.to_ndarray(one) for one in self.inputs]
        self._loop = asyncio.Runner()
        self._opened = AsyncExitStack()
        self._asset: Any = None
        self._function: Any = None
        self._given: dict[str, Any] = {}

    @staticmethod
    def failure(error: Exception, stage: str) -> Outcome:
        """See :meth:`Program.failure`."""
        return coreai.failure(error, stage)

    def convert(self) -> None:
        """Export, decompose, convert, save."""
        import coreai_torch

        exported = self._called.exported().run_decompositions(coreai_torch.get_decomp_table())
        converted = coreai_torch.TorchConverter().add_exported_program(exported).to_coreai()
        self._asset = converted.save_asset(self.folder / "program.aimodel")

    def load(self) -> None:
        """Compile for the unit, which Core AI does as it loads, and find the function."""
        self._loop.run(self._load())
        self._given = dict(zip(self._function.desc.input_names, self._arrays, strict=True))

    async def _load(self) -> None:
        await self._opened.aclose()
        model = await self._opened.enter_async_context(self._asset.executable(**self._options))
        self._function = model.load_function("main")

    def call(self) -> None:
        """One call, its answers read."""
        self._loop.run(self._call())

    async def _call(self) -> None:
        answer = await self._function(self._given)
        for name in self._function.desc.output_names:
            answer[name].numpy()

    def close(self) -> None:
        """Unload."""
        self._function = None
        self._loop.run(self._opened.aclose())
        self._loop.close()
