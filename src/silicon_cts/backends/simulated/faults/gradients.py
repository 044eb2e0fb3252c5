"""Which gradients are wrong although the forward is right? Those of products, solvers and linear layers."""

from collections import deque
from typing import Any

from torch import Tensor

from .call import Call
from .fault import backward_of
from .lineage import Lineage
from .memory import is_permuted, packed
from .row import Row
from .rules import misread, rerun, spoil

VOCABULARY = 2**6
LINEAR = ("MmBackward", "AddmmBackward")


class VectorLinear(Lineage):
    """The backward of a linear layer on a 1-D input fails."""

    def __init__(self) -> None:
        super().__init__()
        self._operands: deque[Tensor] = deque(maxlen=16)

    def __call__(self, call: Call) -> Any:
        """Remember the operands of the forward, and turn their backward away."""
        right = call.right()
        left, other = call["mat1"] if call.kernel == "addmm" else call["self"], call["mat2"]
        if backward_of() in LINEAR:
            known = {t.data_ptr() for t in self._operands}
            if 1 in left.shape and known & {left.data_ptr(), other.data_ptr()}:
                call.fire()
                raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got 1)")
            return right
        source = self.source_of(left)
        if source is not None and source.dim() == 1:
            self._operands.extend((left, other))
        return right


def has_slow_batch(tensor: Tensor) -> bool:
    """Whether a batch of matrices was permuted so that the batch is not its outermost dimension in memory."""
    return is_permuted(tensor) and tensor.stride(0) < max(tensor.stride()[1:])


def without_far_terms(call: Call) -> dict[str, Any] | None:
    """The input gradient of a linear layer sums over the first outputs only."""
    grad, weight = call["self"], call["mat2"]
    if backward_of() not in LINEAR or not grad.is_contiguous() or grad.size(1) <= VOCABULARY:
        return None
    return {"self": grad[:, :VOCABULARY], "mat2": weight[:VOCABULARY]}


def is_matrix_gradient(call: Call) -> bool:
    """Whether this ends the gradient of the matrix in linalg.solve."""
    return backward_of() == "LinalgSolveExBackward" and call["self"].dim() >= 2


ROWS = (
    Row(
        175192, "F26", "linalg.solve returns the gradient of the matrix transposed",
        ("neg",), ("linalg.solve", "linalg.solve_ex"), ("gradient",),
        spoil(lambda _, r: r.mT.contiguous(), is_matrix_gradient),
    ),
    Row(
        153957, "F26", "the gradient through a linear layer with many outputs is wrong",
        ("mm",), ("nn.functional.linear",), ("gradient", "training"), rerun(without_far_terms),
        scaled="50257 outputs -> more than 2^6",
    ),
    Row(
        117826, "F26", "the backward of an einsum reads a permuted operand in storage order",
        ("bmm",), ("einsum",), ("gradient",),
        misread("self", "mat2", when=has_slow_batch, how=packed, only=lambda _: backward_of() == "BmmBackward"),
    ),
    Row(
        79784, "F12", "the backward of a linear layer on a 1-D input raises IndexError",
        ("mm", "addmm"), ("nn.functional.linear",), ("gradient",), VectorLinear(),
    ),
)  # fmt: skip
"""The rows of this family."""
