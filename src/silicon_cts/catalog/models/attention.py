"""Which models are transformers?"""

from __future__ import annotations

import torch
from torch import nn

from silicon_cts.catalog.models.sizes import CACHE, CHANNELS, CLASSES, HEADS, SIDE, STEPS, WIDTH, WORDS

PATCH = 4


def _block() -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True)


def transformer_encoder() -> nn.Module:
    """Int64 (N, STEPS) -> (N, CLASSES)."""
    return Encoder()


class Encoder(nn.Module):
    """Embeddings of words and places, two blocks of PyTorch's own encoder, the mean of all places."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.places = nn.Parameter(torch.zeros(STEPS, WIDTH))
        self.blocks = nn.Sequential(_block(), _block())
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Int64 (N, STEPS) -> (N, CLASSES)."""
        made: torch.Tensor = self.head(self.blocks(self.words(tokens) + self.places).mean(1))
        return made


def vit() -> nn.Module:
    """(N, CHANNELS, SIDE, SIDE) -> (N, CHANNELS)."""
    return ViT()


class ViT(nn.Module):
    """Patches of a picture as words, a class token, pre-norm blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(CHANNELS, WIDTH, PATCH, stride=PATCH)
        self.token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.places = nn.Parameter(torch.zeros(1 + (SIDE // PATCH) ** 2, WIDTH))
        self.attention = nn.ModuleList([SelfAttention() for _ in range(2)])
        self.norms = nn.ModuleList([nn.LayerNorm(WIDTH) for _ in range(2)])
        self.head = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CHANNELS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, CHANNELS, SIDE, SIDE) -> (N, CHANNELS)."""
        words = self.patches(x).flatten(2).transpose(1, 2)
        words = torch.cat([self.token.expand(len(x), -1, -1), words], dim=1) + self.places
        for attention, norm in zip(self.attention, self.norms, strict=True):
            words = words + attention(norm(words))
        made: torch.Tensor = self.head(words[:, 0])
        return made


class SelfAttention(nn.Module):
    """Scaled dot-product attention of a sequence with itself."""

    def __init__(self) -> None:
        super().__init__()
        self.into = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, T, WIDTH) -> the same."""
        query, key, value = (_heads(part) for part in self.into(x).chunk(3, dim=-1))
        made: torch.Tensor = self.out(_together(nn.functional.scaled_dot_product_attention(query, key, value)))
        return made


def _heads(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(len(x), -1, HEADS, WIDTH // HEADS).transpose(1, 2)


def _together(x: torch.Tensor) -> torch.Tensor:
    return x.transpose(1, 2).reshape(len(x), -1, WIDTH)


def cached_decoder() -> nn.Module:
    """One token further: logits, and the keys and values with those of this token."""
    return Decoder()


class Decoder(nn.Module):
    """A decoder block that reads one token and keeps the keys and values of those before it."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.into = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, WORDS)

    def forward(
        self, token: torch.Tensor, position: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Int64 (N,), int64 (1,), two caches (N, HEADS, CACHE, D) -> logits (N, WORDS), and the caches."""
        word = self.words(token)[:, None]
        query, key, value = (_heads(part) for part in self.into(self.norm(word)).chunk(3, dim=-1))
        places = torch.arange(CACHE, device=position.device)
        here = (places == position)[:, None]
        keys, values = torch.where(here, key, keys), torch.where(here, value, values)
        seen = nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=(places <= position)[None])
        logits: torch.Tensor = self.head((word + self.out(_together(seen)))[:, 0])
        return logits, keys, values
