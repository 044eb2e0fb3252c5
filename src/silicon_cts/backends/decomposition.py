"""How is an exported program brought into the form that a converter takes, without paying for all of PyTorch?

``run_decompositions`` lists some 700 composite operators of PyTorch anew, says what becomes of each, gives each other
kernels, and takes these back, which is most of its time. Lists and kernels are the same every time: here they are made
once in a process for each table of decompositions, and put in place and taken away as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any
from unittest import mock

import torch
from torch._subclasses.fake_impls import op_implementations_dict as rules
from torch.export import ExportedProgram, exported_program

_SPLIT, _OVERRIDE = "_split_decomp_table_to_cia_and_python_decomp", "_override_composite_implicit_decomp"
"""Private functions of torch: what becomes of the composite operators and of the others, and hold kernels replaced."""
_split, _override = (getattr(exported_program, name, None) for name in (_SPLIT, _OVERRIDE))
"""None in a torch that does it otherwise: it is left to do so."""
Table = Callable[[], Mapping[Any, Callable[..., Any]]]
"""Makes a table of decompositions, always the same: it is called once in a process."""
Held = Mapping[torch._ops.OpOverload, tuple[dict[Any, Any], Any]]
"""By operator, its table of kernels and its rule for tensors without data, while they are replaced."""


def decomposed(program: ExportedProgram, table: Table = dict) -> ExportedProgram:
    """What ``program.run_decompositions(table())`` returns; without a table, composite operators are kept whole.

    Raises whatever that raises.
    """
    if _split is None or _override is None:
        return _by_torch(program, table())
    with (
        mock.patch.object(exported_program, _SPLIT, return_value=[dict(part) for part in _parts(table)]),
        mock.patch.object(exported_program, _OVERRIDE, partial(_overridden, table)),
    ):
        return _by_torch(program, {})


def _by_torch(program: ExportedProgram, table: Mapping[Any, Any]) -> ExportedProgram:
    made: ExportedProgram = program.run_decompositions(dict(table))
    return made


@cache
def _parts(table: Table) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """What becomes of the composite operators, and of the others."""
    assert _split is not None
    composite, others = _split(dict(table()))
    return composite, others


@cache
def _held(table: Table) -> Held:
    """What torch's own function puts in place for the composite operators."""
    assert _override is not None
    composite, _ = _parts(table)
    with _override(composite):  # it takes away also the rules that torch itself has for some
        pass
    with _override(composite):
        return {one: (one.py_kernels.copy(), rules[one]) for one in composite}


@contextmanager
def _overridden(table: Table, _composite: object = None) -> Iterator[None]:
    """In it, what ``table`` says becomes of the composite operators, which torch names besides."""
    held = _held(table)
    own = {one: one.py_kernels for one in held}
    for one, (kernels, rule) in held.items():
        one.py_kernels, rules[one] = kernels, rule
        one._dispatch_cache.clear()
    try:
        yield
    finally:
        for one, kernels in own.items():
            one.py_kernels = kernels
            one._dispatch_cache.clear()
            rules.pop(one, None)
