"""How is a training step traced into a graph of forward operators without state?

Twice. First as PyTorch runs it, autograd and in-place updates included, on tensors without values: what depends on
values shows there. Then the graph again: functionalisation takes the in-place updates out, and the decompositions turn
what inference converters do not know into what they know.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch._decomp import get_decompositions
from torch._subclasses import FakeTensorMode
from torch.func import functionalize
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.traceback import preserve_node_meta
from torch.nn.attention import SDPBackend, sdpa_kernel

from silicon_cts.training.decompositions.table import table
from silicon_cts.training.errors import StepError, explain, place_in

Tensors = Sequence[torch.Tensor]


def trace(step: Callable[..., list[torch.Tensor]], examples: Tensors) -> GraphModule:
    """The graph of ``step``, which takes and returns tensors; ``examples`` give shapes and dtypes.

    Raises StepError with the user's line for what cannot be traced.
    """
    try:
        with portable_kernels():
            first = make_fx(step, _at_once(), "fake", record_stack_traces=True)(*_without_values(examples))
    except StepError:
        raise
    except Exception as error:  # whatever the model raises
        raise explain(error) from error
    return _rewritten(first, examples)


def _without_values(examples: Tensors) -> list[torch.Tensor]:
    """Fake tensors that have no symbols for what depends on values: who asks for it gets an exception on the spot."""
    mode = FakeTensorMode(allow_fallback_kernels=True, shape_env=None, static_shapes=True)
    return [mode.from_tensor(tensor) for tensor in examples]


def _rewritten(first: GraphModule, examples: Tensors) -> GraphModule:
    def again(*tensors: torch.Tensor) -> list[torch.Tensor]:
        with preserve_node_meta():
            made: list[torch.Tensor] = torch.fx.Interpreter(first).run(*tensors)
        return made

    try:
        graph = make_fx(functionalize(again), dict(table()), "fake", _allow_non_fake_inputs=True)(*examples)
    except StepError:
        raise
    except Exception as error:
        raise explain(error) from error
    for node in graph.graph.nodes:
        if _writes(node):
            raise StepError(
                f"{node.target} changes a tensor in place{place_in(node.meta.get('stack_trace'))}, which a program "
                "cannot carry: write it without changing a tensor in place, or keep the tensor as a buffer"
            )
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def _writes(node: Node) -> bool:
    schema = getattr(node.target, "_schema", None)
    return node.op == "call_function" and schema is not None and bool(schema.is_mutable)


def _at_once() -> dict[Any, Callable[..., Any]]:
    """Decomposed in the first pass, because functionalisation would do the wrong thing with them.

    Batch norm writes its running statistics, which its schema does not say; the loss has a C++ body of its own there.
    """
    late = torch.ops.aten.binary_cross_entropy_with_logits.default
    return {**get_decompositions([torch.ops.aten.native_batch_norm.default]), late: table()[late]}


@contextmanager
def portable_kernels() -> Iterator[None]:
    """No oneDNN, whose LSTM is one operator with one backward; no fused attention, for the same reason."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="TF32 acceleration")
        with torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
            yield
