"""How are answers judged that are not unique: eigenvectors, singular vectors, indices of ties?

By the property that defines them, as a residual in error budgets, never by their values. A row names the operators, the
reason, and the pure function that checks. Rows for gradients are not needed: op_db's ``output_process_fn_grad`` already
takes the gradient of a part of the output that is unique.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch

from silicon_cts.numerics.comparison import Comparison, K, disagreement
from silicon_cts.numerics.oracle import Oracle
from silicon_cts.sampling.observation import Observed
from silicon_cts.sampling.sample import make


@dataclass(frozen=True)
class Property:
    """One row: for which operators, why, and the check."""

    operators: tuple[str, ...]
    reason: str
    residuals: Callable[
        [tuple[Any, ...], dict[str, Any], list[torch.Tensor]], list[tuple[str, torch.Tensor, torch.Tensor]]
    ]
    """From arguments and outputs, all in float64 or complex128, to triples: the property's name, its two sides."""

    def check(self, observed: Observed, oracle: Oracle) -> Comparison:
        """Norm-wise: each side within K times its own size times the unit roundoff times the order of the matrix."""
        args, kwargs = make(oracle.task.recipe).arguments()
        args = tuple(_wide(arg) for arg in args)
        outputs = [_wide(output) for output in observed]
        order = max(1, *args[0].shape[-2:])
        worst = 0.0
        for name, left, right in self.residuals(args, kwargs, outputs):
            if not left.numel():
                continue
            scale = max(float(right.abs().max()), float(torch.finfo(torch.float64).tiny))
            ratio = float((left - right).abs().max()) / (oracle.roundoff * order * scale)
            worst = max(worst, ratio)
            if not ratio <= K:  # also when it is NaN
                return disagreement(f"{name} does not hold: residual of {ratio:.3g} error budgets", ratio=ratio)
        return Comparison("B", worst)


def _wide(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    if value.is_complex():
        return value.detach().to(torch.complex128)
    return value.detach().to(torch.float64) if value.is_floating_point() else value.detach()


def _identity_like(gram: torch.Tensor) -> torch.Tensor:
    return torch.eye(gram.shape[-1], dtype=gram.dtype).expand_as(gram)


def _svd(args: Any, _kwargs: Any, outputs: list[torch.Tensor]) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
    """``U diag(S) V^H = A``, singular vectors orthonormal, values as the oracle has them follows from both."""
    u, s, v_h = outputs
    matrix = args[0]
    k = s.shape[-1]
    return [
        ("U diag(S) Vh = A", (u[..., :k] * s.unsqueeze(-2).to(u.dtype)) @ v_h[..., :k, :], matrix.to(u.dtype)),
        ("Uh U = 1", u.mH @ u, _identity_like(u.mH @ u)),
        ("Vh V = 1", v_h @ v_h.mH, _identity_like(v_h @ v_h.mH)),
        ("S descending", s, s.sort(dim=-1, descending=True).values),
    ]


def _svd_transposed(
    args: Any, kwargs: Any, outputs: list[torch.Tensor]
) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
    """``torch.svd`` returns V, not V^H, and zeros for the vectors with ``compute_uv=False``."""
    if kwargs.get("compute_uv", args[2] if len(args) > 2 else True) is False:
        return [("S descending", outputs[1], outputs[1].sort(dim=-1, descending=True).values)]
    u, s, v = outputs
    return _svd(args, kwargs, [u, s, v.mH])


def _eig(args: Any, _kwargs: Any, outputs: list[torch.Tensor]) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
    """``A V = V diag(w)``, eigenvectors of length 1."""
    values, vectors = outputs
    matrix = args[0].to(vectors.dtype)
    lengths = vectors.abs().square().sum(dim=-2)
    return [
        ("A V = V diag(w)", matrix @ vectors, vectors * values.unsqueeze(-2)),
        ("|v| = 1", lengths, torch.ones_like(lengths)),
    ]


def _eigh(args: Any, kwargs: Any, outputs: list[torch.Tensor]) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
    """As ``_eig`` for the Hermitian matrix whose lower (or upper) triangle is given, and orthonormal vectors."""
    values, vectors = outputs
    upper = kwargs.get("UPLO", args[1] if len(args) > 1 else "L").upper() == "U"
    half = args[0].triu(1) if upper else args[0].tril(-1)
    diagonal = torch.diag_embed(args[0].diagonal(dim1=-2, dim2=-1).real.to(args[0].dtype))
    matrix = half + half.mH + diagonal
    gram = vectors.mH @ vectors
    return [
        ("V diag(w) Vh = A", (vectors * values.unsqueeze(-2).to(vectors.dtype)) @ vectors.mH, matrix),
        ("Vh V = 1", gram, _identity_like(gram)),
        ("w ascending", values, values.sort(dim=-1).values),
    ]


def _eigvals(args: Any, _kwargs: Any, outputs: list[torch.Tensor]) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
    """The roots of the characteristic polynomial in any order: power sums ``tr(A^k)`` tell them without one."""
    (values,) = outputs
    matrix, power, triples = args[0].to(values.dtype), torch.ones_like(values), []
    product = torch.eye(matrix.shape[-1], dtype=values.dtype).expand_as(matrix)
    for k in range(1, matrix.shape[-1] + 1):
        power, product = power * values, product @ matrix
        norm = torch.linalg.matrix_norm(matrix) ** k  # the size of the terms that cancel in the trace
        got, wanted = power.sum(-1), product.diagonal(dim1=-2, dim2=-1).sum(-1)
        triples.append((f"sum(w^{k}) = tr(A^{k})", got + norm, wanted + norm))
    return triples


PROPERTIES: tuple[Property, ...] = (
    Property(("linalg.svd",), "singular vectors are unique up to a phase at best", _svd),
    Property(("svd",), "singular vectors are unique up to a phase at best", _svd_transposed),
    Property(("linalg.eig",), "eigenvectors are unique up to a phase, eigenvalues come in any order", _eig),
    Property(("linalg.eigvals",), "eigenvalues come in any order", _eigvals),
    Property(("linalg.eigh",), "eigenvectors are unique up to a phase at best", _eigh),
)


def look_up(operator: str, aspect: str) -> Property | None:
    """The row for what an operator returns, or None: a gradient is unique where it is defined."""
    if aspect == "gradient":
        return None
    return next((row for row in PROPERTIES if any(fnmatchcase(operator, glob) for glob in row.operators)), None)
