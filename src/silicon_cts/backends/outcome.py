"""What happened when a task was executed?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from silicon_cts.sampling.observation import Observed
    from silicon_cts.sampling.recipe import Recipe

Kind = Literal["result", "refusal", "exception", "crash", "hang"]


@dataclass(frozen=True)
class Task:
    """One thing to execute: one aspect of one sample."""

    recipe: Recipe
    aspect: str
    way: str = ""
    """One of the backend's :attr:`~silicon_cts.backends.protocol.Capability.ways`; empty if it has but one."""
    precision: str = ""
    """dtype in which that way computes floats; empty: as the recipe says."""


@dataclass(frozen=True)
class Placed:
    """Where one operation was planned, in the framework's own words."""

    operation: str
    """Its kind: ``conv``; of a training step with the part before it: ``backward conv``."""
    preferred: str
    """The unit it was planned on: ``cpu``, ``gpu``, ``ane``; empty if the framework does not say."""
    supported: tuple[str, ...]
    """The units that could run it."""
    weight: float | None
    """Its estimated share of the program's cost, between 0 and 1; None if the framework does not say."""


@dataclass(frozen=True)
class Outcome:
    """What came of one task. Nothing here is a judgement."""

    kind: Kind
    observed: Observed | None = None
    """The tensors, on the CPU, when ``kind`` is ``result``."""
    reason: str = ""
    """The backend's own words for a refusal or an exception; last words and signal of a crash; stage of a hang."""
    spread: Observed | None = None
    """How far the roundings inside of this very program move each element of each output (float64), if it says."""
    stage: str = ""
    """Where it ended when there is no result."""
    violations: tuple[str, ...] = ()
    """What it did that an operator must not do: change an input, write beside its destination."""
    notes: tuple[str, ...] = ()
    """What the backend has to say besides: that a simulated fault fired."""
    elsewhere: str = ""
    """Where it was placed, if not on the unit that was asked for."""
    placement: tuple[Placed, ...] = ()
    """Where each of the operator's own operations was planned, if the backend says."""
    seconds: float = 0.0
    """Wall time; of a batch, each task's share."""


def result(observed: Observed, elsewhere: str = "", violations: tuple[str, ...] = ()) -> Outcome:
    """The task ran and left these tensors; ``elsewhere`` says where, if not on the unit that was asked for."""
    return Outcome("result", observed, violations=violations, elsewhere=elsewhere)


def refusal(reason: str, stage: str) -> Outcome:
    """The backend says that it does not do this."""
    return Outcome("refusal", reason=reason, stage=stage)


def exception(reason: str, stage: str) -> Outcome:
    """The backend failed without saying that it does not do this."""
    return Outcome("exception", reason=reason, stage=stage)


def one_line(error: BaseException, limit: int = 300) -> str:
    """Type and message of an exception in one line of at most ``limit`` characters."""
    text = " ".join(str(error).split())
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= limit else line[: limit - 1] + "…"
