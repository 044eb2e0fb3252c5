"""What do the operations on states give?"""

from ..registry import op
from ..state import Slot
from ..values import Array


@op("read_state")
def read_state(input: Slot) -> Array:  # noqa: A002  the name in MIL
    """A copy of the value of the state."""
    return input.read()


@op("coreml_update_state")
def coreml_update_state(state: Slot, value: Array) -> Array:
    """`value`, which is the value of the state from now on."""
    state.write(value)
    return value
