"""How does a program of PyTorch become a Core ML program?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch

from silicon_cts.backends.coreml.front import RANGE, Passed
from silicon_cts.backends.coreml.interface import names, numpy_dtype


def convert(passed: Passed, precision: str, states: Mapping[str, torch.Tensor] | None = None) -> Any:
    """The ``MLModel``, not loaded, for iOS 18 and macOS 15. Raises whatever ``coremltools.convert`` raises.

    Buffers that are ``states``, by name, are kept in float16 by whoever calls it: the converter refuses other dtypes.
    With its default outputs, so that a wrong dtype shows. Raises RuntimeError if an input is not named as asked.
    """
    import coremltools as ct
    import numpy as np

    asked = [
        ct.TensorType(name, shape=shape, dtype=numpy_dtype(tensor))
        for name, tensor, shape in zip(names(passed.inputs), passed.inputs, _shapes(passed), strict=True)
    ]
    kept = [
        ct.StateType(ct.TensorType(shape=tuple(tensor.shape), dtype=np.float16), name)
        for name, tensor in (states or {}).items()
    ]
    with without_delay():
        model = ct.convert(
            passed.model,
            inputs=asked,
            states=kept or None,
            convert_to="mlprogram",
            compute_precision=ct.precision.FLOAT16 if precision == "float16" else ct.precision.FLOAT32,
            minimum_deployment_target=ct.target.iOS18,
            skip_model_load=True,
        )
    described = [one.name for one in model.get_spec().description.input]
    if unknown := set(described) - set(names(passed.inputs)):
        raise RuntimeError(f"the program has an input {sorted(unknown)[0]!r} that was not asked for")
    return model


def _shapes(passed: Passed) -> list[tuple[Any, ...]]:
    """Of each input, with one ``RangeDim`` for all dimensions that are flexible."""
    import coremltools as ct

    shapes = [tuple(tensor.shape) for tensor in passed.inputs]
    own = {shape[dim] for shape, dims in zip(shapes, passed.flexible, strict=False) for dim in dims}
    if not own:
        return list(shapes)
    size = ct.RangeDim(*RANGE, default=own.pop())
    return [
        tuple(size if dim in dims else one for dim, one in enumerate(shape))
        for shape, dims in zip(shapes, passed.flexible, strict=True)
    ]


@contextmanager
def without_delay() -> Iterator[None]:
    """What costs a third of a small conversion and changes nothing in the program is left out.

    The converter validates the program after each of some hundred passes: here between pipelines and after dead code
    elimination, when it checks most. And it has Python collect garbage after each conversion: Python does so by itself.
    It writes the whole program down for a log again and again, also where nobody keeps that log, and draws progress
    bars, which nobody sees in a worker.
    """
    from coremltools.converters import _converters_entry
    from coremltools.converters.mil.frontend.torch import ops
    from coremltools.converters.mil.mil import Function, Program
    from coremltools.converters.mil.mil.passes import pass_pipeline

    validate = Program.validate

    def validated(program: Any, check_essential_scope: bool | None = None) -> None:
        if check_essential_scope is not False:
            validate(program, check_essential_scope)

    with (
        mock.patch.object(Program, "validate", validated),
        mock.patch.object(_converters_entry, "gc", SimpleNamespace(collect=int)),
        mock.patch.object(pass_pipeline, "tqdm", partial(pass_pipeline.tqdm, disable=True)),
        mock.patch.object(ops, "_tqdm", partial(ops._tqdm, disable=True)),
        mock.patch.object(Program, "__str__", object.__repr__),
        mock.patch.object(Function, "__str__", object.__repr__),
    ):
        yield
