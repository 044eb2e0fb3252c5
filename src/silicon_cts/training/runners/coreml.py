"""How does a training step run once Core ML's converter has had it: on a Mac, and on a machine without Core ML?

State goes in and comes out with each step. Core ML could keep it, but in float16 alone (coremltools 9.0 casts every
other state), which would round the parameters of a step in float32.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

import silicon_cts.mil
from silicon_cts.backends.coreml import placement
from silicon_cts.backends.coreml.compiled import compiled
from silicon_cts.backends.coreml.conversion import without_delay
from silicon_cts.backends.coreml.device import CoreML
from silicon_cts.backends.decomposition import decomposed
from silicon_cts.backends.outcome import Placed


class _Predicting:
    """What has a ``predict`` as Core ML's models have it: arrays by name in, arrays by name out."""

    placement: tuple[Placed, ...] = ()
    elsewhere = ""

    def __init__(self, model: Any, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        self._model = model
        self._inputs = list(inputs)
        self._outputs = list(outputs)

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
        """Nothing is held but the model."""
        self._model = None


class ReferenceRunner(_Predicting):
    """Converted by coremltools at the precision of the model, computed by the MIL evaluator."""

    def __init__(self, backend: str, program: torch.export.ExportedProgram) -> None:
        model = silicon_cts.mil.load(convert(program, "milinternal"))
        super().__init__(model, list(model.inputs), list(model.outputs))


class DeviceRunner(_Predicting):
    """The same program, compiled and run by Core ML on the unit that the backend's name asks for, with its placement.

    Not run on hardware: the tests replace Apple's native layer under coremltools, and nothing else.
    """

    def __init__(self, backend: str, program: torch.export.ExportedProgram) -> None:
        device = CoreML(backend)
        model = convert(program, "mlprogram")
        loaded, plan = device.load(compiled(model))
        description = model.get_spec().description
        outputs = [one.name for one in description.output]
        super().__init__(loaded, [one.name for one in description.input], outputs)
        if plan is not None:
            loss, *changed = outputs
            self.placement = tuple(placement.of_step(placement.read(plan), loss, changed))
            self.elsewhere = placement.elsewhere(self.placement, device.unit)


def convert(program: torch.export.ExportedProgram, to: Literal["milinternal", "mlprogram"]) -> Any:
    """The program as MIL, or as an ``MLModel`` that is not loaded: in float16 where the step is, else in float32."""
    import coremltools

    logging.getLogger("coremltools").setLevel(logging.ERROR)
    half = any(node.meta["val"].dtype == torch.float16 for node in program.graph.nodes if node.op == "placeholder")
    precision = coremltools.precision.FLOAT16 if half else coremltools.precision.FLOAT32
    with without_delay():
        return coremltools.convert(
            decomposed(program),
            convert_to=to,
            compute_precision=precision,
            minimum_deployment_target=coremltools.target.iOS18,
            skip_model_load=to == "mlprogram",
        )
