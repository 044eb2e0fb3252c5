"""How does a program get here: from a package on disk, from an `MLModel`, or straight from the converter?"""

from os import PathLike
from pathlib import Path
from typing import Any

from .arithmetic import Mode
from .interface import Feature, declared, described
from .model import Model


def load(source: Any, *, function_name: str | None = None, mode: Mode | str = Mode.AS_WRITTEN) -> Model:
    """A model that predicts on any machine.

    Args:
        source: the path of an `.mlpackage` (or of an `.mlmodel` that holds an ML program), a
            `coremltools.models.MLModel`, or a MIL program as `coremltools.convert(..., convert_to="milinternal")`
            gives it.
        function_name: which function, if there are several; the default function of the model otherwise.
        mode: how float16 is treated: "as_written", "float16_accumulate" or "float32".

    Raises:
        FileNotFoundError: there is nothing at that path.
        TypeError: `source` is nothing of the above.
        ValueError: the model is no ML program, or has no such function.
    """
    if isinstance(source, (str, PathLike)):
        return _from_path(Path(source).expanduser(), function_name, mode)
    if hasattr(source, "get_spec"):
        return _from_description(source.get_spec(), source.weights_dir, function_name, mode)
    if hasattr(source, "functions"):
        return _from_program(source, function_name, mode)
    raise TypeError(f"cannot load a {type(source).__name__}: give a path, an MLModel or a MIL program")


def _from_path(path: Path, function_name: str | None, mode: Mode | str) -> Model:
    if not path.exists():
        raise FileNotFoundError(f"no model at {path}")
    from coremltools.models import MLModel

    model = MLModel(str(path), skip_model_load=True)
    return _from_description(model.get_spec(), model.weights_dir, function_name, mode)


def _from_description(spec: Any, weights: str | None, function_name: str | None, mode: Mode | str) -> Model:
    kind = spec.WhichOneof("Type")
    if kind != "mlProgram":
        raise ValueError(f"only ML programs can be evaluated, this model is a {kind}")
    from coremltools.converters.mil.frontend.milproto.load import load as load_program

    program = load_program(spec, spec.specificationVersion, weights or "")
    description = spec.description
    name = function_name or description.defaultFunctionName or program.default_function_name
    function = _function(program, name)
    part = next((one for one in description.functions if one.name == name), description)
    return Model(function, name, described(part.input), described(part.output), mode)


def _from_program(program: Any, function_name: str | None, mode: Mode | str) -> Model:
    name = function_name or program.default_function_name
    function = _function(program, name)
    return Model(function, name, declared(function), {var.name: Feature(var.name) for var in function.outputs}, mode)


def _function(program: Any, name: str) -> Any:
    if name not in program.functions:
        raise ValueError(f"function_name {name} not found in the model, which has {', '.join(program.functions)}.")
    return program.functions[name]
