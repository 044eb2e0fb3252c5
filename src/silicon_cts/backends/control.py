"""Right implementations that are not the yardstick: PyTorch's CPU with other kernels, or another number of threads.

``cpu`` judged against itself proves little. These compute the same operators in another order and with other
instructions, and must agree: they measure the false alarms of the suite, and are where K and R come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from silicon_cts.backends.protocol import Absence, Capability
from silicon_cts.backends.torch_device import ALL_DTYPES, TorchDevice


@dataclass(frozen=True)
class Variant:
    """One way for PyTorch's CPU to compute differently."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Read by torch as it is imported."""
    prepare: Callable[[], None] = lambda: None
    """Called in the worker before the first task."""


def _without_onednn() -> None:
    import torch

    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]


VARIANTS: dict[str, Variant] = {
    "cpu-scalar": Variant({"ATEN_CPU_CAPABILITY": "default"}),
    "cpu-avx2": Variant({"ATEN_CPU_CAPABILITY": "avx2"}),
    "cpu-no-onednn": Variant(prepare=_without_onednn),
}


class Control(TorchDevice):
    """PyTorch's CPU, computing in another way than in this process."""

    on_request = True

    def __init__(self, name: str) -> None:
        super().__init__("cpu")
        self.name = name
        self.variant = VARIANTS[name]
        self.environment = self.variant.environment

    @property
    def marks(self) -> tuple[str, ...]:
        """All of them are controls."""
        return ("control",)

    def absence(self) -> Absence | None:
        """The capability of x86 processors is chosen by name; elsewhere the variable does nothing."""
        import platform

        if self.environment and platform.machine() not in ("x86_64", "AMD64"):
            return Absence(f"{self.name} chooses x86 vector units: this is {platform.machine()}")
        return None

    def capability(self) -> Capability:
        """As ``cpu``, in a worker of its own."""
        return Capability(ALL_DTYPES, isolation="spawn")

    def start(self) -> None:
        """Open the device, then make it different."""
        super().start()
        self.variant.prepare()
