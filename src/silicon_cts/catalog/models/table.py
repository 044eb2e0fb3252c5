"""Which models are there, what is each asked, and how are its weights, its batches and its loss made?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

Task = Literal["inference", "training"]

_BOTH: tuple[Task, ...] = ("inference", "training")
_ASKED: tuple[Task, ...] = ("inference",)
_BINARY = "binary_cross_entropy_with_logits"
_HERE = __name__.rpartition(".")[0]


@dataclass(frozen=True)
class Model:
    """One architecture with its synthetic task. Nothing is imported before something is made."""

    name: str
    architecture: str
    """``file:function`` in this folder: a function without arguments that returns a ``torch.nn.Module``."""
    examples: str
    """Name of a function in ``tasks.py``: NumPy generator -> (inputs, labels), of fixed shapes."""
    loss: str
    """Name in ``torch.nn.functional``: loss(output, labels) -> a tensor of no dimensions."""
    tasks: tuple[Task, ...] = _BOTH
    learnt: float | None = None
    """Mean loss of the last ten of fifty steps of Adam (lr 0.01, float32) that shows it has learnt; None: not trained.
    Halfway between what PyTorch reaches on the CPU and what guessing gives."""
    keeps_states: bool = False
    """Whether it is called several times and keeps tensors in between. Its inputs are those of all calls, along their
    first axis; its outputs are those of all calls, and the states as the last call left them. Its methods ``states``
    and ``call`` give the states before the first call, and make one."""

    def build(self, seed: int = 0) -> torch.nn.Module:
        """The model in float32, in training mode, on the CPU, its weights the same bits on every machine."""
        from silicon_cts.catalog.models.weights import seeded

        return seeded(_function(self.architecture), seed)

    def batch(self, index: int = 0, seed: int = 0) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """The ``index``-th batch: the model's inputs, and labels that are computed from them."""
        from silicon_cts.catalog.models.weights import generator

        made: tuple[tuple[torch.Tensor, ...], torch.Tensor] = _function(f"tasks:{self.examples}")(
            generator(seed, "batch", str(index))
        )
        return made

    def batches(self, count: int, seed: int = 0) -> Iterator[tuple[tuple[torch.Tensor, ...], torch.Tensor]]:
        """The first ``count`` batches."""
        return (self.batch(index, seed) for index in range(count))

    def loss_function(self) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        """The loss of (output, labels)."""
        import torch

        found: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = getattr(torch.nn.functional, self.loss)
        return found


def _function(reference: str) -> Any:
    file, _, name = reference.partition(":")
    return getattr(import_module(f"{_HERE}.{file}"), name)


MODELS = MappingProxyType(
    {
        model.name: model
        for model in (
            Model("mlp", "plain:mlp", "vectors", "cross_entropy", learnt=0.91),
            Model("residual_cnn", "convolutional:residual_cnn", "pictures", "cross_entropy", learnt=0.80),
            Model("depthwise_cnn", "convolutional:depthwise_cnn", "pictures", "cross_entropy", learnt=0.76),
            Model("lstm", "recurrent:lstm", "sequences", "cross_entropy", learnt=1.10),
            Model("gru", "recurrent:gru", "sums", "mse_loss", learnt=0.14),
            Model("bidirectional_rnn", "recurrent:bidirectional_rnn", "neighbours", _BINARY, learnt=0.42),
            Model("transformer_encoder", "attention:transformer_encoder", "tokens", "cross_entropy", learnt=0.95),
            Model("cached_decoder", "attention:cached_decoder", "next_tokens", "cross_entropy", _ASKED),
            Model("stateful_decoder", "decoding:stateful_decoder", "texts", "cross_entropy", _ASKED, keeps_states=True),
            Model("vit", "attention:vit", "pictures", "cross_entropy", learnt=0.67),
            Model("unet_block", "convolutional:unet_block", "segments", _BINARY, learnt=0.39),
        )
    }
)
"""By name, in the order in which people read them."""


def models(task: Task) -> tuple[Model, ...]:
    """The models that are asked this task."""
    return tuple(model for model in MODELS.values() if task in model.tasks)
