"""What goes wrong in scaled dot-product attention? Masks, large scores, and a scale that is remembered.

On the CPU the fused kernel does it for 4-D inputs without dropout; else products and `_safe_softmax` do.
"""

from typing import Any

import torch
from torch import Tensor

from .call import Call
from .fault import Watcher
from .row import Row
from .rules import rerun, spoil

FUSED = "_scaled_dot_product_flash_attention_for_cpu"
OPERATOR = "nn.functional.scaled_dot_product_attention"
GROUP = 4


def masked_rows_nan(call: Call, right: Any) -> Any:
    """Rows that may attend to nothing are NaN instead of 0."""
    if call.kernel == "_safe_softmax":
        nothing = (call["self"] == -torch.inf).all(call["dim"], keepdim=True)
        return right.masked_fill(nothing, torch.nan)
    output, logsumexp = right
    nothing = (call["attn_mask"] == -torch.inf).all(-1, keepdim=True)
    return output.masked_fill(nothing, torch.nan), logsumexp


def overflowing_rows_nan(call: Call, right: Any) -> Any:
    """Rows whose scores do not fit in float16 before they are scaled are NaN."""
    query, key = call["query"], call["key"]
    key = key.repeat_interleave(max(1, query.size(1) // max(1, key.size(1))), 1)
    scores = (query.float() @ key.float().mT).to(torch.float16)
    output, logsumexp = right
    return output.masked_fill(scores.isinf().any(-1, keepdim=True), torch.nan), logsumexp


def causal_by_groups(call: Call) -> dict[str, Any] | None:
    """All four rows of a group see what the last of them may see."""
    query, key = call["query"], call["key"]
    if not call["is_causal"] or query.dtype not in (torch.float16, torch.bfloat16):
        return None
    row, column = torch.arange(query.size(-2))[:, None], torch.arange(key.size(-2))
    hidden = column > row // GROUP * GROUP + GROUP - 1
    mask = torch.zeros(hidden.shape, dtype=query.dtype).masked_fill(hidden, -torch.inf)
    return {"is_causal": False, "attn_mask": mask}


class FirstScale(Watcher):
    """The scale of the first call is used again for all calls of the same shapes."""

    def __init__(self) -> None:
        self._scales: dict[tuple[Any, ...], float | None] = {}

    def __call__(self, call: Call) -> Any:
        """Answer with the remembered scale."""
        inputs: list[Tensor] = [call["query"], call["key"], call["value"]]
        shapes = (inputs[0].dtype, *(tuple(t.shape) for t in inputs))
        scale = self._scales.setdefault(shapes, call["scale"])
        return call.right() if scale == call["scale"] else call.answer(call.evaluate(scale=scale))


ROWS = (
    Row(
        156707, "F18", "attention rows that are masked out entirely are NaN",
        (FUSED, "_safe_softmax"), (OPERATOR,), ("special_values", "forward"),
        spoil(masked_rows_nan, lambda c: c.kernel == "_safe_softmax" or c["attn_mask"] is not None),
    ),
    Row(
        165961, "F17", "attention in float16 with large scores is NaN",
        (FUSED,), (OPERATOR,), ("special_values",),
        spoil(overflowing_rows_nan, lambda c: c["query"].dtype is torch.float16),
    ),
    Row(
        195910, "F33", "causal attention in half precision masks by groups of four rows",
        (FUSED,), (OPERATOR,), ("forward",), rerun(causal_by_groups),
    ),
    Row(
        184122, "F20", "attention uses the scale of an earlier call of the same shapes",
        (FUSED,), (OPERATOR,), ("repeat",), FirstScale(),
    ),
)  # fmt: skip
"""The rows of this family."""
