"""Which models have recurrent layers?"""

from __future__ import annotations

import torch
from torch import nn

from silicon_cts.catalog.models.sizes import CLASSES, WIDTH


def lstm() -> nn.Module:
    """(N, T, CLASSES) -> (N, CLASSES): two layers with a learnt initial state, the last state is read."""
    return Recurrent(nn.LSTM(CLASSES, WIDTH, num_layers=2, batch_first=True), CLASSES, starts=True)


def gru() -> nn.Module:
    """(N, T, CLASSES) -> (N, 1): one layer, the last state is read."""
    return Recurrent(nn.GRU(CLASSES, WIDTH, batch_first=True), 1)


def bidirectional_rnn() -> nn.Module:
    """(N, T, 1) -> (N, T): a tanh RNN in both directions, every state is read."""
    return Recurrent(nn.RNN(1, WIDTH, batch_first=True, bidirectional=True), 1, every=True)


class Recurrent(nn.Module):
    """A recurrent layer and a linear one."""

    def __init__(self, layer: nn.RNNBase, outputs: int, every: bool = False, starts: bool = False) -> None:
        super().__init__()
        self.layer = layer
        self.every = every
        self.start = nn.Parameter(torch.zeros(2, layer.num_layers, 1, layer.hidden_size)) if starts else None
        """Hidden and cell state that every sequence begins with."""
        self.head = nn.Linear(layer.hidden_size * (2 if layer.bidirectional else 1), outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, T, inputs) -> (N, outputs), or one number for every step: (N, T)."""
        start = None if self.start is None else tuple(self.start.expand(-1, -1, len(x), -1).contiguous())
        states, _ = self.layer(x, start)
        made: torch.Tensor = self.head(states).squeeze(-1) if self.every else self.head(states[:, -1])
        return made
