"""How does a training step run on Apple's Core AI?

Converted, saved and loaded as ``silicon_cts.backends.coreai`` does with samples, but the program stays open, and the
state stays in the arrays that came out of the step before.
"""

from __future__ import annotations

import asyncio
import tempfile
import weakref
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import torch

from silicon_cts.backends.coreai import CoreAI, to_ndarray, to_tensor
from silicon_cts.backends.decomposition import decomposed
from silicon_cts.backends.outcome import Placed


class CoreAIRunner:
    """One program of ``coreai`` or one of its compute units."""

    placement: tuple[Placed, ...] = ()
    elsewhere = ""

    def __init__(self, backend: str, program: torch.export.ExportedProgram) -> None:
        import coreai_torch

        program = decomposed(program, coreai_torch.get_decomp_table)
        converted = coreai_torch.TorchConverter().add_exported_program(program).to_coreai()
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._folder = tempfile.TemporaryDirectory(prefix="silicon-cts-")
        self._thread = ThreadPoolExecutor(1, "coreai")  # a notebook's own event loop runs in the caller's
        self._closed = weakref.finalize(self, _close, self._thread, self._loop, self._stack, self._folder)
        asset = converted.save_asset(Path(self._folder.name) / "step.aimodel")
        self._function = self._wait_for(self._open(asset, CoreAI(backend).specialization()))
        self._inputs = self._function.desc.input_names
        self._outputs = self._function.desc.output_names

    async def _open(self, asset: Any, options: dict[str, Any]) -> Any:
        model = await self._stack.enter_async_context(asset.executable(**options))
        return model.load_function("main")

    def _wait_for(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._thread.submit(self._loop.run_until_complete, work).result()

    def put(self, tensor: torch.Tensor) -> Any:
        """See :class:`Runner`; int64 becomes int32, which Core AI documents."""
        return to_ndarray(tensor)

    def get(self, handle: Any) -> torch.Tensor:
        """See :class:`Runner`."""
        return to_tensor(handle)

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        """See :class:`Runner`."""
        outputs: list[Any] = self._wait_for(self._call(dict(zip(self._inputs, inputs, strict=True))))
        return outputs

    async def _call(self, inputs: dict[str, Any]) -> list[Any]:
        answer = await self._function(inputs)
        return [answer[name] for name in self._outputs]

    def close(self) -> None:
        """Unload the program and remove its files."""
        self._function = None
        self._closed()


def _close(
    thread: ThreadPoolExecutor,
    loop: asyncio.AbstractEventLoop,
    stack: AsyncExitStack,
    folder: tempfile.TemporaryDirectory[str],
) -> None:
    def unload() -> None:
        loop.run_until_complete(stack.aclose())
        loop.close()

    try:
        unloaded = thread.submit(unload)
    except RuntimeError:  # the interpreter is going down and starts nothing in threads
        unload()
    else:
        unloaded.result()
        thread.shutdown()
    folder.cleanup()
