"""What does an activation function give?"""

from collections.abc import Callable

import numpy as np

from ..arithmetic import Call
from ..errors import UnsupportedOperationError
from ..registry import op
from ..values import Array
from .elementwise_unary import erfc


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    """log(1 + e^x), without overflow."""
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def per_channel(parameter: Array, x: Array) -> Array:
    """A parameter for every channel of `x` (axis 1), in a shape that broadcasts against `x`."""
    return parameter.reshape(-1, *[1] * (x.ndim - 2))


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.minimum(np.maximum(x, 0), 6),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
}


def _register(name: str, function: Callable[[Array], Array]) -> None:
    @op(name)
    def activation(x: Array) -> Array:
        return function(x)


for _name, _function in _FUNCTIONS.items():
    _register(_name, _function)


@op("clamped_relu")
def clamped_relu(x: Array, alpha: Array, beta: Array) -> Array:
    """min(beta, x) where x >= 0, else min(beta, alpha * x)."""
    return np.minimum(beta, np.where(x >= 0, x, alpha * x))


@op("elu")
def elu(x: Array, alpha: Array) -> Array:
    """`x` where x > 0, else alpha * (e^x - 1)."""
    return np.where(x > 0, x, alpha * np.expm1(x))


@op("gelu")
def gelu(x: Array, mode: str = "EXACT") -> Array:
    """The Gaussian error linear unit, exact or in one of two approximations."""
    if mode == "EXACT":
        return np.asarray(x / 2 * erfc(-x / np.float32(np.sqrt(2))))
    if mode == "TANH_APPROXIMATION":
        inner = np.float32(np.sqrt(2 / np.pi)) * (x + np.float32(0.044715) * x * x * x)
        return np.asarray(x * (1 + np.tanh(inner)) / 2)
    if mode == "SIGMOID_APPROXIMATION":
        return np.asarray(x * sigmoid(np.float32(1.702) * x))
    raise UnsupportedOperationError(f"mode {mode!r}")


@op("leaky_relu")
def leaky_relu(x: Array, alpha: Array) -> Array:
    """`x` where x >= 0, else alpha * x."""
    return np.where(x >= 0, x, alpha * x)


@op("linear_activation")
def linear_activation(x: Array, alpha: Array, beta: Array) -> Array:
    """Alpha * x + beta."""
    return np.asarray(alpha * x + beta)


@op("prelu")
def prelu(x: Array, alpha: Array) -> Array:
    """`x` where x > 0, else alpha * x with an alpha for every channel."""
    return np.where(x > 0, x, per_channel(alpha, x) * x)


@op("scaled_tanh")
def scaled_tanh(x: Array, alpha: Array, beta: Array) -> Array:
    """Alpha * tanh(beta * x)."""
    return np.asarray(alpha * np.tanh(beta * x))


@op("sigmoid_hard")
def sigmoid_hard(x: Array, alpha: Array, beta: Array) -> Array:
    """Alpha * x + beta, held between 0 and 1."""
    return np.asarray(np.minimum(np.maximum(alpha * x + beta, 0), 1))


@op("softmax")
def softmax(call: Call, x: Array, axis: Array | int = -1) -> Array:
    """e^x over its sum along `axis`."""
    if x.size == 0:
        return x
    powers = np.exp(x - np.max(x, axis=int(axis), keepdims=True))
    return np.asarray(powers / call.sum(powers, (int(axis),), keepdims=True))


@op("softplus_parametric")
def softplus_parametric(x: Array, alpha: Array, beta: Array) -> Array:
    """Alpha * log(1 + e^(beta * x)) with an alpha and a beta for every channel."""
    return np.asarray(per_channel(alpha, x) * softplus(per_channel(beta, x) * x))


@op("thresholded_relu")
def thresholded_relu(x: Array, alpha: Array) -> Array:
    """`x` where x >= alpha, else 0."""
    return np.where(x >= alpha, x, 0)
