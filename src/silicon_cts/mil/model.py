"""How is a model asked for a prediction?"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .arithmetic import Mode
from .evaluate import OnValue, evaluate
from .images import to_image
from .interface import Feature
from .plan import Plan, prepare
from .state import State
from .values import Array, declared_type


class Model:
    """One function of a converted program, with the interface of `coremltools.models.MLModel`.

    Attributes:
        function: the MIL function.
        function_name: its name in the program.
        inputs: what it takes, by name.
        outputs: what it gives, by name.
        mode: how float16 is treated, unless a prediction asks for another way.
    """

    def __init__(
        self,
        function: Any,
        function_name: str,
        inputs: Mapping[str, Feature],
        outputs: Mapping[str, Feature],
        mode: Mode | str = Mode.AS_WRITTEN,
    ) -> None:
        self.function = function
        self.function_name = function_name
        self.inputs = dict(inputs)
        self.outputs = dict(outputs)
        self.mode = Mode(mode)
        self._plans: dict[Mode, Plan] = {}

    def predict(self, data: Any, state: State | None = None, *, mode: Mode | str | None = None) -> Any:
        """The outputs for `data`, as Core ML gives them.

        Args:
            data: an array (numpy, torch or list; a PIL image for an image) for every input by name, or a list of these.
            state: the state of a stateful model, read and updated; only for a single prediction.
            mode: how float16 is treated, by default as the model was loaded.

        Returns:
            An array for every output by name (float16 comes back as float32), `str` or `int` for a class label, a
            `dict` for the probabilities, a PIL image for an image; a list of these for a list.

        Raises:
            TypeError: the data is no dict or list of dicts, or an input holds no numbers.
            KeyError: there is no such input.
            InputError: (a RuntimeError) an input or the state is missing, or an input has a shape that is not allowed.
            EvaluationError: an operation could not be computed.
        """
        if type(data) not in (list, dict):
            raise TypeError(f'"data" parameter must be either a dict or list of dict, but got {type(data)}.')
        if isinstance(data, dict):
            return self._predict(data, state, mode)
        if not all(type(one) is dict for one in data):
            raise TypeError('"data" list must contain only dictionaries')
        if state is not None:
            raise ValueError("State can only be used for unbatched predictions")
        return [self._predict(one, None, mode) for one in data]

    def make_state(self) -> State:
        """A new state, all zeros, to pass to `predict`."""
        from coremltools.converters.mil.mil import types

        states = {name: var for name, var in self.function.inputs.items() if types.is_state(var.sym_type)}
        return State(
            {name: tuple(int(size) for size in var.shape) for name, var in states.items()},
            {name: declared_type(var) for name, var in states.items()},
        )

    def evaluate(
        self,
        inputs: Mapping[str, Any],
        *,
        mode: Mode | str | None = None,
        on_value: OnValue | None = None,
        state: State | None = None,
    ) -> dict[str, Any]:
        """The outputs in their declared types, every intermediate result shown to `on_value`; see `evaluate`."""
        return evaluate(self.plan(mode), self._accepted(inputs), on_value=on_value, state=state)

    def plan(self, mode: Mode | str | None = None) -> Plan:
        """The plan of the evaluation in `mode`, made when first needed."""
        wanted = self.mode if mode is None else Mode(mode)
        if wanted not in self._plans:
            self._plans[wanted] = prepare(self.function, wanted)
        return self._plans[wanted]

    def _accepted(self, data: Mapping[str, Any]) -> dict[str, Array]:
        for name in data:
            if name not in self.inputs:
                raise KeyError(
                    f'Provided key "{name}", in the input dict, does not match any of the model input name(s), '
                    f"which are: {set(self.inputs)}"
                )
        return {
            name: feature.accept(data[name]) if name in data else feature.absent()
            for name, feature in self.inputs.items()
        }

    def _predict(self, data: Mapping[str, Any], state: State | None, mode: Mode | str | None) -> dict[str, Any]:
        results = evaluate(self.plan(mode), self._accepted(data), state=state)
        return {name: self._seen(name, value) for name, value in results.items()}

    def _seen(self, name: str, value: Any) -> Any:
        feature = self.outputs.get(name)
        if feature is not None and feature.layout is not None:
            return to_image(value, feature.layout)
        if isinstance(value, np.ndarray) and value.dtype == np.float16:
            return value.astype(np.float32)
        return value
