"""What can be tested on this machine, and what would change that?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from silicon_cts.backends import registry
from silicon_cts.backends.protocol import Backend
from silicon_cts.records.fingerprint import fingerprint, headline
from silicon_cts.reports import compatibility
from silicon_cts.reports.text import line

NO_ACCELERATOR: dict[str, str] = {
    "cpu": "PyTorch on the CPU, the control",
    "coreai": "Apple's Core AI runtime, its interpreter on the CPU",
    "coreai-cpu": "Core AI on the CPU",
    "coreml-reference": "Core ML programs under silicon-cts's own evaluator, on the CPU",
    "coreml-cpu": "Core ML on the CPU",
    "cpu-scalar": "PyTorch on the CPU without vector units, a control",
    "cpu-avx2": "PyTorch on the CPU with AVX2, a control",
    "cpu-no-onednn": "PyTorch on the CPU without oneDNN, a control",
    "cpu-one-thread": "PyTorch on the CPU in one thread, a control",
    "cpu-two-threads": "PyTorch on the CPU in two threads, a control",
    "cpu-compile": "PyTorch on the CPU through torch.compile, a control",
    "simulated": "an accelerator that does not exist",
}
"""Backends that compute on the CPU: they can be tested, but they are no accelerator."""


@dataclass(frozen=True)
class Finding:
    """One backend on this machine."""

    name: str
    absent: str
    """The reason; empty if it is here."""
    remedy: str = ""
    dtypes: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()

    @property
    def is_accelerator(self) -> bool:
        """Whether it is here and computes on something else than the CPU."""
        return not self.absent and self.name not in NO_ACCELERATOR


def examine(names: Iterable[str], get: Callable[[str], Backend] = registry.get) -> list[Finding]:
    """Ask each backend whether it is here; one that cannot even be asked is absent."""
    return [_examine(name, get) for name in names]


def _examine(name: str, get: Callable[[str], Backend]) -> Finding:
    try:
        backend = get(name)
        absence = backend.absence()
        if absence is not None:
            return Finding(name, absence.reason, absence.remedy)
        capability = backend.capability()
        return Finding(name, "", dtypes=capability.dtypes, aspects=capability.aspects)
    except Exception as error:  # another package's backend, or a broken installation of torch
        return Finding(
            name, f"it cannot be asked: {type(error).__name__}: {line(str(error), 200)}", "install its package again"
        )


def render(findings: Sequence[Finding]) -> str:
    """The machine, the versions, the backends, and what follows."""
    found = fingerprint()
    rows = [headline(found), "", "machine"]
    told = {key: value for key, value in found.items() if not isinstance(value, dict)}
    rows += [f"  {key:<22} {'unknown' if value is None else value}" for key, value in told.items()]
    rows += ["", "installed"]
    rows += [f"  {package:<22} {version}" for package, version in found["versions"].items()]
    if found["environment"]:
        rows += ["", "environment", *(f"  {name}={value}" for name, value in found["environment"].items())]
    misfits = compatibility.misfits(found)
    rows += ["", "fits together" if not misfits else "does not quite fit together"]
    rows += [f"  {severity:<8} {sentence}" for severity, sentence in misfits]
    rows += ["", "backends"]
    for finding in findings:
        rows += _backend(finding)
    rows += ["", conclusion(findings)]
    return "\n".join(rows) + "\n"


def _backend(finding: Finding) -> list[str]:
    if finding.absent:
        remedy = [f"{'':<23} remedy: {finding.remedy}"] if finding.remedy else []
        return [f"  {finding.name:<13} absent  {finding.absent}", *remedy]
    what = NO_ACCELERATOR.get(finding.name, "an accelerator")
    asked = f"{' '.join(finding.aspects)}; {' '.join(finding.dtypes)}"
    return [f"  {finding.name:<13} here    {what}", f"{'':<23} {asked}"]


def conclusion(findings: Sequence[Finding]) -> str:
    """One sentence: which accelerators can be tested, or that none can and what can."""
    accelerators = [finding.name for finding in findings if finding.is_accelerator]
    if accelerators:
        return f"Accelerators that can be tested here: {', '.join(accelerators)}."
    others = [f"{finding.name} ({NO_ACCELERATOR[finding.name]})" for finding in findings if not finding.absent]
    return f"No accelerator can be tested here. What can: {', '.join(others) or 'nothing'}."
