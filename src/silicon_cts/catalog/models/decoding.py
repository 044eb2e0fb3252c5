"""How does a decoder read a text call by call, and keep what it has read?"""

from __future__ import annotations

import torch
from torch import nn

from silicon_cts.catalog.models.attention import Decoder
from silicon_cts.catalog.models.sizes import CACHE, HEADS, WIDTH


def stateful_decoder() -> nn.Module:
    """A text token by token: the logits of every call, and the cache after the last."""
    return Reading()


class Reading(nn.Module):
    """The decoder with a cache of its own, empty at first, that every call reads and writes in place."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = Decoder()

    def forward(self, tokens: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Int64 (T, N), int64 (T, 1) -> logits (T, N, WORDS), and keys and values (N, HEADS, CACHE, D)."""
        keys, values = self.states(tokens, positions)
        calls = zip(tokens.unbind(), positions.unbind(), strict=True)
        return torch.stack([self.call(token, position, keys, values) for token, position in calls]), keys, values

    def states(self, tokens: torch.Tensor, _positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """An empty cache for such inputs: keys and values, zeros (N, HEADS, CACHE, D)."""
        weight, shape = self.decoder.words.weight, (tokens.shape[1], HEADS, CACHE, WIDTH // HEADS)
        return weight.new_zeros(shape), weight.new_zeros(shape)

    def call(
        self, token: torch.Tensor, position: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> torch.Tensor:
        """Int64 (N,), int64 (1,) and the cache, which is written to -> logits (N, WORDS)."""
        logits: torch.Tensor
        logits, keys[:], values[:] = self.decoder(token, position, keys, values)
        return logits
