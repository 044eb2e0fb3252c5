"""Which answer does a converted Core ML program give, on a machine that has no Core ML?

`load` takes an `.mlpackage`, an `MLModel` or an in-memory MIL program and returns a `Model` whose `predict` takes and
gives what `coremltools.models.MLModel.predict` does on a Mac. Every operation is computed from the documentation of the
MIL opset, so that what the converter wrote can be held against what it should have written:

    from silicon_cts import mil
    model = mil.load("model.mlpackage")
    model.predict({"x": array})

`evaluate` runs one function of a program and lets the caller see, or replace, every intermediate result. Neither torch
nor coremltools is imported before one of the two is called.
"""

from .arithmetic import Mode
from .errors import EvaluationError, InputError, UnsupportedOperationError
from .evaluate import evaluate
from .loading import load
from .model import Model
from .plan import Plan, prepare
from .state import State

__all__ = [
    "EvaluationError",
    "InputError",
    "Mode",
    "Model",
    "Plan",
    "State",
    "UnsupportedOperationError",
    "evaluate",
    "load",
    "prepare",
]
