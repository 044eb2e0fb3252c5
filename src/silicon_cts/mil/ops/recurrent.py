"""What does a recurrent layer give, step by step?

The documentation leaves some things open that the Core ML model specification says: `scaled_tanh` is
1.71 tanh(2/3 x), `hard_sigmoid` max(0, min(1, 0.2 x + 0.5)), a GRU applies its reset gate before the product with the
recurrent weight (unless `reset_after`), an LSTM clips the memory that it carries on.
"""

from collections.abc import Callable

import numpy as np

from ..arithmetic import Call
from ..errors import UnsupportedOperationError
from ..registry import op
from ..values import Array
from .activation import sigmoid
from .linear import product

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "hard_sigmoid": lambda x: np.clip(np.float32(0.2) * x + np.float32(0.5), 0, 1),
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "scaled_tanh": lambda x: np.float32(1.71) * np.tanh(np.float32(2 / 3) * x),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
}
_ACTIVATIONS["sigmoid_hard"] = _ACTIVATIONS["hard_sigmoid"]

Activation = Callable[[Array], Array]
Step = Callable[[Array, tuple[Array, ...]], tuple[Array, ...]]
"""From the input of one step and the values carried to it, to the values carried on; the first is the output."""


def _activation(name: str) -> Activation:
    if name.lower() not in _ACTIVATIONS:
        raise UnsupportedOperationError(f"activation {name!r}")
    return _ACTIVATIONS[name.lower()]


def _run(x: Array, step: Step, carried: tuple[Array, ...], *, backwards: bool) -> tuple[Array, tuple[Array, ...]]:
    """The output of every step, in the order of `x` (s, ...), and what is carried out of the last."""
    outputs = np.zeros((len(x), *carried[0].shape), np.float32)
    for at in range(len(x) - 1, -1, -1) if backwards else range(len(x)):
        carried = step(x[at], carried)
        outputs[at] = carried[0]
    return outputs, carried


def _sequence(outputs: Array, last: Array, output_sequence: Array | bool) -> Array:
    return outputs if output_sequence else last[None]


@op("rnn")
def rnn(
    call: Call,
    x: Array,
    initial_h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    direction: str = "forward",
    output_sequence: Array | bool = False,
    activation: str = "tanh",
) -> tuple[Array, Array]:
    """Over `x` (s, b, I): h = activation(W_ih x + W_hh h + bias)."""
    act = _activation(activation)
    inputs = product(call, x, weight_ih.T) + (0 if bias is None else bias)

    def step(given: Array, carried: tuple[Array, ...]) -> tuple[Array, ...]:
        return (act(given + product(call, carried[0], weight_hh.T)),)

    outputs, (last,) = _run(inputs, step, (initial_h,), backwards=direction == "reverse")
    return _sequence(outputs, last, output_sequence), last


@op("gru")
def gru(
    call: Call,
    x: Array,
    initial_h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    direction: str = "forward",
    output_sequence: Array | bool = False,
    recurrent_activation: str = "sigmoid",
    activation: str = "tanh",
    reset_after: Array | bool = False,
    input_bias: Array | None = None,
) -> tuple[Array, Array]:
    """Over `x` (s, b, I), with gates (r, o, z): h = (1 - z) o + z h.

    o is activation(W_o x + U_o (r h) + bias); with `reset_after` activation(W_o x + input_bias + r (U_o h + bias)).
    """
    gate, act = _activation(recurrent_activation), _activation(activation)
    inputs = product(call, x, weight_ih.T) + (0 if input_bias is None else input_bias)
    reset, new, update = np.split(weight_hh, 3)
    b_reset, b_new, b_update = np.split(np.zeros(len(weight_hh), np.float32) if bias is None else bias, 3)

    def step(given: Array, carried: tuple[Array, ...]) -> tuple[Array, ...]:
        (h,) = carried
        from_r, from_o, from_z = np.split(given, 3, axis=-1)
        r = gate(from_r + product(call, h, reset.T) + b_reset)
        z = gate(from_z + product(call, h, update.T) + b_update)
        recurrent = r * (product(call, h, new.T) + b_new) if reset_after else product(call, r * h, new.T) + b_new
        return ((1 - z) * act(from_o + recurrent) + z * h,)

    outputs, (last,) = _run(inputs, step, (initial_h,), backwards=direction == "reverse")
    return _sequence(outputs, last, output_sequence), last


@op("lstm")
def lstm(
    call: Call,
    x: Array,
    initial_h: Array,
    initial_c: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    peephole: Array | None = None,
    weight_ih_back: Array | None = None,
    weight_hh_back: Array | None = None,
    bias_back: Array | None = None,
    peephole_back: Array | None = None,
    direction: str = "forward",
    output_sequence: Array | bool = False,
    recurrent_activation: str = "sigmoid",
    cell_activation: str = "tanh",
    activation: str = "tanh",
    clip: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Over `x` (s, b, I), with gates (i, f, o, z): c = f c + i z, h = o activation(c); both directions side by side."""
    gate, cell, act = map(_activation, (recurrent_activation, cell_activation, activation))
    limit = None if clip is None else float(clip)

    def one_way(
        weights: tuple[Array, Array, Array | None, Array | None], h: Array, c: Array, *, backwards: bool
    ) -> tuple[Array, tuple[Array, ...]]:
        w_x, w_h, shift, peep = weights
        inputs = product(call, x, w_x.T) + (0 if shift is None else shift)
        p_i, p_f, p_o = np.split(np.zeros(3 * h.shape[-1], np.float32) if peep is None else peep, 3)

        def step(given: Array, carried: tuple[Array, ...]) -> tuple[Array, ...]:
            h, c = carried
            i, f, o, z = np.split(given + product(call, h, w_h.T), 4, axis=-1)
            memory = gate(f + p_f * c) * c + gate(i + p_i * c) * cell(z)
            memory = memory if limit is None else np.clip(memory, -limit, limit)
            return gate(o + p_o * memory) * act(memory), memory

        return _run(inputs, step, (h, c), backwards=backwards)

    first = (weight_ih, weight_hh, bias, peephole)
    if direction != "bidirectional":
        outputs, (h, c) = one_way(first, initial_h, initial_c, backwards=direction == "reverse")
        return _sequence(outputs, h, output_sequence), h, c
    if weight_ih_back is None or weight_hh_back is None:
        raise ValueError("bidirectional needs weight_ih_back and weight_hh_back")
    h_there, h_back = np.split(initial_h, 2, axis=-1)
    c_there, c_back = np.split(initial_c, 2, axis=-1)
    there, (h1, c1) = one_way(first, h_there, c_there, backwards=False)
    second = (weight_ih_back, weight_hh_back, bias_back, peephole_back)
    back, (h2, c2) = one_way(second, h_back, c_back, backwards=True)
    h, c = np.concatenate([h1, h2], axis=-1), np.concatenate([c1, c2], axis=-1)
    return _sequence(np.concatenate([there, back], axis=-1), h, output_sequence), h, c
