"""How does a program of PyTorch become a Core ML program?"""

from __future__ import annotations

from typing import Any

from silicon_cts.backends.coreml.front import Passed
from silicon_cts.backends.coreml.interface import names, numpy_dtype


def convert(passed: Passed, precision: str) -> Any:
    """The ``MLModel``, not loaded, for iOS 18 and macOS 15. Raises whatever ``coremltools.convert`` raises.

    With its default outputs, so that a wrong dtype shows. Raises RuntimeError if an input is not named as asked.
    """
    import coremltools as ct

    asked = [
        ct.TensorType(name, shape=tensor.shape, dtype=numpy_dtype(tensor))
        for name, tensor in zip(names(passed.inputs), passed.inputs, strict=True)
    ]
    model = ct.convert(
        passed.model,
        inputs=asked,
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT16 if precision == "float16" else ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    )
    described = [one.name for one in model.get_spec().description.input]
    if unknown := set(described) - set(names(passed.inputs)):
        raise RuntimeError(f"the program has an input {sorted(unknown)[0]!r} that was not asked for")
    return model
