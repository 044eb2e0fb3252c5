"""Interpolation with coordinates off by nothing is PyTorch's own; off by a rounding, it moves by little."""

import pytest
import torch

from silicon_cts.numerics.perturbation import RoundEverywhere
from silicon_cts.numerics.resampling import off_scale

KERNELS = {
    "upsample_linear1d": (2, 3, 7),
    "upsample_bilinear2d": (2, 3, 7, 5),
    "upsample_bicubic2d": (1, 2, 7, 6),
    "upsample_trilinear3d": (1, 2, 4, 5, 3),
}
SIZES = (11, 3, 8)


def arguments(shape, align_corners, backward):
    size = list(SIZES[: len(shape) - 2])
    tensor = torch.randn((*shape[:2], *size) if backward else shape, dtype=torch.float64)
    named = {"grad_output": tensor, "output_size": size, "input_size": list(shape)}
    named = named if backward else {"self": tensor, "output_size": size}
    return {**named, "align_corners": align_corners}


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize(("name", "shape"), KERNELS.items())
def test_without_an_error_it_is_the_kernel_and_with_one_it_is_not(name, shape, backward, align_corners):
    torch.manual_seed(0)
    kernel = getattr(torch.ops.aten, f"{name}_backward" if backward else name).default
    given = arguments(shape, align_corners, backward)
    torch.testing.assert_close(off_scale(kernel, given, 1.0), kernel(**given))
    moved = (off_scale(kernel, given, 1 + 1e-6) - kernel(**given)).abs().max()
    assert 0 < moved < 1e-3


def nearest(signal, factor, **how):
    with RoundEverywhere(factor * 2.0**-24, seed=0):
        return torch.nn.functional.interpolate(signal, mode="nearest", **how)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_nearest_element_is_not_moved_where_the_scale_is_exact(sign):
    signal = torch.randn(1, 1, 4, dtype=torch.float64)
    torch.testing.assert_close(nearest(signal, sign, scale_factor=2.0)[..., ::2], signal, rtol=1e-6, atol=0)


def test_elsewhere_it_is_the_next_one_only_where_a_position_falls_between_two():
    signal = torch.arange(1024, dtype=torch.float64).reshape(1, 1, -1)  # 614 of 1024: position 307 is at 512
    right = torch.nn.functional.interpolate(signal, size=614, mode="nearest")
    moved = [nearest(signal, sign, size=614) for sign in (1.0, -1.0)]
    assert [one.flatten()[307].round().item() for one in moved] == [512, 511]
    for one in moved:
        assert ((one - right).abs() > 0.5).nonzero()[:, -1].tolist() in ([], [307])
