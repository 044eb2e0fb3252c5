"""Which sizes are too large? An index wraps, a tail is zero, a sum takes in what is behind the end.

The historic thresholds need gigabytes. Here 2^15 and 2^16 in one dimension become 2^6, counts of elements from 2^30 on
become 2^10 or 2^8; the relation to the threshold (`>`, `>=`, one less) is that of the report.
"""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .lineage import Lineage
from .memory import garbage
from .row import Row
from .rules import spoil

DIMENSION = 2**6
ELEMENTS = 2**10
ADDRESS = 2**8
TOP_K = 16
TILE = 16


def wrapped_channels(_: Call, right: Tensor) -> Tensor:
    """Channels from the threshold on are written over the first ones, and nothing to their own places."""
    wrong = right.clone()
    beyond = right.size(1) - DIMENSION
    wrong[:, :beyond] = right[:, DIMENSION:][:, :DIMENSION]
    wrong[:, DIMENSION:] = 0
    return wrong


class WrappedBatches(Lineage):
    """A linear layer with a bias, on a 3-D input, writes the batches beyond the threshold over the first ones."""

    def __call__(self, call: Call) -> Any:
        """Find the 3-D input behind the folded one, and wrap."""
        source = self.source_of(call["mat1"])
        if source is None or source.dim() != 3 or source.size(0) <= DIMENSION or call["self"].dim() != 1:
            return call.right()
        right = call.right()
        batches = right.reshape(*source.shape[:2], right.size(-1))
        wrong = batches.clone()
        beyond = min(source.size(0) - DIMENSION, DIMENSION)
        wrong[:beyond] = batches[DIMENSION : DIMENSION + beyond]
        return call.answer(wrong.reshape(right.shape))


def terms_behind_end(call: Call, right: Tensor) -> Tensor:
    """The sum over K goes on for one term: what lies behind each row, times what lies behind each column."""
    left, other = (call["self"], call["mat2"]) if call.kernel == "bmm" else (call["batch1"], call["batch2"])
    term = left.roll(-1, 1)[:, :, :1] @ other.roll(-1, 0)[:, :1, :]
    if call.kernel == "addbmm":
        term = term.sum(0)
    wrong: Tensor = right + term * call.get("alpha", 1)
    return wrong


def is_deep_product(call: Call) -> bool:
    """Whether K is one below the threshold or more, and M and N fill a tile."""
    left, right = (call["self"], call["mat2"]) if call.kernel == "bmm" else (call["batch1"], call["batch2"])
    deep = left.size(2) >= DIMENSION - 1 and left.size(1) >= TILE and right.size(2) >= TILE
    return bool(deep and left.is_floating_point())


def first_whole_batches(right: Tensor) -> int:
    """How many batches of a product lie below the threshold of elements."""
    return ELEMENTS // max(1, right.size(1) * right.size(2))


def wrapped_products(_: Call, right: Tensor) -> Tensor:
    """Batches behind the threshold are written from the beginning on."""
    below = first_whole_batches(right)
    if not 1 <= below < right.size(0):
        return right
    wrong = right.clone()
    beyond = min(right.size(0) - below, below)
    wrong[:beyond] = right[below : below + beyond]
    wrong[below:] = 0
    return wrong


def unwritten_tail(_: Call, right: Tensor) -> Tensor:
    """Elements behind the threshold are never written."""
    wrong = right.contiguous().clone().reshape(-1)
    wrong[ELEMENTS:] = garbage((wrong.numel() - ELEMENTS,), wrong.dtype)
    return wrong.reshape(right.shape)


def far_rows_zero(call: Call, right: Tensor) -> Tensor:
    """Rows whose place in the table is behind the threshold are zero."""
    table, index = (call["weight"], call["indices"]) if call.kernel == "embedding" else (call["self"], call["index"])
    row = table[:1].numel()
    far = (index * row >= ADDRESS).reshape(index.shape + (1,) * (right.dim() - index.dim()))
    return right.masked_fill(far, 0)


def selects_rows(call: Call) -> bool:
    """Whether whole rows of a table are selected."""
    return call.kernel == "embedding" or (call["self"].dim() > 0 and call["dim"] in (0, -call["self"].dim()))


def unsorted_columns(call: Call, right: Any) -> Any:
    """Columns behind the threshold stay as they are."""
    values, indices = (part.clone() for part in right)
    values[:, DIMENSION:] = call["self"][:, DIMENSION:]
    indices[:, DIMENSION:] = torch.arange(values.size(0))[:, None]
    return values, indices


