"""Which models are run and trained as calls that are asked as an operator is? Known without importing torch.

``models.lstm`` is inference; ``training.lstm.adam.fifty_steps`` is one call too, which takes parameters, buffers and
batches, and gives the losses and all that changed. So oracle, error budget, isolation and records hold for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Literal

from silicon_cts.catalog.models.runs import RUNS, Run
from silicon_cts.catalog.models.table import MODELS, Model, Task, models

USUAL = ("sgd", "adam", "adamw")
"""Optimizers that every model is trained with."""
OTHERS = (
    *("adadelta", "adafactor", "adagrad", "adamax", "asgd", "lbfgs", "muon", "nadam", "radam", "rmsprop", "rprop"),
)
"""Those of ``optim_db`` besides. SparseAdam takes sparse gradients, which no model has."""
CAPTURABLE = ("adadelta", "adam", "adamax", "adamw", "asgd", "nadam", "radam", "rmsprop", "rprop")
"""Optimizers that can keep all of their state on the device, for graphs of CUDA."""
PROGRAMS = ("residual_cnn", "lstm", "transformer_encoder")
"""Models whose training step is exported as a program, for backends that run nothing else."""
Asked = Task | Literal["modules"]
"""What is asked that is no operator."""
RECURRENT = ("lstm", "gru", "bidirectional_rnn")
"""Models whose layers ``torch.compile`` leaves as they are."""
IMPOSSIBLE: Mapping[tuple[str, str], str] = MappingProxyType(
    {("unet_block", "muon"): "Muon trains matrices, and all parameters of this model are kernels or vectors"}
)
"""By model and optimizer, why the one cannot be trained with the other."""
_PREFIXES: Mapping[str, Asked] = {"models.": "inference", "training.": "training", "modules.": "modules"}


@dataclass(frozen=True)
class ModelCall:
    """One model run, or trained with one optimizer in one way."""

    model: Model
    optimizer: str = ""
    """Name in ``optim_db``, in small letters; empty for inference."""
    way: str = ""
    """Row of :data:`~silicon_cts.catalog.models.runs.RUNS`; empty for inference."""

    @property
    def task(self) -> Task:
        """What is asked of the model."""
        return "training" if self.optimizer else "inference"

    @property
    def run(self) -> Run:
        """In which way it is trained. Raises KeyError for inference."""
        return RUNS[self.way]

    @property
    def name(self) -> str:
        """``models.lstm``, ``training.lstm.adam``."""
        return f"training.{self.model.name}.{self.optimizer}" if self.optimizer else f"models.{self.model.name}"

    @property
    def id(self) -> str:
        """``models.lstm``, ``training.lstm.adam.fifty_steps``."""
        return f"{self.name}.{self.way}" if self.way else self.name

    @property
    def dtypes(self) -> tuple[str, ...]:
        """In which it is asked."""
        return self.run.dtypes if self.way else ("float32", "float16")

    @property
    def judged_in(self) -> str:
        """dtype whose roundings are allowed for; empty: those of the dtype that it is asked in."""
        if self.optimizer == "lbfgs":  # several steps in one
            return "float16"
        return self.run.judged_in if self.way else ""

    @property
    def spread_of_start(self) -> bool:
        """Whether roundings of what it begins with say how far it may diverge."""
        return bool(self.way) and self.run.spread_of_start

    @property
    def unchecked(self) -> str | None:
        """Why it cannot be asked here, or None."""
        return IMPOSSIBLE.get((self.model.name, self.optimizer)) or (self.run.impossible if self.way else None)

    def is_at(self, budget: str) -> bool:
        """Whether it is asked at that budget."""
        if budget == "quick":
            return _matches(self.id, QUICK)
        return budget == "deep" or not _matches(self.id, DEEP)

    @property
    def is_half(self) -> bool:
        """Whether parameters and optimizer state are in float16, which is how programs compute."""
        return bool(self.way) and "float16" in self.run.dtypes

    @property
    def is_capturable(self) -> bool:
        """Whether it is asked of devices alone that can hold all of an optimizer's state."""
        return bool(self.way) and self.run.capturable

    @property
    def is_program(self) -> bool:
        """Whether its training step is asked of backends that run programs alone."""
        return self.model.name in PROGRAMS and self.optimizer in USUAL and bool(self.way) and self.run.learns


def _all() -> Iterator[ModelCall]:
    yield from (ModelCall(model) for model in MODELS.values())
    for model in models("training"):
        for optimizer in (*USUAL, *OTHERS):
            yield from (ModelCall(model, optimizer, way) for way in RUNS if _is_asked(model.name, optimizer, way))


def _is_asked(model: str, optimizer: str, way: str) -> bool:
    if RUNS[way].compiled:
        return optimizer == "sgd" and model not in RECURRENT
    if RUNS[way].micro_batches > 1:
        return optimizer == "sgd"
    if RUNS[way].autocast:
        return optimizer in USUAL
    if "float16" in RUNS[way].dtypes:
        return optimizer in USUAL and model in PROGRAMS
    return optimizer in CAPTURABLE or not RUNS[way].capturable


CALLS: Mapping[str, ModelCall] = MappingProxyType({call.id: call for call in _all()})
"""By id, in the order in which people read them."""

QUICK = (
    "models.*",
    "training.mlp.[!l]*.one_step",
    "training.mlp.*.capturable",
    "training.mlp.sgd.accumulated",
    "training.mlp.adam.autocast_*",
    "training.residual_cnn.sgd.autocast_bfloat16",
    "training.transformer_encoder.adamw.autocast_float16",
    "training.residual_cnn.sgd.one_step",
    "training.lstm.adam.one_step",
    "training.transformer_encoder.adamw.one_step",
    "training.mlp.adam.fifty_steps",
    "training.lstm.sgd.fifty_steps",
)
"""Globs of what is asked at the budget ``quick``."""
DEEP = ("training.*.lbfgs.fifty_steps",)
"""Globs of what is asked at the budget ``deep`` alone: LBFGS computes the loss a thousand times in fifty steps."""

_OF_THE_MLP = ("training.mlp.*.one_step", "training.mlp.*.capturable", "training.*.autocast_float16")
_OF_ALL = tuple(f"training.*.{way}" for way in ("one_step", "fifty_steps", "capturable", "autocast_float16"))
VARIED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"quick": _OF_THE_MLP, "standard": _OF_THE_MLP, "deep": _OF_ALL}
)
"""By budget, globs of what is asked with the optimizer in all its configurations; the rest with the usual one."""


def is_varied(operator: str, budget: str) -> bool:
    """Whether all samples of a call, by id, may be asked: of training as :data:`VARIED` says, of all else always."""
    return task_of(operator) != "training" or _matches(operator, VARIED[budget])


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def task_of(operator: str) -> Asked | None:
    """What a name asks of a model, or that it is one of the modules; None for an operator."""
    return next((task for prefix, task in _PREFIXES.items() if operator.startswith(prefix)), None)
