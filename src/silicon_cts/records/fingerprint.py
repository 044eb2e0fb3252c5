"""On which machine, and with which versions, was it measured?"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

import silicon_cts
from silicon_cts.backends.torch_device import sysctl

PACKAGES = ("torch", "numpy", "coremltools", "coreai-torch", "coreai-core", "hypothesis", "pytest")
ENVIRONMENT = (
    "PYTORCH_ENABLE_MPS_FALLBACK",
    "PYTORCH_MPS_FAST_MATH",
    "PYTORCH_MPS_PREFER_METAL",
    "PYTORCH_MPS_HIGH_WATERMARK_RATIO",
    "PYTORCH_MPS_LOW_WATERMARK_RATIO",
    "ATEN_CPU_CAPABILITY",
    "OMP_NUM_THREADS",
)
"""Variables that change what is computed or how."""


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Installed versions by package, without importing them; a package that is not installed is left out."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def chip() -> str:
    """The processor's marketing name, or what the platform knows instead."""
    if platform.system() == "Darwin":
        return sysctl("machdep.cpu.brand_string") or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def system() -> str:
    """Operating system with its build: ``macOS 27.0 (26A428)``."""
    if platform.system() == "Darwin":
        return f"macOS {platform.mac_ver()[0]} ({sysctl('kern.osversion')})"
    return f"{platform.system()} {platform.release()}"


def is_virtual() -> bool | None:
    """Whether this is a virtual machine; None if it cannot be told."""
    if platform.system() == "Darwin":
        return sysctl("kern.hv_vmm_present") == "1"
    try:
        return " hypervisor" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return None


def power() -> str:
    """``AC``, ``battery`` or ``unknown``."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is None or battery.power_plugged is None:
        return "unknown"
    return "AC" if battery.power_plugged else "battery"


def thermal() -> str:
    """macOS's thermal state in its own words where it can be asked, else ``unknown``."""
    if platform.system() != "Darwin":
        return "unknown"
    try:
        from Foundation import NSProcessInfo  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return "unknown"
    states = ("nominal", "fair", "serious", "critical")
    return states[NSProcessInfo.processInfo().thermalState()]


def environment() -> dict[str, str]:
    """Those of :data:`ENVIRONMENT` that are set."""
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}


def commit() -> str | None:
    """The git commit of the working directory, if it is a checkout."""
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.strip() or None


def fingerprint() -> dict[str, Any]:
    """Everything that makes two runs comparable or not, as plain values."""
    return {
        "chip": chip(),
        "cores": psutil.cpu_count(logical=True),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "virtual": is_virtual(),
        "rosetta": sysctl("sysctl.proc_translated") == "1" if platform.system() == "Darwin" else False,
        "system": system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "python_implementation": sys.implementation.name,
        "silicon_cts": silicon_cts.__version__,
        "versions": versions(),
        "environment": environment(),
        "power": power(),
        "thermal": thermal(),
    }


def headline(found: dict[str, Any]) -> str:
    """The fingerprint in one line."""
    installed = found["versions"]
    packages = "   ".join(
        f"{name} {installed[name]}" for name in ("torch", "coremltools", "coreai-core") if name in installed
    )
    virtual = ", virtual machine" if found["virtual"] else ""
    machine = f"{found['chip']}, {found['cores']} cores, {found['memory_gib']} GiB{virtual}"
    return f"silicon-cts {found['silicon_cts']}   {machine}, {found['system']}   Python {found['python']}   {packages}"
