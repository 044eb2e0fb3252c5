"""Which models are run and trained as calls that are asked as an operator is? Known without importing torch.

``models.lstm`` is inference; ``training.lstm.adam.fifty_steps`` is one call too, which takes parameters, buffers and
batches, and gives the losses and all that changed. So oracle, error budget, isolation and records hold for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from silicon_cts.catalog.models.table import MODELS, Model, Task, models

LENGTHS: Mapping[str, int] = MappingProxyType({"one_step": 1, "fifty_steps": 50})
"""How long is trained: name and steps."""
USUAL = ("sgd", "adam", "adamw")
"""Optimizers that every model is trained with."""
OTHERS = (
    *("adadelta", "adafactor", "adagrad", "adamax", "asgd", "lbfgs", "muon", "nadam", "radam", "rmsprop", "rprop"),
)
"""Those of ``optim_db`` besides, asked of one small model. SparseAdam takes sparse gradients, which no model has."""
PLAINEST = "mlp"
"""The model that is trained with every optimizer, in every configuration."""
PROGRAMS = ("residual_cnn", "lstm", "transformer_encoder")
"""Models whose training step is exported as a program, for backends that run nothing else."""
_PREFIXES: Mapping[str, Task] = {"models.": "inference", "training.": "training"}


@dataclass(frozen=True)
class ModelCall:
    """One model run, or trained with one optimizer for a number of steps."""

    model: Model
    optimizer: str = ""
    """Name in ``optim_db``, in small letters; empty for inference."""
    length: str = ""
    """Row of :data:`LENGTHS`; empty for inference."""

    @property
    def task(self) -> Task:
        """What is asked of the model."""
        return "training" if self.optimizer else "inference"

    @property
    def steps(self) -> int:
        """How many steps are trained."""
        return LENGTHS[self.length] if self.length else 0

    @property
    def name(self) -> str:
        """``models.lstm``, ``training.lstm.adam``."""
        return f"training.{self.model.name}.{self.optimizer}" if self.optimizer else f"models.{self.model.name}"

    @property
    def id(self) -> str:
        """``models.lstm``, ``training.lstm.adam.fifty_steps``."""
        return f"{self.name}.{self.length}" if self.length else self.name

    @property
    def dtypes(self) -> tuple[str, ...]:
        """In which it is asked."""
        return ("float32",) if self.optimizer else ("float32", "float16")

    @property
    def judged_in(self) -> str:
        """dtype whose roundings are allowed for; empty: those of the dtype that it is asked in.

        Over many steps a rounding decides on which side of the kink of a ReLU it is, and grows from there. Float16 has
        such roundings in plenty, and a wrong update is far beyond them still.
        """
        return "float16" if self.steps > 1 or self.optimizer == "lbfgs" else ""

    @property
    def is_quick(self) -> bool:
        """Whether it is asked at the budget ``quick``."""
        return any(fnmatchcase(self.id, glob) for glob in QUICK)

    @property
    def is_program(self) -> bool:
        """Whether its training step is asked of backends that run programs alone."""
        return self.model.name in PROGRAMS and self.optimizer in USUAL and self.length == "fifty_steps"


def _all() -> Iterator[ModelCall]:
    yield from (ModelCall(model) for model in MODELS.values())
    for model in models("training"):
        optimizers = (*USUAL, *OTHERS) if model.name == PLAINEST else USUAL
        for optimizer in optimizers:
            yield from (ModelCall(model, optimizer, length) for length in LENGTHS)


CALLS: Mapping[str, ModelCall] = MappingProxyType({call.id: call for call in _all()})
"""By id, in the order in which people read them."""

QUICK = (
    "models.*",
    "training.mlp.[!l]*.one_step",
    "training.residual_cnn.sgd.one_step",
    "training.lstm.adam.one_step",
    "training.transformer_encoder.adamw.one_step",
    "training.mlp.adam.fifty_steps",
    "training.lstm.sgd.fifty_steps",
)
"""Globs of what is asked at the budget ``quick``; all is asked at the others."""


def task_of(operator: str) -> Task | None:
    """What a name asks of a model; None for an operator."""
    return next((task for prefix, task in _PREFIXES.items() if operator.startswith(prefix)), None)