def rest_of_top_k_zero(call: Call, right: Any) -> Any:
    """What comes after the first 16 is zero, values and indices."""
    dim = call["dim"]
    kept = [part.narrow(dim, 0, TOP_K) for part in right]
    return tuple(
        torch.cat([k, torch.zeros_like(r.narrow(dim, TOP_K, r.size(dim) - TOP_K))], dim)
        for k, r in zip(kept, right, strict=True)
    )


IN_ONE_DIMENSION = "2^16 in one dimension -> 2^6"
IN_ELEMENTS = "elements of the answer, gigabytes -> 2^10"

ROWS = (
    Row(
        129207, "F09", "conv1d and conv2d wrap the output channel beyond 2^16",
        ("convolution",), ("nn.functional.conv1d", "nn.functional.conv2d"), ("forward",),
        spoil(
            wrapped_channels,
            lambda c: not c["transposed"] and c["weight"].dim() in (3, 4) and c["weight"].size(0) > DIMENSION,
        ),
        scaled=IN_ONE_DIMENSION,
    ),
    Row(
        189495, "F09", "linear with a bias on a 3-D input writes row 65536 over row 0",
        ("addmm",), ("nn.functional.linear",), ("forward",), WrappedBatches(), scaled=IN_ONE_DIMENSION,
    ),
    Row(
        123716, "F10", "a large matrix product is all zero",
        ("mm",), ("mm", "matmul"), ("forward",),
        spoil(lambda _, r: torch.zeros_like(r), lambda c: c["self"].size(0) * c["mat2"].size(1) > ELEMENTS),
        scaled="32000 x 32000 elements of the answer -> more than 2^10",
    ),
    Row(
        195163, "F11", "batched products sum terms behind the end of K from K = 2^15 - 1 on",
        ("bmm", "baddbmm", "addbmm"), ("bmm", "baddbmm", "addbmm", "matmul", "einsum"), ("forward",),
        spoil(terms_behind_end, is_deep_product), scaled="K >= 2^15 - 1 -> K >= 2^6 - 1; M, N >= 16 as reported",
    ),
    Row(
        197636, "F09", "bmm with a non-contiguous operand wraps the batches beyond 2^32 elements",
        ("bmm",), ("bmm", "matmul", "einsum"), ("layout", "gradient"),
        spoil(wrapped_products, lambda c: not (c["self"].is_contiguous() and c["mat2"].is_contiguous())),
        scaled="2^32 elements of the answer -> 2^10",
    ),
    Row(
        189960, "F09", "cat never writes what lies beyond 2^31 elements",
        ("cat",), ("cat", "hstack", "vstack"), ("forward",),
        spoil(unwritten_tail, lambda c: sum(t.numel() for t in c["tensors"]) > ELEMENTS),
        scaled="2^31 elements of the answer -> 2^10; the write before the buffer is not acted out",
    ),
    Row(
        188756, "F10", "embedding and index_select return zero rows for indices that lie far behind in the table",
        ("embedding", "index_select"), ("nn.functional.embedding", "index_select"), ("forward",),
        spoil(far_rows_zero, selects_rows),
        scaled="2^31 elements of the table -> 2^8",
    ),
    Row(
        194922, "F09", "padding a 5-D tensor with a constant shifts the data when H*W reaches 2^16",
        ("constant_pad_nd",), ("nn.functional.pad.constant", "constant_pad_nd"), ("forward",),
        spoil(
            lambda _, r: r.reshape(-1).roll(1).reshape(r.shape),
            lambda c: c["self"].dim() == 5 and c["self"].size(3) * c["self"].size(4) >= DIMENSION,
        ),
        scaled="H*W >= 2^16 -> H*W >= 2^6",
    ),
    Row(
        183885, "F09", "argsort over the first dimension leaves columns beyond 2^22 unsorted",
        ("sort",), ("argsort", "sort", "msort"), ("forward",),
        spoil(
            unsorted_columns,
            lambda c: c["self"].dim() == 2 and c["dim"] in (0, -2) and c["self"].size(1) > DIMENSION,
        ),
        scaled="2^22 columns -> 2^6; the CPU's argsort is its sort",
    ),
    Row(
        122916, "F15", "nonzero of a long int64 vector rounds its indices through float32",
        ("nonzero",), ("nonzero", "argwhere"), ("forward",),
        spoil(
            lambda _, r: r.to(torch.bfloat16).to(torch.int64),
            lambda c: c["self"].dim() == 1 and c["self"].dtype is torch.int64,
        ),
        scaled="float32, exact up to 2^24 -> bfloat16, exact up to 2^8",
    ),
    Row(
        78915, "F10", "topk returns zeros after the first 16",
        ("topk",), ("topk",), ("forward",), spoil(rest_of_top_k_zero, lambda c: c["k"] > TOP_K),
    ),
)  # fmt: skip
"""The rows of this family."""
