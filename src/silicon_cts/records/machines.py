"""How is a backend named where many machines stand in one report: ``m4/mps``?"""

from __future__ import annotations

_BETWEEN = "/"


def on(machine: str, backend: str) -> str:
    """A backend of one of the machines."""
    return f"{machine}{_BETWEEN}{backend}"


def split(name: str) -> tuple[str, str]:
    """Machine and backend; the machine is empty where there is but one."""
    machine, _, backend = name.rpartition(_BETWEEN)
    return machine, backend


def is_control(name: str) -> bool:
    """Whether it is a machine's CPU, which others are held against."""
    return split(name)[1] == "cpu"


def control_of(name: str) -> str:
    """The CPU of the same machine."""
    machine, _ = split(name)
    return on(machine, "cpu") if machine else "cpu"


def order(name: str) -> tuple[str, bool, str]:
    """By machine; the control first, then by name."""
    machine, backend = split(name)
    return machine, backend != "cpu", backend
