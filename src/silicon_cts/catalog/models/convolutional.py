"""Which models are made of convolutions?"""

from __future__ import annotations

import torch
from torch import nn

from silicon_cts.catalog.models.sizes import CHANNELS


def residual_cnn() -> nn.Module:
    """(N, CHANNELS, H, W) -> (N, CHANNELS): a stem, max pooling, a plain and a strided residual block."""
    return nn.Sequential(
        nn.Conv2d(CHANNELS, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        Residual(8, 8, stride=1),
        Residual(8, 16, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, CHANNELS),
    )


class Residual(nn.Module):
    """Two convolutions with batch norm beside a shortcut, which is a 1 x 1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
        return torch.relu(self.branch(x) + self.shortcut(x))


def depthwise_cnn() -> nn.Module:
    """(N, CHANNELS, H, W) -> (N, CHANNELS): the inverted blocks of MobileNetV2."""
    return nn.Sequential(
        nn.Conv2d(CHANNELS, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU6(),
        Inverted(8, 8, stride=1),
        Inverted(8, 12, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, CHANNELS),
    )


class Inverted(nn.Module):
    """Widen, convolve each channel by itself, narrow; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, stride: int, widen: int = 2) -> None:
        super().__init__()
        wide = inputs * widen
        self.branch = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.Hardswish(),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = inputs == outputs and stride == 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
        made: torch.Tensor = self.branch(x)
        return x + made if self.shortcut else made


def unet_block() -> nn.Module:
    """(N, CHANNELS, H, W) -> (N, 1, H, W), H and W even."""
    return UNetBlock()


class UNetBlock(nn.Module):
    """One level of a U-Net: down by average pooling, up by a transposed convolution, joined with what was there."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Conv2d(CHANNELS, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU())
        self.down = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(8, 12, 3, padding=2, dilation=2), nn.SiLU())
        self.up = nn.ConvTranspose2d(12, 8, 2, stride=2)
        self.leave = nn.Sequential(nn.Conv2d(16, 8, 3, padding=1), nn.LeakyReLU(), nn.Conv2d(8, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, CHANNELS, H, W) -> (N, 1, H, W)."""
        wide = self.enter(x)
        made: torch.Tensor = self.leave(torch.cat([wide, self.up(self.down(wide))], dim=1))
        return made
