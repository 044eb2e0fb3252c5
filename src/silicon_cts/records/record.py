"""What is one line of ``records.jsonl``?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "silicon-cts record",
    "description": "One verdict on one operator x aspect x dtype x backend.",
    "type": "object",
    "additionalProperties": False,
    "required": [
        "operator", "variant", "aspect", "dtype", "backend", "verdict", "grade", "ratio", "ulp", "signal_to_noise",
        "top_1", "reason", "recipe", "counts", "seconds", "known_issue", "notes", "ways", "placement", "script",
    ],
    "properties": {
        "operator": {"type": "string", "description": "op_db's name: nn.functional.conv2d; of models: models.lstm"},
        "variant": {"type": "string", "description": "op_db's variant_test_name, or empty"},
        "aspect": {"type": "string", "description": "what was asked: forward, gradient"},
        "dtype": {"type": "string", "description": "dtype asked of op_db, as torch names it"},
        "backend": {"type": "string", "description": "name of the backend"},
        "verdict": {
            "enum": [
                "crashed", "hung", "disagrees", "unstable", "error", "accepted", "unsupported", "not_placed",
                "no_oracle", "agrees",
            ],
            "description": "the worst of its samples, in this order from worst to best",
        },
        "grade": {
            "enum": ["exact", "A", "B", "C", "metadata", ""],
            "description": "how closely it agrees, worst grade of its samples; empty unless it was compared and agrees",
        },
        "ratio": {
            "type": ["number", "null"],
            "description": "largest error in error budgets, kept for passes too; null: not finite or not compared",
        },
        "ulp": {"type": ["number", "null"], "description": "that error in units in the last place; null: not finite"},
        "signal_to_noise": {
            "type": ["number", "null"],
            "description": "of a model, dB, the least of its samples; null: no model, no noise, or not compared",
        },
        "top_1": {
            "type": ["number", "null"],
            "description": "share of the clear decisions of a model that are right; null: it makes none",
        },
        "reason": {"type": "string", "description": "what is wrong, or the backend's own words; empty if nothing is"},
        "recipe": {
            "type": ["object", "null"],
            "description": "of the worst sample; of a new failure, the simplest that fails so; null: nothing asked",
        },
        "counts": {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "description": "number of samples by verdict",
        },
        "seconds": {"type": "number", "description": "wall time of the backend, all samples"},
        "known_issue": {"type": ["string", "null"], "description": "id of the known issue that expects this verdict"},
        "notes": {
            "type": "array",
            "items": {"type": "string"},
            "description": "what differs without being wrong: strides; how often a simulated fault fired",
        },
        "ways": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": {"type": "integer"}},
            "description": "counts for each way of a backend with several: front end and precision of a converter",
        },
        "placement": {
            "type": "array",
            "items": {
                "type": "array",
                "prefixItems": [
                    {"type": "string"},
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}},
                    {"type": ["number", "null"]},
                ],
            },
            "description": "where each operation was planned: its kind, preferred unit, supported units, cost weight",
        },
        "script": {
            "type": ["string", "null"],
            "description": "stand-alone Python that reproduces it; null when it agrees or none can be made",
        },
    },
}  # fmt: skip
"""JSON Schema of one line; documented in ``reports/README.md``, which a test holds to this."""


@dataclass(frozen=True)
class Record:
    """One verdict on one operator x aspect x dtype x backend."""

    operator: str
    variant: str
    aspect: str
    dtype: str
    backend: str
    verdict: str
    grade: str = ""
    ratio: float | None = None
    ulp: float | None = None
    signal_to_noise: float | None = None
    top_1: float | None = None
    reason: str = ""
    recipe: Mapping[str, Any] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    known_issue: str | None = None
    notes: tuple[str, ...] = ()
    ways: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    placement: Sequence[Any] = ()
    script: str | None = None

    @property
    def operator_id(self) -> str:
        """The operator's id in the catalog: name, or name.variant."""
        return f"{self.operator}.{self.variant}" if self.variant else self.operator

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies it in a run: operator id, aspect, dtype, backend."""
        return self.operator_id, self.aspect, self.dtype, self.backend

    def to_json(self) -> dict[str, Any]:
        """As plain values for JSON, which has no infinities: those become null."""
        data = asdict(self)
        for name in ("ratio", "ulp", "signal_to_noise"):
            if data[name] is not None and not math.isfinite(data[name]):
                data[name] = None
        data["notes"] = list(self.notes)
        data["placement"] = list(self.placement)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """The record of :meth:`to_json`; fields that a later version added are left out."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        for name in ("notes", "placement"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)
