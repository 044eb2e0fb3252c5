"""What is a backend?

One class in one file, found by name through the entry-point group ``silicon_cts.backends``. Its methods are called in
two places: ``absence`` and ``capability`` in the process that runs pytest, where nothing heavy may be imported, and
``start`` and ``run`` where the tasks run, which for every backend that may abort or hang is a worker process.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.catalog.aspects import EAGER

if TYPE_CHECKING:
    from silicon_cts.sampling.recipe import Recipe

Isolation = Literal["none", "spawn", "forkserver"]
"""How its worker is made: in this process; a new interpreter; or forked from a warm, clean template process, which
costs milliseconds after a crash but must never be used where Metal is (it does not survive a fork)."""

Enter = Callable[[str], None]
"""Called by a backend as it enters a stage: the deadline of that stage starts."""


@dataclass(frozen=True)
class Absence:
    """Why a backend cannot be used on this machine, and what would change that."""

    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}" if self.remedy else self.reason


@dataclass(frozen=True)
class Capability:
    """What a backend declares before it runs."""

    dtypes: tuple[str, ...]
    """Input dtypes that are worth asking for."""
    aspects: tuple[str, ...] = EAGER
    isolation: Isolation = "spawn"
    generates: bool = True
    """Whether generated recipes are asked of it, besides op_db's own samples."""
    in_others: float = 1.0
    """Share of op_db's samples that is asked in each dtype but the operator's first: each costs a conversion."""
    ahead_of_time: bool = False
    """Whether a task is exported and compiled before it runs; then a batch shares one program."""
    splits: bool = False
    """Whether a batch with a task that fails has an outcome for every other all the same."""
    batch: int = 64
    """Most tasks in one call of :meth:`Backend.run`."""
    deadlines: Mapping[str, float] = field(default_factory=lambda: {"run": 60.0})
    """Seconds allowed for each stage of one batch."""
    narrows: Mapping[str, str] = field(default_factory=dict)
    """Dtypes that it documents to return narrower: ``{"int64": "int32"}``. Values that fit are compared."""
    ways: Mapping[str, str] = field(default_factory=lambda: {"": ""})
    """Ways in which each sample is asked, each judged by itself, with the dtype in which it computes floats: front end
    and precision of a converter. The dtype is empty where the way computes in the dtype that was asked for."""
    recycle_after: int | None = None
    """Tasks after which the worker is replaced (a device that keeps a compiled graph for every shape)."""
    locates: bool = False
    """Whether it can say where a model's wrong answer comes from: :meth:`Backend.locate`."""
    capturable: bool = False
    """Whether optimizers of torch can keep all of their state on it (``capturable=True``)."""
    yardstick: bool = False
    """Whether this is PyTorch's own CPU, whose error at the same precision is the yardstick of grade C."""


class Backend(ABC):
    """A way to run PyTorch."""

    name: str
    on_request: bool = False
    """Whether it only takes part in a run that names it."""
    kin: str = ""
    """Backend of whose kernels it has many, and so may have the known errors; empty: none."""
    environment: Mapping[str, str] = MappingProxyType({})
    """Environment variables of its workers, set before they import anything."""
    stages: tuple[str, ...] = ("run",)
    """In order; those of ``build, convert, compile, load, run`` that it has."""

    @property
    @abstractmethod
    def marks(self) -> tuple[str, ...]:
        """pytest marks of its tests, known also where it is absent."""

    @abstractmethod
    def absence(self) -> Absence | None:
        """Why it is not on this machine, or None if it is. Cheap; imports only what it must."""

    @abstractmethod
    def capability(self) -> Capability:
        """What can be asked of it. Only called when it is present."""

    def start(self) -> None:  # noqa: B027
        """Make the worker warm: import, open the device. Called once in each worker."""

    @abstractmethod
    def run(self, tasks: Sequence[Task], enter: Enter) -> list[Outcome]:
        """Execute a batch, one outcome a task, in order.

        An exception raised here counts for the whole batch: the caller splits it and asks again.
        """

    def locate(self, task: Task, most: float) -> str:
        """What the wrong answer to a task comes from, in words; empty where it cannot say.

        ``most`` error budgets are allowed. Asked of models alone, if the capability ``locates``, in a process of its
        own; whatever it raises counts as not known.
        """
        return ""

    def versions(self) -> Mapping[str, str]:
        """Versions of the backend's own packages, for the fingerprint."""
        return {}

    def script(self, recipe: Recipe, aspect: str) -> str | None:
        """The part of a stand-alone reproduction that runs a sample on this backend; None if it has none.

        The script has ``torch``, a callable ``call``, its CPU tensors ``tensors`` and ``move(tensor, device)``. It must
        assign ``answer``: what came out. One that calls eagerly also assigns ``given``, the tensors that it called
        with, and may set ``device``, where the call itself makes tensors.
        """
        return None
