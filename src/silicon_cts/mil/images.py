"""How does an image become a tensor, and a tensor an image?"""

from enum import Enum
from typing import Any

import numpy as np

from .values import Array


class Layout(Enum):
    """The channels of an image: name in `coremltools.ImageType`, number in a model description, PIL mode."""

    GRAYSCALE = ("G", 10, "L")
    RGB = ("RGB", 20, "RGB")
    BGR = ("BGR", 30, "RGB")
    GRAYSCALE_FLOAT16 = ("G_FLOAT16", 40, "F")

    @classmethod
    def from_name(cls, name: Any) -> "Layout":
        """The layout of that name, or enumeration member of that value."""
        return next(layout for layout in cls if layout.value[0] == str(getattr(name, "value", name)))

    @classmethod
    def from_number(cls, number: int) -> "Layout":
        """The layout of that number."""
        return next(layout for layout in cls if layout.value[1] == number)

    @property
    def mode(self) -> str:
        """The mode of the PIL image."""
        return self.value[2]


def from_image(name: str, image: Any, layout: Layout) -> Array:
    """A PIL image as an array (1, channels, height, width); TypeError if it is none, or has another mode."""
    mode = getattr(image, "mode", None)
    if mode != layout.mode:
        raise TypeError(f"Image input, '{name}' must be of type PIL.Image.Image with mode=='{layout.mode}'")
    pixels = np.asarray(image)
    planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    return (planes[::-1] if layout is Layout.BGR else planes)[None]


def to_image(array: Array, layout: Layout) -> Any:
    """An array (1, channels, height, width) as a PIL image, held between 0 and 255 and rounded unless it is float."""
    from PIL import Image

    planes = array[0][::-1] if layout is Layout.BGR else array[0]
    if layout is Layout.GRAYSCALE_FLOAT16:
        return Image.fromarray(planes[0].astype(np.float32))
    pixels = np.rint(np.clip(planes, 0, 255)).astype(np.uint8)
    return Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(np.moveaxis(pixels, 0, -1)))
