"""How long does the evaluator take for a program of the size of ResNet-50, beside PyTorch eager?

    python tests/mil/beside_eager.py [THREADS [ROUNDS]]

Random weights, one picture of 224 x 224, both precisions; by turns in one process, so that a busy machine slows both.
What is printed is the fastest of each, and their ratio.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import coremltools as ct
import numpy as np
import torch
from torch import nn

from silicon_cts import mil


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around a shortcut (He et al. 2016, figure 5)."""

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        shape = ((inside, width, 1, 1), (width, width, 3, stride), (width, 4 * width, 1, 1))
        self.layers = nn.Sequential(
            *(
                layer
                for at, (one, other, size, step) in enumerate(shape)
                for layer in (
                    nn.Conv2d(one, other, size, step, size // 2, bias=False),
                    nn.BatchNorm2d(other),
                    *([nn.ReLU()] if at < 2 else []),
                )
            )
        )
        same = inside == 4 * width and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(inside, 4 * width, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inside, H, W) -> (N, 4 width, H / stride, W / stride)."""
        return torch.relu(self.layers(x) + self.shortcut(x))


def resnet50() -> nn.Module:
    """25 million weights, 4.1 billion products and sums for one picture."""
    torch.manual_seed(0)
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]
    inside = 64
    for width, depth, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for at in range(depth):
            layers.append(Bottleneck(inside, width, stride if at == 0 else 1))
            inside = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inside, 1000)).eval()


def evaluator(
    model: nn.Module, picture: torch.Tensor, precision: ct.precision, folder: str
) -> Callable[[], np.ndarray]:
    """The model converted, written to disk and read again."""
    package = Path(folder) / f"{precision.value}.mlpackage"
    ct.convert(
        torch.jit.trace(model, picture),
        inputs=[ct.TensorType("x", picture.shape)],
        outputs=[ct.TensorType("y", dtype=np.float32)],
        compute_precision=precision,
        minimum_deployment_target=ct.target.iOS18,
    ).save(str(package))
    loaded = mil.load(package)
    return lambda: loaded.predict({"x": picture.numpy()})["y"]


def main(threads: str = "1", rounds: str = "5") -> None:
    """Print seconds and ratios."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(int(threads))
    model, picture = resnet50(), torch.randn(1, 3, 224, 224)
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        runs: dict[str, Callable[[], object]] = {"eager float32": lambda: model(picture)}
        for precision in (ct.precision.FLOAT32, ct.precision.FLOAT16):
            runs[f"evaluator {precision.value}"] = evaluator(model, picture, precision, folder)
        fastest = dict.fromkeys(runs, float("inf"))
        for _ in range(int(rounds)):
            for name, run in runs.items():
                begin = time.perf_counter()
                run()
                fastest[name] = min(fastest[name], time.perf_counter() - begin)
    for name, seconds in fastest.items():
        print(f"{name:20} {seconds * 1e3:7.0f} ms  {seconds / fastest['eager float32']:5.2f} x eager")


if __name__ == "__main__":
    main(*sys.argv[1:])
