"""What does a training step compute once Core ML's converter has had it, on a machine without Core ML?"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

import silicon_cts.mil


class ReferenceRunner:
    """Converted by coremltools at the precision of the model, computed by the MIL evaluator."""

    def __init__(self, backend: str, program: torch.export.ExportedProgram) -> None:
        converted = convert(program.run_decompositions({}))
        self._model = silicon_cts.mil.load(converted)
        self._inputs = list(self._model.inputs)
        self._outputs = list(self._model.outputs)

    def put(self, tensor: torch.Tensor) -> np.ndarray[Any, Any]:
        """See :class:`Runner`; int64 becomes int32, as coremltools narrows it."""
        return tensor.detach().to(torch.int32 if tensor.dtype == torch.int64 else tensor.dtype).numpy()

    def get(self, handle: np.ndarray[Any, Any]) -> torch.Tensor:
        """See :class:`Runner`."""
        return torch.from_numpy(np.array(handle))

    def __call__(self, inputs: Sequence[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
        """See :class:`Runner`."""
        answer = self._model.predict(dict(zip(self._inputs, inputs, strict=True)))
        return [answer[name] for name in self._outputs]

    def close(self) -> None:
        """Nothing is held."""


def convert(program: torch.export.ExportedProgram) -> Any:
    """The MIL program, in float16 where the program is, else in float32."""
    import coremltools

    logging.getLogger("coremltools").setLevel(logging.ERROR)
    half = any(node.meta["val"].dtype == torch.float16 for node in program.graph.nodes if node.op == "placeholder")
    precision = coremltools.precision.FLOAT16 if half else coremltools.precision.FLOAT32
    with contextlib.redirect_stderr(io.StringIO()):  # progress bars
        return coremltools.convert(
            program,
            convert_to="milinternal",
            compute_precision=precision,
            minimum_deployment_target=coremltools.target.iOS18,
        )
