"""Does a model take and give what `coremltools.models.MLModel` does, wherever it comes from?"""

from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
import torch
from PIL import Image

from silicon_cts import mil


class Affine(torch.nn.Module):
    """x @ w.T + b, and its rows' sums."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 3)
        with torch.no_grad():
            self.layer.weight.copy_(torch.arange(12.0).reshape(3, 4) / 8)
            self.layer.bias.copy_(torch.tensor([1.0, 0, -1]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


X = np.array([[1, 2, 3, 4]], np.float32)
Y = np.array([[0 + 2 + 6 + 12, 4 + 10 + 18 + 28, 8 + 18 + 30 + 44]], np.float32) / 8 + np.array([1, 0, -1], np.float32)


def convert(shape: Any = (1, 4), *, to: str = "mlprogram", dtype: Any = np.float32, **options: Any) -> Any:
    """The converted module, in float32 unless asked otherwise."""
    options = {"compute_precision": ct.precision.FLOAT32, "minimum_deployment_target": ct.target.iOS17, **options}
    return ct.convert(
        torch.jit.trace(Affine().eval(), torch.zeros(1, 4)),
        inputs=[ct.TensorType("x", shape=shape, dtype=dtype)],
        outputs=[ct.TensorType("y", dtype=dtype)] if "classifier_config" not in options else None,
        convert_to=to,
        **options,
    )


@pytest.fixture(scope="module")
def model() -> mil.Model:
    return mil.load(convert())


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "affine.mlpackage"
    convert().save(str(path))
    return path


def test_from_a_converted_model(model: mil.Model) -> None:
    result = model.predict({"x": X})
    assert list(result) == ["y"]
    assert result["y"].dtype == np.float32
    assert np.array_equal(result["y"], Y)


def test_from_disk(package: Path) -> None:
    assert np.array_equal(mil.load(package).predict({"x": X})["y"], Y)
    assert np.array_equal(mil.load(str(package)).predict({"x": X})["y"], Y)


def test_from_a_program_in_memory() -> None:
    assert np.array_equal(mil.load(convert(to="milinternal")).predict({"x": X})["y"], Y)


def test_float16_comes_back_as_float32_as_core_ml_gives_it() -> None:
    model = mil.load(convert(dtype=np.float16, compute_precision=ct.precision.FLOAT16))
    result = model.predict({"x": X.astype(np.float16)})["y"]
    assert result.dtype == np.float32
    assert np.array_equal(result, Y)
    assert model.evaluate({"x": X})["y"].dtype == np.float16


@pytest.mark.parametrize("given", [X.tolist(), torch.tensor(X), X.astype(np.float64), X.astype(np.int64)])
def test_what_is_taken_for_an_array(model: mil.Model, given: Any) -> None:
    data = {"x": given}
    assert np.array_equal(model.predict(data)["y"], Y)
    assert data["x"] is given


def test_a_list_of_predictions(model: mil.Model) -> None:
    results = model.predict([{"x": X}, {"x": X * 0}])
    assert [result["y"][0, 0] for result in results] == [Y[0, 0], 1]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({}, RuntimeError, "Feature x is required but not specified"),
        (
            {"x": X, "z": X},
            KeyError,
            r'Provided key \\?"z\\?", in the input dict, does not match any of the model input',
        ),
        ({"x": X[0]}, RuntimeError, r"MultiArray shape \(4\) does not match the shape \(1 x 4\) specified"),
        ({"x": X[:, :3]}, RuntimeError, r"MultiArray shape \(1 x 3\) does not match the shape \(1 x 4\) specified"),
        ({"x": [["a", "b", "c", "d"]]}, TypeError, "must be an array of numbers"),
        ({"x": X + 1j}, TypeError, "must be an array of numbers, not of complex64"),
        (X, TypeError, '"data" parameter must be either a dict or list of dict'),
        ([X], TypeError, '"data" list must contain only dictionaries'),
    ],
)
def test_what_is_refused(model: mil.Model, data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        model.predict(data)


@pytest.mark.parametrize("to", ["mlprogram", "milinternal"])
def test_a_range_of_sizes(to: str) -> None:
    model = mil.load(convert((ct.RangeDim(1, 5), 4), to=to))
    for rows in (1, 3, 5):
        assert model.predict({"x": np.repeat(X, rows, axis=0)})["y"].shape == (rows, 3)
    with pytest.raises(mil.InputError, match=r"\(6 x 4\) does not match the shape \(1..5 x 4\)"):
        model.predict({"x": np.repeat(X, 6, axis=0)})


@pytest.mark.parametrize("to", ["mlprogram", "milinternal"])
def test_a_choice_of_shapes(to: str) -> None:
    model = mil.load(convert(ct.EnumeratedShapes([(1, 4), (3, 4)]), to=to))
    assert model.predict({"x": np.repeat(X, 3, axis=0)})["y"].shape == (3, 3)
    with pytest.raises(mil.InputError, match=r"\(2 x 4\) does not match the shape \(1 x 4\) or \(3 x 4\)"):
        model.predict({"x": np.repeat(X, 2, axis=0)})


def test_a_classifier() -> None:
    model = mil.load(convert(classifier_config=ct.ClassifierConfig(["a", "b", "c"])))
    result = model.predict({"x": X})
    assert result["classLabel"] == "c"
    assert result["classLabel_probs"] == dict(zip("abc", Y[0].tolist(), strict=True))


def test_an_input_with_a_default() -> None:
    traced = torch.jit.trace(Affine().eval(), torch.zeros(1, 4))
    given = [ct.TensorType("x", shape=(1, 4), default_value=np.ones((1, 4), np.float32))]
    converted = ct.convert(
        traced,
        inputs=given,
        outputs=[ct.TensorType("y")],
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS17,
    )
    assert np.array_equal(mil.load(converted).predict({})["y"], Affine()(torch.ones(1, 4)).detach().numpy())


@pytest.mark.parametrize("to", ["mlprogram", "milinternal"])
@pytest.mark.parametrize(("layout", "mode"), [("RGB", "RGB"), ("BGR", "RGB"), ("GRAYSCALE", "L")])
def test_images(layout: str, mode: str, to: str) -> None:
    channels = 1 if mode == "L" else 3
    pixels = np.arange(2 * 3 * channels, dtype=np.uint8).reshape((2, 3) if channels == 1 else (2, 3, 3))
    kind = getattr(ct.colorlayout, layout)
    converted = ct.convert(
        torch.jit.trace(torch.nn.ReLU(), torch.zeros(1, channels, 2, 3)),
        inputs=[ct.ImageType("x", shape=(1, channels, 2, 3), color_layout=kind, scale=2.0)],
        outputs=[ct.ImageType("y", color_layout=kind)] if to == "mlprogram" else [ct.TensorType("y")],
        convert_to=to,
        minimum_deployment_target=ct.target.iOS16,
    )
    result = mil.load(converted).predict({"x": Image.fromarray(pixels)})["y"]
    if to == "mlprogram":
        assert result.mode == mode
        assert np.array_equal(np.asarray(result), pixels * 2)
    else:
        planes = pixels[None] if channels == 1 else np.moveaxis(pixels, -1, 0)
        assert np.array_equal(result[0], (planes[::-1] if layout == "BGR" else planes) * 2)


def test_an_image_is_needed_for_an_image() -> None:
    converted = ct.convert(
        torch.jit.trace(torch.nn.ReLU(), torch.zeros(1, 3, 2, 2)),
        inputs=[ct.ImageType("x", shape=(1, 3, 2, 2))],
        convert_to="mlprogram",
    )
    model = mil.load(converted)
    with pytest.raises(TypeError, match=r"Image input, 'x' must be of type PIL.Image.Image with mode=='RGB'"):
        model.predict({"x": np.zeros((1, 3, 2, 2), np.float32)})


def test_a_package_with_several_functions(package: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mlpackage"
    convert((2, 4)).save(str(other))
    parts = ct.utils.MultiFunctionDescriptor()
    parts.add_function(str(package), src_function_name="main", target_function_name="one")
    parts.add_function(str(other), src_function_name="main", target_function_name="two")
    parts.default_function_name = "one"
    both = tmp_path / "both.mlpackage"
    ct.utils.save_multifunction(parts, str(both))
    assert mil.load(both).function_name == "one"
    assert np.array_equal(mil.load(both).predict({"x": X})["y"], Y)
    two = mil.load(both, function_name="two")
    assert two.predict({"x": np.repeat(X, 2, axis=0)})["y"].shape == (2, 3)
    with pytest.raises(mil.InputError, match=r"does not match the shape \(2 x 4\)"):
        two.predict({"x": X})
    with pytest.raises(ValueError, match="function_name three not found in the model, which has "):
        mil.load(both, function_name="three")


def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no model at .*missing\.mlpackage"):
        mil.load(tmp_path / "missing.mlpackage")
    with pytest.raises(TypeError, match="cannot load a int"):
        mil.load(7)
    old = ct.convert(
        torch.jit.trace(Affine().eval(), torch.zeros(1, 4)),
        inputs=[ct.TensorType("x", shape=(1, 4))],
        convert_to="neuralnetwork",
    )
    with pytest.raises(ValueError, match="only ML programs can be evaluated, this model is a neuralNetwork"):
        mil.load(old)
