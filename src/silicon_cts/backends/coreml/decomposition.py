"""How is an exported program brought into the form that the converter takes, without paying for all of PyTorch?

``run_decompositions({})`` keeps the composite operators of PyTorch whole. For that it lists some 700 of them anew,
gives each other kernels, and takes these back, which is most of its time. Those kernels are the same every time: here
they are made once in a process, and put in place and taken away as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest import mock

import torch
from torch._export.utils import _special_op_to_preserve_cia
from torch._subclasses.fake_impls import op_implementations_dict as rules
from torch.export import ExportedProgram, exported_program

_COLLECT, _OVERRIDE = "_collect_all_valid_cia_ops", "_override_composite_implicit_decomp"
"""Private functions of torch: list the composite operators, and hold their kernels replaced."""
_collect, _override = (getattr(exported_program, name, None) for name in (_COLLECT, _OVERRIDE))
"""None in a torch that does it otherwise: it is left to do so."""
Held = Mapping[torch._ops.OpOverload, tuple[dict[Any, Any], Any]]
"""By operator, its table of kernels and its rule for tensors without data, while they are replaced."""


def decomposed(program: ExportedProgram) -> ExportedProgram:
    """What ``program.run_decompositions({})`` returns. Raises whatever that raises."""
    if _collect is None or _override is None:
        return _by_torch(program)
    with (
        mock.patch.object(exported_program, _COLLECT, _listed),
        mock.patch.object(exported_program, _OVERRIDE, _overridden),
    ):
        return _by_torch(program)


def _by_torch(program: ExportedProgram) -> ExportedProgram:
    made: ExportedProgram = program.run_decompositions({})
    return made


@cache
def _listed() -> frozenset[Any]:
    assert _collect is not None
    return frozenset(_collect())


@cache
def _held() -> Held:
    """What torch's own function puts in place, for operators that it is not to decompose."""
    assert _override is not None
    kept = dict.fromkeys(_listed(), _special_op_to_preserve_cia)
    with _override(kept):  # it takes away also the rules that torch itself has for some
        pass
    with _override(kept):
        return {one: (one.py_kernels.copy(), rules[one]) for one in kept}


@contextmanager
def _overridden(operators: Mapping[Any, Any]) -> Iterator[None]:
    """In it, the composite ``operators`` are kept whole."""
    held = _held()
    own = {one: one.py_kernels for one in operators}
    for one in operators:
        one.py_kernels, rules[one] = held[one]
        one._dispatch_cache.clear()
    try:
        yield
    finally:
        for one, kernels in own.items():
            one.py_kernels = kernels
            one._dispatch_cache.clear()
            rules.pop(one, None)
