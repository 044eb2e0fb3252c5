"""Does a model keep something in its forward pass that is no tensor of its state, and would stay as it was traced?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from silicon_cts.training.errors import StepError


@contextmanager
def unchanged(model: torch.nn.Module) -> Iterator[None]:
    """Raises StepError, with the attributes put back, if what runs inside gives a module another attribute."""
    before = {path: _kept(module) for path, module in model.named_modules()}
    try:
        yield
    finally:
        changed = [
            (path, name)
            for path, module in model.named_modules()
            for name, value in _kept(module).items()
            if before[path].get(name) is not value
        ]
        for path, module in model.named_modules():
            for name in set(_kept(module)) - set(before[path]):
                delattr(module, name)
            vars(module).update(before[path])
    if changed:
        path, name = changed[0]
        raise StepError(
            f"the forward pass sets {'.'.join([*path.split('.')[1:], name])!r}, which a program would not see again: "
            "make it a buffer (register_buffer), or keep it outside of the forward pass"
        )


def _kept(module: torch.nn.Module) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if not name.startswith("_") and name != "training"}
