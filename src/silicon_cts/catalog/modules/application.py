"""How is a module applied, forward and backward, as a function of its own tensors and of its arguments?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.func import functional_call
from torch.utils._pytree import tree_leaves, tree_map_only

Tensors = dict[str, torch.Tensor]


class Application:
    """``call(module, parameters, buffers, args, kwargs, cotangents)``, wherever the tensors are."""

    def __call__(
        self,
        module: torch.nn.Module,
        parameters: Tensors,
        buffers: Tensors,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        cotangents: Sequence[torch.Tensor],
    ) -> Tensors:
        """Call ``module``, whose own tensors are never read, and go back under one cotangent for each output.

        Returns by name: the outputs, the buffers after the call, and the gradients of parameters and inputs. In
        evaluation mode the outputs without a gradient too, for which PyTorch has other kernels. Nothing that is given
        is changed.
        """
        found: Tensors = {}
        if not module.training:
            with torch.no_grad():
                found |= _named("output {} without a gradient", _called(module, parameters, buffers, args, kwargs))
        trained = {name: _own(tensor).requires_grad_() for name, tensor in parameters.items()}
        kept = {name: _own(tensor) for name, tensor in buffers.items()}
        args, kwargs = tree_map_only(torch.Tensor, _own, (args, kwargs))
        with torch.enable_grad():
            outputs = _called(module, trained, kept, args, kwargs)
        found |= _named("output {}", outputs) | {f"{name} after it": tensor for name, tensor in kept.items()}
        inputs = {f"input {place}": one for place, one in enumerate(_tensors((args, kwargs))) if one.requires_grad}
        wanted, back = trained | inputs, differentiable(outputs)
        if wanted and back:
            gradients: Sequence[torch.Tensor | None] = torch.autograd.grad(
                back, [*wanted.values()], [*cotangents], allow_unused=True
            )
            reached = zip(wanted, gradients, strict=True)
            found |= {f"gradient of {name}": one for name, one in reached if one is not None}
        return {name: tensor.detach() for name, tensor in found.items()}

    def names(self, *arguments: Any) -> list[str]:
        """What each output is."""
        return list(self(*arguments))


def outputs_of(module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    """What a module answers; its own buffers stay as they are."""
    kept = {name: _own(tensor) for name, tensor in module.named_buffers()}
    with torch.enable_grad():
        return _called(module, dict(module.named_parameters()), kept, args, kwargs)


def differentiable(outputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Those of the outputs that a gradient can be taken of: each has a cotangent."""
    return [output for output in outputs if output.requires_grad]


def _called(
    module: torch.nn.Module, parameters: Tensors, buffers: Tensors, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[torch.Tensor]:
    return _tensors(functional_call(module, {**parameters, **buffers}, args, kwargs))


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _named(pattern: str, tensors: Sequence[torch.Tensor]) -> Tensors:
    return {pattern.format(place): tensor for place, tensor in enumerate(tensors)}


def _own(tensor: torch.Tensor) -> torch.Tensor:
    """A leaf of its own memory that wants a gradient as the tensor does."""
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)
