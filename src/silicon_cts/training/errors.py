"""What is said to somebody whose training step cannot become a program: what, where, and what to do?"""

from __future__ import annotations

import linecache
import re
import sys
import traceback
from pathlib import Path
from types import TracebackType

import torch

_OURS = str(Path(__file__).parent)
_LIBRARIES = (str(Path(torch.__file__).parent), _OURS, str(Path(sys.modules["re"].__file__ or "").parent.parent))
"""Where the line that is to blame never is."""


class StepError(ValueError):
    """A training step that cannot be exported or run, in one sentence with what to do about it."""


_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        r"value out of a tracing tensor|DataDependent|data-dependent|_local_scalar_dense|dynamic shape|DynamicOut",
        "control flow or a shape depends on the values of a tensor",
        "write both branches and choose with torch.where, or keep the shape and mask what is not wanted",
    ),
    (
        r"Convert all Tensors to FakeTensors|convert all Tensors to FakeTensors|non-Fake Tensor",
        "a tensor takes part that is neither a parameter nor a buffer nor in the batch",
        "register it with register_buffer, or pass it with the batch",
    ),
    (
        r"modified by an inplace operation|leaf Variable that requires grad|inplace|in-place|resize_|set_\b",
        "an in-place update cannot be carried into a program",
        "write it without changing a tensor in place (x = x + 1 for x += 1), or keep the tensor as a buffer",
    ),
    (
        r"does not require grad",
        "the loss depends on no parameter that requires a gradient",
        "check that nothing between the parameters and the loss detaches or runs under no_grad",
    ),
)
"""What PyTorch says while it traces, what that means, and what to do."""


def explain(error: Exception) -> StepError:
    """The error of a trace as a sentence that names the user's line."""
    text = f"{type(error).__name__}: {error}"
    where = place(error.__traceback__)
    for pattern, what, remedy in _CAUSES:
        if re.search(pattern, text):
            return StepError(f"{what}{where}: {remedy}")
    return StepError(f"the training step cannot be traced{where}: {' '.join(text.split())[:400]}")


def place(trace: TracebackType | None) -> str:
    """`` at file:line: `code` `` of the innermost line that is no library's; empty if there is none."""
    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(trace)]
    return _innermost(frames)


def place_in(stack: str | None) -> str:
    """The same from the text of a stack, as torch.fx keeps it with a node."""
    found = re.findall(r'File "([^"]+)", line (\d+)', stack or "")
    return _innermost([(file, int(line)) for file, line in found])


def _innermost(frames: list[tuple[str, int]]) -> str:
    for file, line in reversed(frames):
        if not file.startswith((*_LIBRARIES, "<")):
            code = linecache.getline(file, line).strip()
            return f" at {file}:{line}: `{code}`" if code else f" at {file}:{line}"
    return ""
