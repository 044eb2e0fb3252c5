"""Which dtypes are checked, in the order in which people read them, and what each is worth in bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Dtype:
    """A torch dtype by name, without importing torch."""

    name: str
    """As torch spells it: ``float32``."""
    kind: str
    """``float``, ``complex``, ``int`` or ``bool``."""
    significand: int = 0
    """Bits of the significand, the hidden one included; 0 for exact kinds."""

    @property
    def roundoff(self) -> float:
        """Unit roundoff ``u`` of round-to-nearest: half the distance from 1 to the next number; 0.0 if exact."""
        return 2.0**-self.significand if self.significand else 0.0

    @property
    def torch(self) -> torch.dtype:
        """The torch dtype itself (imports torch)."""
        import torch

        found: torch.dtype = getattr(torch, self.name)
        return found


DTYPES: dict[str, Dtype] = {
    dtype.name: dtype
    for dtype in (
        Dtype("float32", "float", 24),
        Dtype("float16", "float", 11),
        Dtype("bfloat16", "float", 8),
        Dtype("float64", "float", 53),
        Dtype("complex64", "complex", 24),
        Dtype("complex128", "complex", 53),
        Dtype("complex32", "complex", 11),
        Dtype("int64", "int"),
        Dtype("int32", "int"),
        Dtype("int16", "int"),
        Dtype("int8", "int"),
        Dtype("uint8", "int"),
        Dtype("bool", "bool"),
    )
}


def name_of(dtype: torch.dtype) -> str:
    """``torch.float32`` -> ``"float32"``."""
    return str(dtype).removeprefix("torch.")


def wide(dtype: str) -> str:
    """The dtype in which the oracle computes: float64 for floats, complex128 for complex, the same for exact kinds."""
    kind = DTYPES[dtype].kind if dtype in DTYPES else ""
    return {"float": "float64", "complex": "complex128"}.get(kind, dtype)
