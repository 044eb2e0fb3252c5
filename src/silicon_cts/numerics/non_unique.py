"""How are answers judged that are not unique: eigenvectors, singular vectors, factors, indices of ties?

By the property that defines them, as a residual in error budgets, never by their values. A row names the operators, the
reason, and the pure function that checks; rows for indices are in :mod:`silicon_cts.numerics.ties`. Rows for gradients
are not needed: op_db's ``output_process_fn_grad`` already takes the gradient of a part of the output that is unique.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch

from silicon_cts.numerics import ties
from silicon_cts.numerics.grades import Comparison, K, disagreement
from silicon_cts.numerics.oracle import Oracle
from silicon_cts.numerics.ties import Ties
from silicon_cts.sampling.observation import Observed, calls
from silicon_cts.sampling.sample import Sample

Triples = list[tuple[str, torch.Tensor, torch.Tensor]]
"""Names of properties and their two sides."""


@dataclass(frozen=True)
class Property:
    """One row: for which operators, why, and the check."""

    operators: tuple[str, ...]
    reason: str
    residuals: Callable[[tuple[Any, ...], dict[str, Any], list[torch.Tensor]], Triples]
    """From arguments and outputs, all in float64 or complex128, to triples: the property's name, its two sides."""

    def check(self, observed: Observed, oracle: Oracle) -> Comparison:
        """Norm-wise, for each call: see :meth:`_check`."""
        samples = calls(oracle.task.recipe, oracle.task.aspect)
        counts = oracle.observation.calls or (len(observed),)
        worst, begin = Comparison("B"), 0
        for sample, count in zip(samples, counts, strict=True):
            found = self._check(sample, slice(begin, begin + count), observed, oracle)
            if not found.agrees:
                return found
            worst = max(worst, found, key=lambda one: one.ratio)
            begin += count
        return worst

    def _check(self, sample: Sample, part: slice, observed: Observed, oracle: Oracle) -> Comparison:
        """Each side within K times its own size, matrix by matrix, times the unit roundoff times the matrix's order.

        Where input or CPU's answer is not finite there is nothing to hold a property against.
        """
        args, kwargs = sample.arguments()
        args = tuple(_wide(arg) for arg in args)
        cpus = [_wide(output) for output in oracle.yardstick[part]]
        if not all(_is_finite(one) for one in (args[0], *cpus)):
            return Comparison("metadata")
        outputs = [_wide(output) for output in observed[part]]
        order = max(1, *args[0].shape[-2:])
        worst = 0.0
        for name, left, right in self.residuals(args, kwargs, outputs):
            if not left.numel():
                continue
            batch = args[0].dim() - 2
            scale = _largest(right, batch).clamp(min=float(torch.finfo(torch.float64).tiny))
            ratio = float((_largest(left - right, batch) / (oracle.roundoff * order * scale)).max())
            worst = max(worst, ratio)
            if not ratio <= K:  # also when it is NaN
                label = f"{oracle.label(part.start)}: " if oracle.observation.calls else ""
                return disagreement(
                    f"{label}{name} does not hold: residual of {ratio:.3g} error budgets", part.start, ratio=ratio
                )
        return Comparison("B", worst)


