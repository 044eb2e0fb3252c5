"""What can be tested on a machine, and do its versions fit together?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Outcome, Task
from silicon_cts.backends.protocol import Absence, Backend, Capability, Enter
from silicon_cts.reports import doctor
from silicon_cts.reports.compatibility import VERSION_RULES, misfits

from .runs import FINGERPRINT


class Made(Backend):
    def __init__(self, name: str) -> None:
        self.name = name

    def absence(self) -> Absence | None:
        if self.name == "broken":
            raise OSError("libtorch.so: cannot\nopen")
        return Absence("not here", "buy one") if self.name == "gone" else None

    def capability(self) -> Capability:
        return Capability(("float32",))

    @property
    def marks(self) -> tuple[str, ...]:
        return ("made",)

    def run(self, tasks: Sequence[Task], enter: Enter) -> list[Outcome]:
        raise NotImplementedError


def test_an_accelerator_that_is_here() -> None:
    findings = doctor.examine(["cpu", "mps", "gone"], Made)
    assert [finding.is_accelerator for finding in findings] == [False, True, False]
    assert doctor.conclusion(findings) == "Accelerators that can be tested here: mps."
    text = doctor.render(findings)
    assert "gone          absent  not here" in text
    assert "remedy: buy one" in text


def test_the_interpreter_on_the_cpu_is_no_accelerator_and_is_named_as_such() -> None:
    findings = doctor.examine(["cpu", "coreai"], Made)
    assert not any(finding.is_accelerator for finding in findings)
    assert "No accelerator can be tested here" in doctor.conclusion(findings)
    assert "coreai (Apple's Core AI runtime, its interpreter on the CPU)" in doctor.conclusion(findings)


def test_a_backend_that_cannot_even_be_asked_is_absent() -> None:
    (finding,) = doctor.examine(["broken"], Made)
    assert finding.absent == "it cannot be asked: OSError: libtorch.so: cannot open"
    assert "nothing" in doctor.conclusion([finding])


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"torch": "2.13.0+cpu", "coreai-torch": "0.4.3", "coreai-core": "1.0.0b3", "numpy": "2.4.6"}, []),
        ({"torch": "2.13.0a0+gitabc"}, ["torch"]),
        ({"torch": "2.12.1"}, ["torch"]),
        ({"torch": "2.13.1", "coreai-torch": "0.4.3"}, ["torch"]),
        ({"torch": "2.13.0", "coremltools": "9.0", "numpy": "2.4.0"}, ["torch", "numpy"]),
        ({"torch": "2.13.0", "numpy": "2.4.0"}, []),
        ({"torch": "2.13.0", "coreai-torch": "0.4.3", "numpy": "2.5.0"}, ["numpy"]),
        ({"torch": "somebody's own"}, []),
        ({}, ["torch"]),
    ],
)
def test_versions(versions: dict[str, str], said: list[str]) -> None:
    found = misfits({**FINGERPRINT, "versions": versions})
    assert [sentence.split()[0] for _, sentence in found] == said


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({"rosetta": True, "machine": "x86_64"}, "install an arm64 Python"),
        ({"machine": "x86_64"}, "no Apple silicon"),
        ({"virtual": True}, "virtual machine"),
        ({"environment": {"PYTORCH_ENABLE_MPS_FALLBACK": "1"}}, "PYTORCH_ENABLE_MPS_FALLBACK"),
        ({"environment": {"PYTORCH_MPS_FAST_MATH": "1"}}, "PYTORCH_MPS_FAST_MATH"),
        ({"environment": {"ATEN_CPU_CAPABILITY": "default"}}, "ATEN_CPU_CAPABILITY"),
        ({"python": "3.10.2", "versions": {"torch": "2.13.0"}}, "silicon-cts needs it"),
    ],
)
def test_machines(machine: dict[str, Any], said: str) -> None:
    ((_, sentence),) = misfits({**FINGERPRINT, **machine})
    assert said in sentence


def test_a_virtual_linux_machine_is_fine() -> None:
    assert misfits({**FINGERPRINT, "system": "Linux 6.1", "machine": "x86_64", "virtual": True}) == []


def test_every_rule_can_be_met() -> None:
    assert all(rule.fits and rule.why for rule in VERSION_RULES)


def test_what_only_takes_part_on_request_is_no_accelerator() -> None:
    for name in registry.names():
        assert not registry.get(name).on_request or name in doctor.NO_ACCELERATOR
