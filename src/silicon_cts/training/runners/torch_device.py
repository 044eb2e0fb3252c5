"""How does a training step run on a device of torch: call by call, as eager PyTorch does?"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from silicon_cts.backends.outcome import Placed


class TorchRunner:
    """The exported graph on one device: ``cpu``, ``mps``, ``cuda`` or ``torch:DEVICE``."""

    placement: tuple[Placed, ...] = ()
    elsewhere = ""

    def __init__(self, backend: str, program: torch.export.ExportedProgram) -> None:
        self._device = torch.device(backend.removeprefix("torch:"))
        if self._device.type != "cpu":
            from torch.export.passes import move_to_device_pass

            program = move_to_device_pass(program, self._device)
        self._module = program.module()

    def put(self, tensor: torch.Tensor) -> torch.Tensor:
        """See :class:`Runner`."""
        return tensor.to(self._device)

    def get(self, handle: torch.Tensor) -> torch.Tensor:
        """See :class:`Runner`."""
        return handle.detach().to("cpu", copy=True)

    def __call__(self, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """See :class:`Runner`."""
        with torch.no_grad():
            return list(self._module(*inputs))

    def close(self) -> None:
        """Nothing is held."""