def _wide(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    if value.is_complex():
        return value.detach().to(torch.complex128)
    return value.detach().to(torch.float64) if value.is_floating_point() else value.detach()


def _is_finite(value: Any) -> bool:
    return not isinstance(value, torch.Tensor) or bool(value.isfinite().all())


def _largest(tensor: torch.Tensor, batch: int) -> torch.Tensor:
    """Absolute value of the largest element of each matrix: over all but the batch dimensions."""
    return tensor.abs().reshape(*tensor.shape[:batch], -1).amax(dim=-1)


def _identity_like(gram: torch.Tensor) -> torch.Tensor:
    return torch.eye(gram.shape[-1], dtype=gram.dtype).expand_as(gram)


def _norm(matrix: torch.Tensor) -> torch.Tensor:
    """Frobenius norm of each matrix of a batch, more than 0."""
    norms: torch.Tensor = torch.linalg.matrix_norm(matrix)
    return norms.clamp(min=float(torch.finfo(torch.float64).tiny))


def _factored(name: str, product: torch.Tensor, matrix: torch.Tensor) -> tuple[str, torch.Tensor, torch.Tensor]:
    """Two sides of a factorisation, backward stable: the matrix is off, by roundings of its norm."""
    if not matrix.numel():  # of any dtype
        return name, product, product
    off = (product - matrix) / _norm(matrix)[..., None, None]
    return name, off + 1.0, torch.ones_like(off)


def _svd(args: Any, _kwargs: Any, outputs: list[torch.Tensor]) -> Triples:
    """``U diag(S) V^H = A``, singular vectors orthonormal, values as the oracle has them follows from both."""
    u, s, v_h = outputs
    matrix = args[0]
    k = s.shape[-1]
    return [
        _factored("U diag(S) Vh = A", (u[..., :k] * s.unsqueeze(-2).to(u.dtype)) @ v_h[..., :k, :], matrix.to(u.dtype)),
        ("Uh U = 1", u.mH @ u, _identity_like(u.mH @ u)),
        ("Vh V = 1", v_h @ v_h.mH, _identity_like(v_h @ v_h.mH)),
        ("S descending", s, s.sort(dim=-1, descending=True).values),
    ]


def _svd_transposed(args: Any, kwargs: Any, outputs: list[torch.Tensor]) -> Triples:
    """``torch.svd`` returns V, not V^H, and zeros for the vectors with ``compute_uv=False``."""
    if kwargs.get("compute_uv", args[2] if len(args) > 2 else True) is False:
        return [("S descending", outputs[1], outputs[1].sort(dim=-1, descending=True).values)]
    u, s, v = outputs
    return _svd(args, kwargs, [u, s, v.mH])


def _eig(args: Any, _kwargs: Any, outputs: list[torch.Tensor]) -> Triples:
    """``A V = V diag(w)``, eigenvectors of length 1."""
    values, vectors = outputs
    matrix = args[0].to(vectors.dtype)
    lengths = vectors.abs().square().sum(dim=-2)
    off = (matrix @ vectors - vectors * values.unsqueeze(-2)) / _norm(args[0])[..., None, None]
    return [
        ("A V = V diag(w)", off + 1.0, torch.ones_like(off)),  # as in a factorisation
        ("|v| = 1", lengths, torch.ones_like(lengths)),
    ]


def _eigh(args: Any, kwargs: Any, outputs: list[torch.Tensor]) -> Triples:
    """As ``_eig`` for the Hermitian matrix whose lower (or upper) triangle is given, and orthonormal vectors."""
    values, vectors = outputs
    upper = kwargs.get("UPLO", args[1] if len(args) > 1 else "L").upper() == "U"
    half = args[0].triu(1) if upper else args[0].tril(-1)
    diagonal = torch.diag_embed(args[0].diagonal(dim1=-2, dim2=-1).real.to(args[0].dtype))
    matrix = half + half.mH + diagonal
    gram = vectors.mH @ vectors
    return [
        _factored("V diag(w) Vh = A", (vectors * values.unsqueeze(-2).to(vectors.dtype)) @ vectors.mH, matrix),
        ("Vh V = 1", gram, _identity_like(gram)),
        ("w ascending", values, values.sort(dim=-1).values),
    ]


def _eigvals(args: Any, _kwargs: Any, outputs: list[torch.Tensor]) -> Triples:
    """The roots of the characteristic polynomial in any order: power sums ``tr(A^k)`` tell them without one."""
    (values,) = outputs
    norm = _norm(args[0])
    matrix = (args[0] / norm[..., None, None]).to(values.dtype)  # its powers neither overflow nor grow
    scaled = values / norm[..., None]
    power, triples = torch.ones_like(scaled), []
    order = matrix.shape[-1]  # the size of what cancels in the trace, and how the error of the QR algorithm grows
    product = torch.eye(order, dtype=values.dtype).expand_as(matrix)
    for k in range(1, order + 1):
        power, product = power * scaled, product @ matrix
        got, wanted = power.sum(-1), product.diagonal(dim1=-2, dim2=-1).sum(-1)
        triples.append((f"sum(w^{k}) = tr(A^{k})", got - wanted + order, torch.full_like(wanted, order)))
    return triples


PROPERTIES: tuple[Property, ...] = (
    Property(("linalg.svd",), "singular vectors are unique up to a phase at best", _svd),
    Property(("svd",), "singular vectors are unique up to a phase at best", _svd_transposed),
    Property(("linalg.eig",), "eigenvectors are unique up to a phase, eigenvalues come in any order", _eig),
    Property(("linalg.eigvals",), "eigenvalues come in any order", _eigvals),
    Property(("linalg.eigh",), "eigenvectors are unique up to a phase at best", _eigh),
)


def look_up(operator: str, aspect: str) -> Property | Ties | None:
    """The row for what an operator returns, or None: a gradient is unique where it is defined."""
    if aspect == "gradient":
        return None
    rows: tuple[Property | Ties, ...] = (*PROPERTIES, *ties.ROWS)
    return next((row for row in rows if any(fnmatchcase(operator, glob) for glob in row.operators)), None)


UNORDERED: dict[str, str] = {
    "linalg.eig": "eigenvalues come in any order, and the cotangents of a gradient do not follow them",
    "linalg.eigvals": "eigenvalues come in any order, and the cotangents of a gradient do not follow them",
}
"""Operators of which a gradient is unique only where every precision puts the eigenvalues in the same order."""


def is_reordered(oracle: Oracle) -> bool:
    """Whether the CPU orders the eigenvalues of the input otherwise in float64 than at the precision that is asked."""
    if oracle.task.recipe.operator not in UNORDERED:
        return False
    matrix = calls(oracle.task.recipe, oracle.task.aspect)[0].tensors[0].detach()
    values, right = torch.linalg.eigvals(matrix), torch.linalg.eigvals(_wide(matrix))
    nearest = (values.unsqueeze(-1) - right.unsqueeze(-2)).abs().argmin(dim=-1)
    return bool((nearest != torch.arange(matrix.shape[-1])).any())
