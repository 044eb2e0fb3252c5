"""What was called, what would be the right answer, and how does a wrong one reach the caller?

A fault sees one call of a kernel through this: arguments by their name in the schema, the tensors that the kernel
writes (`out=` and in-place), the right answer, answers on other arguments, and the ways to hand over something else.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

from .memory import ROUNDINGS, deviates, in_layout_of, same_bits

UNDECLARED_WRITES = {"native_batch_norm": ("running_mean", "running_var")}
"""What kernels change without saying so in their schema: kept from being changed twice."""


class Call:
    """One call of a kernel on its way to the CPU."""

    def __init__(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self.func = func
        self.kernel: str = func.overloadpacket.__name__
        self.overload: str = func._overloadname
        self.fired = False
        self._schema: list[Any] = list(func._schema.arguments)
        self._bound: dict[str, Any] = {a.name: a.default_value for a in self._schema if a.has_default_value()}
        self._bound.update(zip((a.name for a in self._schema), args, strict=False))
        self._bound.update(kwargs)
        self.args, self.kwargs = args, kwargs
        self._before: dict[int, torch.UntypedStorage] = {}
        self._right: Any = None
        self._ran = False

    def get(self, name: str, default: Any = None) -> Any:
        """The argument of that name, as it was before the call, or the default where the overload has none."""
        value = self._bound.get(name, default)
        return tree_map_only(Tensor, self._as_before, value) if self._before else value

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def tensor(self, name: str) -> Tensor | None:
        """The argument of that name if it is a tensor."""
        value = self.get(name)
        return value if isinstance(value, Tensor) else None

    @property
    def operands(self) -> list[Tensor]:
        """All tensors that the kernel reads, in order, also those in lists."""
        read = [self.get(a.name) for a in self._schema if not self._is_out(a)]
        return [leaf for leaf in tree_flatten(read)[0] if isinstance(leaf, Tensor)]

    @property
    def is_out(self) -> bool:
        """Whether the answer goes to tensors given as `out=`."""
        return any(self._is_out(argument) for argument in self._schema)

    @property
    def written(self) -> list[Tensor]:
        """The tensors that the kernel writes: `out=` or the one changed in place."""
        written = [self._bound.get(a.name) for a in self._schema if _writes(a)]
        return [leaf for leaf in tree_flatten(written)[0] if isinstance(leaf, Tensor)]

    def right(self) -> Any:
        """Do the call as it was asked for, once."""
        if not self._ran:
            storages = (t.untyped_storage() for t in self.written)
            self._before = {s.data_ptr(): _copy(s) for s in storages if s.nbytes()}
            self._right = self.func(*self.args, **self.kwargs)
            self._ran = True
        return self._right

    def evaluate(self, /, **changed: Any) -> Any:
        """The answer on other arguments; nothing that the caller holds is written."""
        self.right()
        values = {a.name: self.get(a.name) for a in self._schema}
        for argument in self._schema:
            if self._is_out(argument):
                values[argument.name] = tree_map_only(Tensor, lambda t: t.new_empty(0), self._bound[argument.name])
            elif _writes(argument):
                values[argument.name] = tree_map_only(Tensor, torch.clone, values[argument.name])
        for name in UNDECLARED_WRITES.get(self.kernel, ()):
            values[name] = tree_map_only(Tensor, torch.clone, values[name])
        return self._run(values | changed)

    def instead(self, /, **changed: Any) -> Any:
        """Do the call with other arguments, on what the caller holds, and leave the right one undone."""
        self.fired = True
        return self._run({a.name: self._bound[a.name] for a in self._schema} | changed)

    def _run(self, values: dict[str, Any]) -> Any:
        positional = [values[a.name] for a in self._schema if not a.kwarg_only]
        named = {a.name: values[a.name] for a in self._schema if a.kwarg_only}
        return self.func(*positional, **named)

    def answer(self, wrong: Any, roundings: float = ROUNDINGS) -> Any:
        """Give this answer instead of the right one, if it really is another one."""
        right, spec = tree_flatten(self.right())
        given = tree_flatten(wrong)[0]
        pairs = [
            (r, w.to(r.dtype) if self.written and isinstance(r, Tensor) else w)
            for r, w in zip(right, given, strict=True)
        ]
        if not any(deviates(r, w, roundings) for r, w in pairs if isinstance(r, Tensor)):
            return self._right
        self.fired = True
        if self.written:
            for r, w in pairs:
                if r.shape == w.shape:
                    r.copy_(w)
            return self._right
        handed = [in_layout_of(r, w) if isinstance(r, Tensor) else w for r, w in pairs]
        return tree_unflatten(handed, spec)

    def land(self, how: Callable[[Tensor, Tensor], None], when: Callable[[Tensor], bool]) -> Any:
        """Let the right answer arrive in another way in those destinations that have the property."""
        chosen = {id(t): (t.shape, t.stride()) for t in self.written if when(t)}
        right, spec = tree_flatten(self.right())
        if not self.written:
            return self.answer(tree_unflatten([_rewritten(t, how) if _is(t, when) else t for t in right], spec))
        for destination in self.written:
            storage = destination.untyped_storage()
            if chosen.get(id(destination)) != (destination.shape, destination.stride()):
                continue  # not one of them, or resized by the call
            values, after = destination.clone(memory_format=torch.contiguous_format), _copy(storage)
            destination.copy_(self._as_before(destination))
            how(destination, values)
            self.fired |= not same_bits(_bytes(after), _bytes(storage))
        return self._right

    def fire(self) -> None:
        """Note a deviation that shows in something else than the answer."""
        self.fired = True

    def _is_out(self, argument: Any) -> bool:
        return bool(argument.kwarg_only) and _writes(argument)

    def _as_before(self, tensor: Tensor) -> Tensor:
        if tensor.layout != torch.strided:
            return tensor
        before = self._before.get(tensor.untyped_storage().data_ptr())
        if before is None:
            return tensor
        view = torch.empty(0, dtype=tensor.dtype).set_(before, tensor.storage_offset(), tensor.size(), tensor.stride())
        return view.conj() if tensor.is_conj() else view


def _writes(argument: Any) -> bool:
    return argument.alias_info is not None and bool(argument.alias_info.is_write)


def _copy(storage: torch.UntypedStorage) -> torch.UntypedStorage:
    return _bytes(storage).clone().untyped_storage()


def _bytes(storage: torch.UntypedStorage) -> Tensor:
    return torch.empty(0, dtype=torch.uint8).set_(storage)


def _is(value: Any, when: Callable[[Tensor], bool]) -> bool:
    return isinstance(value, Tensor) and when(value)


def _rewritten(answer: Tensor, how: Callable[[Tensor, Tensor], None]) -> Tensor:
    fresh = torch.empty_strided(answer.shape, answer.stride(), dtype=answer.dtype)
    how(fresh, answer)
    return fresh
