"""What does a model learn? Inputs drawn from a generator, and labels that are computed from these very inputs.

In float64: the order in which a processor sums then decides no label.

Every function takes a NumPy generator and returns the inputs (a tuple of tensors) and the labels (a tensor).
"""

from __future__ import annotations

import numpy as np
import torch

from silicon_cts.catalog.models.sizes import (
    BATCH,
    CACHE,
    CHANNELS,
    CLASSES,
    FEATURES,
    HEADS,
    SIDE,
    STEPS,
    TEXT,
    WIDTH,
    WORDS,
)
from silicon_cts.catalog.models.weights import uniform

Examples = tuple[tuple[torch.Tensor, ...], torch.Tensor]


def vectors(source: np.random.Generator) -> Examples:
    """Which quarter of the vector has the largest sum? Float32 (BATCH, FEATURES), int64 (BATCH,)."""
    x = uniform(source, BATCH, FEATURES)
    return (x,), x.double().reshape(BATCH, CLASSES, -1).sum(-1).argmax(-1)


def pictures(source: np.random.Generator) -> Examples:
    """Which colour is brightest, over noise? Float32 (BATCH, CHANNELS, SIDE, SIDE), int64 (BATCH,)."""
    x = uniform(source, BATCH, CHANNELS, SIDE, SIDE) + uniform(source, BATCH, CHANNELS, 1, 1)
    return (x,), x.double().mean((2, 3)).argmax(-1)


def segments(source: np.random.Generator) -> Examples:
    """Is the neighbourhood of each pixel brighter than grey? Float32 pictures and masks (BATCH, 1, SIDE, SIDE)."""
    x = uniform(source, BATCH, CHANNELS, SIDE, SIDE)
    around = torch.nn.functional.avg_pool2d(x.double().mean(1, keepdim=True), 3, stride=1, padding=1)
    return (x,), (around > 0).to(torch.float32)


def sequences(source: np.random.Generator) -> Examples:
    """Which channel has the largest sum over time? Float32 (BATCH, STEPS, CLASSES), int64 (BATCH,)."""
    x = uniform(source, BATCH, STEPS, CLASSES)
    return (x,), x.double().sum(1).argmax(-1)


def sums(source: np.random.Generator) -> Examples:
    """Four times the mean over time of the first two channels. Float32 (BATCH, STEPS, CLASSES), float32 (BATCH, 1)."""
    x = uniform(source, BATCH, STEPS, CLASSES)
    return (x,), (4.0 * x[:, :, :2].double().mean((1, 2), keepdim=True)[:, 0]).to(torch.float32)


def neighbours(source: np.random.Generator) -> Examples:
    """Is the number before plus the number after positive? Float32 (BATCH, STEPS, 1), float32 (BATCH, STEPS)."""
    x = uniform(source, BATCH, STEPS, 1)
    padded = torch.nn.functional.pad(x[:, :, 0].double(), (1, 1))
    return (x,), (padded[:, :-2] + padded[:, 2:] > 0).to(torch.float32)


def tokens(source: np.random.Generator) -> Examples:
    """Which class of tokens is the most frequent (the first, if several)? Int64 (BATCH, STEPS), int64 (BATCH,)."""
    x = torch.from_numpy(source.integers(0, WORDS, (BATCH, STEPS)))
    return (x,), torch.nn.functional.one_hot(x % CLASSES, CLASSES).sum(1).argmax(-1)


def next_tokens(source: np.random.Generator) -> Examples:
    """A decoder in the middle of a text: the token now, where it stands, keys and values of those before it.

    Int64 (BATCH,), int64 (1,), two of float32 (BATCH, HEADS, CACHE, WIDTH / HEADS); the label is the token that follows
    in counting, int64 (BATCH,).
    """
    now = torch.from_numpy(source.integers(0, WORDS, (BATCH,)))
    position = torch.from_numpy(source.integers(1, CACHE, (1,)))
    keys, values = (uniform(source, BATCH, HEADS, CACHE, WIDTH // HEADS) for _ in range(2))
    return (now, position, keys, values), (now + 1) % WORDS


def texts(source: np.random.Generator) -> Examples:
    """The beginning of a text, one token a call, and where each stands: the places after it are never written.

    Int64 (TEXT, BATCH), int64 (TEXT, 1); the labels are the tokens that follow in counting, int64 (TEXT, BATCH).
    """
    tokens = torch.from_numpy(source.integers(0, WORDS, (TEXT, BATCH)))
    return (tokens, torch.arange(TEXT)[:, None]), (tokens + 1) % WORDS
