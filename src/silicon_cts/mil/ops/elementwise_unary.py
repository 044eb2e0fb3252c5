"""What does an operation on one tensor give, element by element?"""

from collections.abc import Callable

import numpy as np

from ..registry import op
from ..values import Array


def erf(x: Array) -> Array:
    """The Gauss error function."""
    from scipy import special

    value: Array = special.erf(x)
    return value


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "asin": np.arcsin,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "cos": np.cos,
    "cosh": np.cosh,
    "erf": erf,
    "exp": np.exp,
    "exp2": np.exp2,
    "floor": np.floor,
    "logical_not": np.logical_not,
    "round": np.rint,
    "sign": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "tan": np.tan,
    "tanh": np.tanh,
}


def erfc(x: Array) -> Array:
    """1 - erf(x), accurate also where that is tiny."""
    from scipy import special

    value: Array = special.erfc(x)
    return value


def _register(name: str, function: Callable[[Array], Array]) -> None:
    @op(name)
    def unary(x: Array) -> Array:
        return function(x)


for _name, _function in _FUNCTIONS.items():
    _register(_name, _function)


@op("cast")
def cast(x: Array, dtype: str) -> Array:  # noqa: ARG001  the declared type of the result says the same
    """`x` in another type; see `settle` for what happens to values that the type does not have."""
    return x


@op("clip")
def clip(x: Array, alpha: Array, beta: Array) -> Array:
    """`x` held between `alpha` and `beta`; `beta` where they cross."""
    return np.minimum(np.maximum(x, alpha), beta)


@op("threshold")
def threshold(x: Array, alpha: Array) -> Array:
    """`x`, but not less than `alpha`."""
    return np.maximum(x, alpha)


@op("inverse")
def inverse(x: Array, epsilon: Array) -> Array:
    """1 / (x + epsilon)."""
    return np.asarray(1 / (x + epsilon))


@op("rsqrt")
def rsqrt(x: Array, epsilon: Array) -> Array:
    """1 / sqrt(x + epsilon)."""
    return np.asarray(1 / np.sqrt(x + epsilon))


@op("log")
def log(x: Array, epsilon: Array) -> Array:
    """The natural logarithm of x + epsilon."""
    return np.asarray(np.log(x + epsilon))
