"""What does an operation on two tensors give, element by element, with numpy broadcasting?

Integer division by zero is undefined in MIL; here `floor_div` and `mod` give 0, `real_div` the limit of the type.
`maximum` and `minimum` give NaN where either side is NaN.
"""

from collections.abc import Callable

import numpy as np

from ..registry import op
from ..values import Array


def _power(x: Array, y: Array) -> Array:
    if x.dtype.kind == "f" or y.dtype.kind == "f":
        return np.asarray(np.power(x, y))
    return np.asarray(np.power(x.astype(np.float64), y))


_FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "equal": np.equal,
    "floor_div": np.floor_divide,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mod": np.mod,
    "mul": np.multiply,
    "not_equal": np.not_equal,
    "pow": _power,
    "real_div": np.true_divide,
    "sub": np.subtract,
}


def _register(name: str, function: Callable[[Array, Array], Array]) -> None:
    @op(name)
    def binary(x: Array, y: Array) -> Array:
        return function(x, y)


for _name, _function in _FUNCTIONS.items():
    _register(_name, _function)
