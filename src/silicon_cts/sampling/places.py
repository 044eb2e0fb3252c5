"""Is every place written once, or with equal numbers?

Where two numbers are put into one place, PyTorch documents that either may stay (``scatter``, ``index_copy``, ``put``,
``index_put``, ``max_unpool``): the CPU with one thread keeps the last one, many threads any. Whether all numbers were
put where no other was is seen by reading them back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from silicon_cts.sampling.call import Sample


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    plain = tensor.detach().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
    return plain.reshape(-1).view(torch.uint8)


def _same(read: torch.Tensor, put: torch.Tensor) -> bool:
    return torch.equal(_bits(read), _bits(put.to(read.dtype)))


def _scattered(sample: Sample) -> bool:
    """``scatter(x, dim, index, src)``, without a ``reduce``."""
    (_, dim, index, *given), named = sample.arguments()
    source = given[0] if given else named.get("src")
    if "reduce" in named or not isinstance(source, torch.Tensor):
        return True
    return _same(sample.run().gather(dim, index), source[tuple(map(slice, index.shape))])


def _copied(sample: Sample) -> bool:
    """``index_copy(x, dim, index, source)``."""
    (_, dim, index, source), _ = sample.arguments()
    return _same(sample.run().index_select(dim, index), source)


def _put(sample: Sample) -> bool:
    """``put(x, index, source, accumulate=False)``."""
    (_, index, source, *accumulate), named = sample.arguments()
    if named.get("accumulate", any(accumulate)):
        return True
    return _same(sample.run().take(index), source)


def _put_at(sample: Sample) -> bool:
    """``index_put(x, indices, values, accumulate=False)``."""
    (_, indices, values, *accumulate), named = sample.arguments()
    if named.get("accumulate", any(accumulate)):
        return True
    read = sample.run()[tuple(indices)]
    return _same(read, values.expand_as(read))


def _unpooled(dims: int, sample: Sample) -> bool:
    """``max_unpool1d(x, indices, ...)`` to ``max_unpool3d``: an index is a place in its own channel."""
    (x, indices, *_), _ = sample.arguments()
    planes = sample.run().flatten(-dims)
    return _same(planes.gather(-1, indices.flatten(-dims)), x.flatten(-dims))


_PUTS: dict[str, Callable[[Sample], bool]] = {
    "scatter": _scattered,
    "index_copy": _copied,
    "put": _put,
    "index_put": _put_at,
    **{f"nn.functional.max_unpool{dims}d*": partial(_unpooled, dims) for dims in (1, 2, 3)},
}


def _written_once(read_back: Callable[[Sample], bool], sample: Sample) -> bool:
    """Nothing is put anywhere where one tensor is empty, whatever the ranks of the others and the places they say."""
    return not all(tensor.numel() for tensor in sample.tensors) or read_back(sample)


WRITTEN_ONCE: dict[str, Callable[[Sample], bool]] = {
    glob: partial(_written_once, read_back) for glob, read_back in _PUTS.items()
}
"""By glob, whether the answer to a call that the CPU takes is the same in every order of its writes."""
