"""Which inputs does a model take, and is this one of them?"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .errors import InputError
from .images import Layout, from_image
from .values import Array, declared_shape

Sizes = tuple[tuple[int, int | None], ...]
"""The least and the greatest size of every dimension, None for no limit."""


@dataclass(frozen=True)
class Feature:
    """An input or output of a model.

    Attributes:
        name: its name.
        shapes: the shapes it may have: one with limits for every dimension, or several fixed ones; none if not known.
        default: the value of an input that is not given; None if it must be.
        layout: the channels of an image; None for an array.
        scale: what the pixels of an image are multiplied with before the program takes them.
        bias: what is added to every channel then.
    """

    name: str
    shapes: tuple[Sizes, ...] = ()
    default: float | None = None
    layout: Layout | None = None
    scale: float = 1.0
    bias: tuple[float, ...] = (0.0,)

    def accept(self, value: Any) -> Array:
        """`value` (numpy array, torch tensor, list, or PIL image for an image) as an array of an allowed shape.

        Raises:
            InputError: it has another shape.
            TypeError: it holds no numbers, or is no image where one is needed.
        """
        if self.layout is not None:
            pixels = from_image(self.name, value, self.layout)
            array = np.float32(self.scale) * pixels + np.array(self.bias, np.float32).reshape(-1, 1, 1)
        elif isinstance(value, np.ndarray):
            array = value
        else:
            array = np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"input {self.name!r} must be an array of numbers, not of {array.dtype}")
        if self.shapes and not any(_allows(shape, array.shape) for shape in self.shapes):
            wanted = " or ".join(_text(shape) for shape in self.shapes)
            given = " x ".join(map(str, array.shape))
            raise InputError(
                f"MultiArray shape ({given}) does not match the shape {wanted} specified in the model description"
                f" for input {self.name!r}"
            )
        return array

    def absent(self) -> Array:
        """What stands for the input if it is not given; InputError if it is required."""
        if self.default is None or not self.shapes:
            raise InputError(f"Feature {self.name} is required but not specified.")
        return np.full([low for low, _ in self.shapes[0]], self.default, np.float32)


def described(features: Iterable[Any]) -> dict[str, Feature]:
    """The features of a Core ML model description (its `input` or `output`), by name."""
    return {feature.name: _described(feature) for feature in features}


def declared(function: Any) -> dict[str, Feature]:
    """The inputs of a MIL function in memory, states excepted, with the limits that the conversion was asked for."""
    from coremltools.converters.mil.mil import types

    asked = {given.name: given for given in function.input_types or ()}
    features = {}
    for name, var in function.inputs.items():
        if types.is_state(var.sym_type):
            continue
        given = asked.get(name)
        shapes = _asked_shapes(given) or (_limits(declared_shape(var) or ()),)
        default = getattr(given, "default_value", None)
        feature = Feature(name, shapes, None if default is None else float(np.asarray(default).flat[0]))
        features[name] = _as_image(feature, given) if hasattr(given, "color_layout") else feature
    return features


def _as_image(feature: Feature, asked: Any) -> Feature:
    """The feature with the layout and preprocessing of an `ImageType`, which a program in memory does not do."""
    bias = tuple(float(value) for value in np.ravel(0.0 if asked.bias is None else asked.bias))
    layout = Layout.from_name(asked.color_layout)
    return replace(feature, layout=layout, scale=float(1.0 if asked.scale is None else asked.scale), bias=bias)


def _described(feature: Any) -> Feature:
    kind = feature.type.WhichOneof("Type")
    if kind == "imageType":
        return Feature(feature.name, layout=Layout.from_number(feature.type.imageType.colorSpace))
    if kind != "multiArrayType":
        return Feature(feature.name)
    array = feature.type.multiArrayType
    default = array.WhichOneof("defaultOptionalValue")
    value = float(getattr(array, default)) if default else 0.0
    return Feature(feature.name, _described_shapes(array), value if feature.type.isOptional else None)


def _described_shapes(array: Any) -> tuple[Sizes, ...]:
    flexibility = array.WhichOneof("ShapeFlexibility")
    if flexibility == "enumeratedShapes":
        return tuple(_limits(shape.shape) for shape in array.enumeratedShapes.shapes)
    if flexibility == "shapeRange":
        ranges = array.shapeRange.sizeRanges
        return (tuple((size.lowerBound, None if size.upperBound < 0 else size.upperBound) for size in ranges),)
    return (_limits(array.shape),)


def _asked_shapes(given: Any) -> tuple[Sizes, ...]:
    shape = getattr(given, "shape", None)
    if shape is None:
        return ()
    alternatives = getattr(shape, "shapes", None)
    return tuple(tuple(_range(size) for size in alternative.shape) for alternative in (alternatives or [shape]))


def _range(size: Any) -> tuple[int, int | None]:
    if hasattr(size, "lower_bound"):
        return size.lower_bound, None if size.upper_bound < 0 else size.upper_bound
    try:
        return int(size), int(size)
    except TypeError:
        return 1, None


def _limits(shape: Iterable[int | None]) -> Sizes:
    return tuple((1, None) if size is None else (int(size), int(size)) for size in shape)


def _allows(limits: Sizes, shape: tuple[int, ...]) -> bool:
    return len(limits) == len(shape) and all(
        low <= size and (high is None or size <= high) for size, (low, high) in zip(shape, limits, strict=True)
    )


def _text(limits: Sizes) -> str:
    sizes = (str(low) if low == high else f"{low}..{'' if high is None else high}" for low, high in limits)
    return f"({' x '.join(sizes)})"
