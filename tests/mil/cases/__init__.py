"""All operations with inputs and outputs, by family."""

from . import activation, compression, elementwise, images, indexing, linear, recurrent, tensors, windows
from .case import Case

CASES: list[Case] = [
    *elementwise.CASES,
    *activation.CASES,
    *windows.CASES,
    *linear.CASES,
    *indexing.CASES,
    *tensors.CASES,
    *images.CASES,
    *recurrent.CASES,
    *compression.CASES,
]
