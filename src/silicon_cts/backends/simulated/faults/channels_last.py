"""What goes wrong with images that lie in memory as N, H, W, C, and with other permuted inputs of normalisations?"""

from typing import Any

from torch import Tensor

from .call import Call
from .memory import is_channels_last, is_permuted, is_sliced, packed, packed_channels_last
from .row import Row
from .rules import misread, spoil


def is_slice_of_channels(tensor: Tensor) -> bool:
    """Whether it holds some channels of a channels_last image."""
    if tensor.dim() != 4 or not is_sliced(tensor):
        return False
    _, channels, height, width = tensor.stride()
    return channels == 1 and width > tensor.size(1) and height == width * tensor.size(3)


def channels_shuffled(_: Call, right: Any) -> Any:
    """The gradient of the input is computed as N, H, W, C and handed over as N, C, H, W."""
    grad_input, *others = right
    if grad_input is None:
        return right
    return grad_input.permute(0, 2, 3, 1).reshape(grad_input.shape), *others


ROWS = (
    Row(
        180984, "F07", "conv2d reads a channel slice of a channels_last input as if it were packed",
        ("convolution",), ("nn.functional.conv2d",), ("layout",),
        misread("input", when=is_slice_of_channels, how=packed_channels_last),
    ),
    Row(
        141009, "F08", "the input gradient of conv2d is shuffled when the input is channels_last",
        ("convolution_backward",), ("nn.functional.conv2d",), ("gradient", "layout"),
        spoil(channels_shuffled, lambda c: is_channels_last(c["input"]) and not c["transposed"]),
    ),
    Row(
        175189, "F26", "the backward of batch_norm reads a channels_last or permuted input in storage order",
        ("native_batch_norm_backward",), ("nn.functional.batch_norm",), ("gradient", "layout"),
        misread("input", when=is_permuted, how=packed),
        scaled="the LSTM of the report is left out: the CPU makes its input contiguous before any kernel sees it",
    ),
)  # fmt: skip
"""The rows of this family."""
