"""Do the installed versions, and the machine, fit together? One row a rule, each with where it is known from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

Severity = Literal["problem", "warning"]
"""A problem: something will not work. A warning: it works, and this is what to keep in mind."""


@dataclass(frozen=True)
class VersionRule:
    """Where ``where`` is installed, ``package`` must be at a version that fits."""

    where: str
    """A package, or ``silicon-cts``, which always is."""
    package: str
    """A package, or ``python``."""
    fits: str
    severity: Severity
    why: str


VERSION_RULES: tuple[VersionRule, ...] = (
    # pyproject.toml: requires-python
    VersionRule("silicon-cts", "python", ">=3.11", "problem", "silicon-cts needs it"),
    # catalog/operators.py says what is relied on of torch.testing._internal, which is private and moves
    VersionRule("silicon-cts", "torch", ">=2.13", "problem", "the catalog reads op_db as it is there"),
    # coreai-core 1.0.0b3, package metadata: Requires-Python
    VersionRule("coreai-core", "python", ">=3.11,<3.15", "problem", "coreai-core has wheels for these only"),
    # coreai-torch 0.4.3, package metadata: Requires-Dist
    VersionRule("coreai-torch", "numpy", "<2.5", "problem", "coreai-torch says that it needs it"),
    VersionRule("coreai-torch", "torch", ">=2.8", "problem", "coreai-torch says that it needs it"),
    # coreai-torch 0.4.3, coreai_torch/__init__.py: _TORCH_MAX_VERSION
    VersionRule("coreai-torch", "torch", "<=2.13.0", "warning", "coreai-torch has only been validated up to it"),
    # coremltools 9.0, coremltools/_deps/__init__.py: _TORCH_MAX_VERSION; newer ones convert
    VersionRule("coremltools", "torch", "<=2.7.0", "warning", "the newest that coremltools says it was tested with"),
    # numpy 2.4 made int() of an array with a dimension a TypeError; coremltools 9.0 calls it for x.shape[i] arithmetic
    VersionRule(
        "coremltools", "numpy", "<2.4", "warning", "converting traced programs fails at arithmetic on x.shape[i]"
    ),
)


@dataclass(frozen=True)
class MachineRule:
    """The machine must not be like this."""

    broken: Callable[[Mapping[str, Any]], bool]
    """Asked of the fingerprint."""
    severity: Severity
    sentence: str


def _macos(found: Mapping[str, Any]) -> bool:
    return str(found.get("system", "")).startswith("macOS")


def _environment(found: Mapping[str, Any], name: str) -> bool:
    return found.get("environment", {}).get(name, "0") not in ("", "0")


MACHINE_RULES: tuple[MachineRule, ...] = (
    # torch has no MPS in x86_64 builds; sysctl.proc_translated tells
    MachineRule(
        lambda found: bool(found.get("rosetta")),
        "problem",
        "this Python is x86_64 under Rosetta: install an arm64 Python",
    ),
    MachineRule(
        lambda found: _macos(found) and not found.get("rosetta") and found.get("machine") != "arm64",
        "problem",
        "this Mac has no Apple silicon: MPS and the Neural Engine cannot be tested",
    ),
    # the GPU of a macOS virtual machine is "Apple Paravirtual device"; kern.hv_vmm_present tells
    MachineRule(
        lambda found: _macos(found) and bool(found.get("virtual")),
        "warning",
        "a virtual machine has no GPU and no Neural Engine of its own: what they answer here says nothing about a Mac",
    ),
    # torch/mps documentation, environment variables
    MachineRule(
        lambda found: _environment(found, "PYTORCH_ENABLE_MPS_FALLBACK"),
        "warning",
        "PYTORCH_ENABLE_MPS_FALLBACK is set; runs switch it off, so that a missing operator is seen",
    ),
    MachineRule(
        lambda found: _environment(found, "PYTORCH_MPS_FAST_MATH"),
        "warning",
        "PYTORCH_MPS_FAST_MATH is set: answers on MPS are less accurate than without it",
    ),
    # grade C holds a backend against these kernels
    MachineRule(
        lambda found: bool(found.get("environment", {}).get("ATEN_CPU_CAPABILITY")),
        "warning",
        "ATEN_CPU_CAPABILITY is set: the CPU kernels are not those that this machine uses otherwise",
    ),
)


def misfits(found: Mapping[str, Any]) -> list[tuple[Severity, str]]:
    """What does not fit in a fingerprint, problems first, each as a sentence."""
    versions = {
        **found.get("versions", {}),
        "python": found.get("python", ""),
        "silicon-cts": found.get("silicon_cts", "0"),
    }
    said: list[tuple[Severity, str]] = [(rule.severity, rule.sentence) for rule in MACHINE_RULES if rule.broken(found)]
    for rule in VERSION_RULES:
        if rule.where in versions and rule.package in versions and not _fits(versions[rule.package], rule.fits):
            said.append((rule.severity, f"{rule.package} {versions[rule.package]}, not {rule.fits}: {rule.why}"))
    if "torch" not in versions:
        said.append(("problem", "torch is not installed: pip install 'torch>=2.13'"))
    return sorted(said, key=lambda one: one[0])


def _fits(version: str, specifiers: str) -> bool:
    """A version that cannot be read, as of somebody's own build, is taken to fit."""
    readable = re.match(r"[\d.]+(?:(?:a|b|rc|\.dev)\d+)?", version)
    try:
        return readable is None or SpecifierSet(specifiers).contains(Version(readable.group()), prereleases=True)
    except InvalidVersion:
        return True
