"""How is a fault asked for? By its id in the table, or as `FILE.py:NAME` for one of the user's own."""

import difflib
import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from .row import Row
from .table import TABLE


class FaultError(ValueError):
    """A fault that cannot be had; the message says what was wrong, where, and what to do."""


def ids() -> tuple[str, ...]:
    """The ids of all faults of the table, by issue number."""
    return tuple(sorted(TABLE, key=lambda name: (TABLE[name].issue, name)))


def by_id(name: str) -> Row:
    """The row of the table with that id; its `make()` returns a fresh mode."""
    if name in TABLE:
        return TABLE[name]
    close = difflib.get_close_matches(name, TABLE, n=3, cutoff=0.6)
    hint = f"Did you mean {' or '.join(close)}?" if close else "Ids look like mps-118115; faults.ids() lists all."
    raise FaultError(f"There is no fault {name!r} in the table. {hint}")


def load(spec: str) -> TorchDispatchMode:
    """The user's own mode from `FILE.py:NAME`, NAME being a mode or a callable without arguments that returns one."""
    path, colon, name = spec.rpartition(":")
    if not colon or not path or not name:
        raise FaultError(f"{spec!r} is no fault: write FILE.py:NAME, such as my_faults.py:drop_writes.")
    module = _run(Path(path), spec)
    listed_rows = {row.id: row for row in getattr(module, "ROWS", ()) if isinstance(row, Row)}
    if name in listed_rows:
        return listed_rows[name].make()
    if not hasattr(module, name):
        there = [n for n, value in vars(module).items() if not n.startswith("_") and _may_be_fault(value, module)]
        listed = f"it has {', '.join(sorted(there))}" if there else "it defines no mode and no callable"
        raise FaultError(f"There is no {name!r} in {path}: {listed}. Write one of them after the colon.")
    return _as_mode(getattr(module, name), spec)


def rows(path: Path) -> dict[str, Row]:
    """The rows of a table of one's own, by id: a Python file with ``ROWS``; ``FILE.py:ID`` is then a fault of it."""
    found = getattr(_run(path, str(path)), "ROWS", None)
    if not isinstance(found, tuple | list) or not found or not all(isinstance(row, Row) for row in found):
        raise FaultError(f"{path} is no table of faults: it must have ROWS, a tuple of {Row.__module__}.Row.")
    return {row.id: row for row in found}


def resolve(spec: str) -> TorchDispatchMode:
    """A fresh mode for an id of the table or for `FILE.py:NAME`."""
    return load(spec) if ":" in spec or spec.endswith(".py") else by_id(spec).make()


def _run(path: Path, spec: str) -> ModuleType:
    if not path.is_file():
        raise FaultError(f"The fault {spec!r} cannot be loaded: there is no file {path.absolute()}.")
    name = "silicon_cts_fault_" + hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise FaultError(f"The fault {spec!r} cannot be loaded: {path} is no Python file; its name must end in .py.")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        message = f"The fault {spec!r} cannot be loaded: {path} raised {_said(error)}. Mend the file."
        raise FaultError(message) from error
    return module


def _as_mode(value: Any, spec: str) -> TorchDispatchMode:
    if isinstance(value, TorchDispatchMode):
        return value
    wanted = "it must be a TorchDispatchMode, or a callable without arguments that returns one"
    if not callable(value):
        raise FaultError(f"The fault {spec!r} is {_a(value)}: {wanted}.")
    try:
        made = value()
    except Exception as error:
        message = f"The fault {spec!r} could not be made, calling it raised {_said(error)}: {wanted}."
        raise FaultError(message) from error
    if not isinstance(made, TorchDispatchMode):
        raise FaultError(f"The fault {spec!r} returned {_a(made)}: {wanted}.")
    return made


def _may_be_fault(value: Any, module: ModuleType) -> bool:
    own = getattr(value, "__module__", module.__name__) == module.__name__
    return isinstance(value, TorchDispatchMode) or (callable(value) and own)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _a(value: Any) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"
