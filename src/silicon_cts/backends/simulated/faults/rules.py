"""In which ways do calls go wrong? One function for each way, from which the tables are made."""

from collections.abc import Callable
from typing import Any, Literal

from torch import Tensor
from torch.utils._pytree import tree_map_only

from . import process
from .call import Call
from .fault import Rule
from .memory import ROUNDINGS, same_bits

Property = Callable[[Tensor], bool]
"""A property of one tensor, mostly of its layout."""

Condition = Callable[[Call], bool]
"""A property of a call: the trigger."""


def always(_: Any) -> bool:
    """The trigger that every call meets."""
    return True


def misread(*names: str, when: Property, how: Callable[[Tensor], Tensor], only: Condition = always) -> Rule:
    """Operands that have the property are read in another way."""

    def read(tensor: Tensor) -> Tensor:
        seen = how(tensor) if when(tensor) else tensor
        return tensor if seen is tensor or same_bits(seen, tensor) else seen

    def rule(call: Call) -> Any:
        if not only(call):
            return call.right()
        values = {name: call[name] for name in names}
        seen = {name: tree_map_only(Tensor, read, value) for name, value in values.items()}
        changed = {name: value for name, value in seen.items() if not _identical(value, values[name])}
        return call.answer(call.evaluate(**changed)) if changed else call.right()

    return rule


def rerun(changes: Callable[[Call], dict[str, Any] | None]) -> Rule:
    """The kernel gets other arguments than the caller gave."""

    def rule(call: Call) -> Any:
        changed = changes(call)
        return call.answer(call.evaluate(**changed)) if changed else call.right()

    return rule


def spoil(how: Callable[[Call, Any], Any], when: Condition = always, roundings: float = ROUNDINGS) -> Rule:
    """The answer is right at first, then something happens to it."""

    def rule(call: Call) -> Any:
        if not when(call):
            return call.right()
        right = call.right()
        return call.answer(how(call, right), roundings)

    return rule


def land(how: Callable[[Tensor, Tensor], None], when: Property, only: Condition = always) -> Rule:
    """The answer is right, but it arrives in the destination in another way."""
    return lambda call: call.land(how, when) if only(call) else call.right()


def drop(when: Property = always, only: Condition = always) -> Rule:
    """The answer never arrives in the destination, which keeps what it held."""
    return land(_nothing, when, only)


def refuse(error: type[Exception], message: str, when: Condition = always) -> Rule:
    """A legal call is turned away."""

    def rule(call: Call) -> Any:
        triggered = when(call)
        right = call.right()
        if not triggered:
            return right
        call.fire()
        raise error(message)

    return rule


def die(last_words: str, when: Condition = always, by: Literal["abort", "segfault"] = "abort") -> Rule:
    """The process ends in the middle of a legal call."""

    def rule(call: Call) -> Any:
        triggered = when(call)
        right = call.right()
        if triggered:
            call.fire()
            getattr(process, by)(last_words)
        return right

    return rule


def accept(error: type[Exception], instead: Callable[[Call], Any], when: Condition = always) -> Rule:
    """An illegal call is not turned away."""

    def rule(call: Call) -> Any:
        try:
            return call.right()
        except error:
            if not when(call):
                raise
            given = instead(call)
            call.fire()
            return given

    return rule


def _nothing(_: Tensor, __: Tensor) -> None:
    """The destination has been put back already."""


def _identical(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple):
        return all(a is b for a, b in zip(one, other, strict=True))
    return one is other
