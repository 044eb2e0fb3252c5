"""What does attention give?"""

import numpy as np

from ..arithmetic import Call
from ..registry import op
from ..values import Array
from .activation import softmax
from .linear import product


@op("scaled_dot_product_attention")
def scaled_dot_product_attention(
    call: Call, query: Array, key: Array, value: Array, attn_mask: Array | None = None
) -> Array:
    """softmax(query key^T / sqrt(E) + mask) value; a mask of booleans says which elements take part.

    A row that no element takes part in gives NaN: the formula has no value there.
    """
    scores = product(call, query, np.swapaxes(key, -1, -2)) / np.float32(np.sqrt(query.shape[-1]))
    if attn_mask is not None:
        scores = scores + (np.where(attn_mask, 0, -np.inf).astype(np.float32) if attn_mask.dtype == bool else attn_mask)
    return product(call, softmax(call=call, x=scores), value)
