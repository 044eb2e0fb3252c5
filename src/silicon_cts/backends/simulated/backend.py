"""Would the suites have found this bug? Eager CPU under a fault, as ``simulated:FAULT``; without one, as ``simulated``.

A fault is an id of the table (``simulated:mps-118115``) or a dispatch mode of the user's own
(``simulated:my_faults.py:drop_writes``). Without a fault it must agree on everything.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Absence, Capability, Enter
from silicon_cts.backends.torch_device import ALL_DTYPES, TorchDevice

if TYPE_CHECKING:
    from torch.utils._python_dispatch import TorchDispatchMode

    from silicon_cts.sampling.recipe import Recipe

FIRED = "fault fired"
"""How the note of an outcome begins in which the fault changed something."""


class Simulated(TorchDevice):
    """PyTorch's CPU in a worker, every kernel of which passes through the fault."""

    on_request = True

    def __init__(self, name: str) -> None:
        super().__init__("cpu")
        self.name = name
        self.spec = name.partition(":")[2]
        self.kin = "" if self.spec else "cpu"  # under a fault, an error of the CPU would hide it

    @property
    def marks(self) -> tuple[str, ...]:
        """One mark, whatever the fault."""
        return ("simulated",)

    @cached_property
    def fault(self) -> TorchDispatchMode | None:
        """The mode, made once in each worker: some faults remember. Raises FaultError for one that cannot be had."""
        from silicon_cts.backends.simulated import faults

        return faults.resolve(self.spec) if self.spec else None

    def absence(self) -> Absence | None:
        """Present everywhere."""
        return None

    def capability(self) -> Capability:
        """As an accelerator: a fault may abort or hang. Without Metal, its workers may be forked."""
        return Capability(ALL_DTYPES, isolation="forkserver" if platform.system() == "Linux" else "spawn")

    def start(self) -> None:
        """Load the fault."""
        _ = self.fault

    def run(self, tasks: Sequence[Task], enter: Enter) -> list[Outcome]:
        """Each task by itself under the fault; an outcome notes how often it fired."""
        return [self._run_under_fault(task, enter) for task in tasks]

    def _run_under_fault(self, task: Task, enter: Enter) -> Outcome:
        before = getattr(self.fault, "fired", 0)
        found = self._run_one(task, enter, self.fault or nullcontext())
        if self.fault is None:
            return found
        if hasattr(self.fault, "fired"):
            times = self.fault.fired - before
        else:  # a mode that does not count: it did something if the answer is another than without it
            times = int(not _same(found, self._run_one(task, enter, nullcontext())))
        return replace(found, notes=(f"{FIRED} {times} times",)) if times else found

    def script(self, recipe: Recipe, aspect: str) -> str | None:
        """The fault is part of silicon-cts, so that this script needs it too."""
        given = 'given = [move(tensor, "cpu") for tensor in tensors]\n'
        if not self.spec:
            return f"{given}answer = call(*given)\n"
        return (
            f"from silicon_cts.backends.simulated import faults\n\n{given}"
            f"with faults.resolve({self.spec!r}):\n    answer = call(*given)\n"
        )


def _same(one: Outcome, other: Outcome) -> bool:
    """Whether the fault did nothing that can be seen: the same bits, and nothing beside them."""
    from silicon_cts.backends.simulated.faults.memory import same_bits

    if (one.kind, one.violations) != (other.kind, other.violations) or one.observed is None or other.observed is None:
        return (one.kind, one.violations) == (other.kind, other.violations)
    return len(one.observed) == len(other.observed) and all(
        a is b or (a is not None and b is not None and same_bits(a, b))
        for a, b in zip(one.observed, other.observed, strict=True)
    )
