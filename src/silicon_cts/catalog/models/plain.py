"""Which models are layers one after the other?"""

from __future__ import annotations

from torch import nn

from silicon_cts.catalog.models.sizes import CLASSES, FEATURES


def mlp() -> nn.Module:
    """(N, FEATURES) -> (N, CLASSES): two hidden layers, two activations."""
    return nn.Sequential(nn.Linear(FEATURES, 32), nn.ReLU(), nn.Linear(32, 32), nn.GELU(), nn.Linear(32, CLASSES))
