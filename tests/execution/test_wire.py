"""Tensors cross the pipe as they are: values, dtype, shape and strides."""

import pickle

import pytest
import torch

from silicon_cts.backends.outcome import result
from silicon_cts.execution.wire import pack, unpack

TENSORS = {
    "float32": torch.randn(3, 4),
    "bfloat16": torch.randn(3, 4).bfloat16(),
    "bool": torch.tensor([True, False]),
    "complex": torch.randn(2, 3, dtype=torch.complex64),
    "conjugate": torch.randn(2, 3, dtype=torch.complex64).conj(),
    "transposed": torch.randn(3, 4).t(),
    "channels_last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "zero-dim": torch.tensor(3.0),
    "one element of stride 4": torch.randn(4, 4).diagonal(offset=3),
    "one element of stride 0": torch.randn(1).expand(1, 1).as_strided((1,), (0,)),
    "empty": torch.empty(0, 3),
    "nan": torch.tensor([float("nan"), float("inf"), -0.0]),
}


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_round_trip(tensor):
    there = pickle.loads(pickle.dumps(pack(result([tensor, None]))))
    back, none = unpack(there).observed
    assert none is None
    assert back.dtype == tensor.dtype
    assert back.shape == tensor.shape
    assert torch.equal(
        back.nan_to_num(7) if back.is_floating_point() else back,
        tensor.nan_to_num(7) if tensor.is_floating_point() else tensor,
    )
    assert tensor.numel() < 2 or back.stride() == tensor.stride()


def test_a_tensor_that_is_not_strided_is_refused():
    with pytest.raises(TypeError, match="only strided"):
        pack(result([torch.eye(2).to_sparse()]))
