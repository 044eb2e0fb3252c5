"""Recurrent layers: every gate written out."""

import math

import numpy as np

from ..programs import f32, noise
from .case import Const, case

S, B, IN, H = 3, 2, 2, 2
X, H0, C0 = noise(S, B, IN), noise(B, H, seed=1), noise(B, H, seed=2)


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


ACTIVATIONS = {
    "sigmoid": sigmoid,
    "tanh": math.tanh,
    "relu": lambda v: max(v, 0.0),
    "linear": lambda v: v,
    "hard_sigmoid": lambda v: min(1.0, max(0.0, 0.2 * v + 0.5)),
    "sigmoid_hard": lambda v: min(1.0, max(0.0, 0.2 * v + 0.5)),
    "scaled_tanh": lambda v: 1.71 * math.tanh(2 / 3 * v),
}


def act(name, values):
    return np.array([ACTIVATIONS[name](float(v)) for v in values])


def steps(cell, x, carried, backwards):
    """The outputs in the order of the input, and what is carried out of the last step, for one image of a batch."""
    outputs = [None] * len(x)
    for at in reversed(range(len(x))) if backwards else range(len(x)):
        carried = cell(x[at].astype(float), *carried)
        outputs[at] = carried[0]
    return np.array(outputs), carried


def batched(cell, x, starts, backwards):
    """The same for every image of a batch: the outputs (s, b, H) and what is carried out (b, H)."""
    runs = [steps(cell, x[:, b], [start[b].astype(float) for start in starts], backwards) for b in range(x.shape[1])]
    outputs = np.stack([run[0] for run in runs], axis=1)
    return f32(outputs), *(f32([run[1][k] for run in runs]) for k in range(len(starts)))


def shown(outputs, last, sequence):
    return outputs if sequence else last[None]


def rnn(label, *, bias=None, direction="forward", sequence=True, activation="tanh"):
    w, u = noise(H, IN, seed=3), noise(H, H, seed=4)
    shift = np.zeros(H) if bias is None else bias

    def cell(x, h):
        return (act(activation, w @ x + u @ h + shift),)

    outputs, last = batched(cell, X, [H0], direction == "reverse")
    given = {} if bias is None else {"bias": Const(bias)}
    return case(
        "rnn",
        (shown(outputs, last, sequence), last),
        label,
        x=X,
        initial_h=H0,
        weight_ih=Const(w),
        weight_hh=Const(u),
        direction=direction,
        output_sequence=sequence,
        activation=activation,
        tolerance=1e-5,
        **given,
    )


def gru(
    label,
    *,
    bias=None,
    input_bias=None,
    direction="forward",
    sequence=True,
    gate="sigmoid",
    activation="tanh",
    after=False,
    opset=18,
):
    w, u = noise(3 * H, IN, seed=3), noise(3 * H, H, seed=4)
    (w_r, w_o, w_z), (u_r, u_o, u_z) = np.split(w, 3), np.split(u, 3)
    b_r, b_o, b_z = np.split(np.zeros(3 * H) if bias is None else bias, 3)
    i_r, i_o, i_z = np.split(np.zeros(3 * H) if input_bias is None else input_bias, 3)

    def cell(x, h):
        r = act(gate, w_r @ x + i_r + u_r @ h + b_r)
        z = act(gate, w_z @ x + i_z + u_z @ h + b_z)
        hidden = r * (u_o @ h + b_o) if after else u_o @ (r * h) + b_o
        o = act(activation, w_o @ x + i_o + hidden)
        return ((1 - z) * o + z * h,)

    outputs, last = batched(cell, X, [H0], direction == "reverse")
    given = {} if bias is None else {"bias": Const(bias)}
    given |= {} if input_bias is None else {"input_bias": Const(input_bias)}
    given |= {"reset_after": True} if after else {}
    return case(
        "gru",
        (shown(outputs, last, sequence), last),
        label,
        x=X,
        initial_h=H0,
        weight_ih=Const(w),
        weight_hh=Const(u),
        direction=direction,
        output_sequence=sequence,
        recurrent_activation=gate,
        activation=activation,
        opset=opset,
        tolerance=1e-5,
        **given,
    )


def lstm_cell(w, u, bias, peephole, gate, cell_act, activation, clip):
    (w_i, w_f, w_o, w_z), (u_i, u_f, u_o, u_z) = np.split(w, 4), np.split(u, 4)
    b_i, b_f, b_o, b_z = np.split(np.zeros(4 * H) if bias is None else bias, 4)
    p_i, p_f, p_o = np.split(np.zeros(3 * H) if peephole is None else peephole, 3)

    def cell(x, h, c):
        i = act(gate, w_i @ x + u_i @ h + b_i + p_i * c)
        f = act(gate, w_f @ x + u_f @ h + b_f + p_f * c)
        z = act(cell_act, w_z @ x + u_z @ h + b_z)
        c = f * c + i * z
        c = c if clip is None else np.clip(c, -clip, clip)
        o = act(gate, w_o @ x + u_o @ h + b_o + p_o * c)
        return o * act(activation, c), c

    return cell


def lstm(
    label,
    *,
    bias=False,
    peephole=False,
    direction="forward",
    sequence=True,
    gate="sigmoid",
    cell="tanh",
    activation="tanh",
    clip=None,
):
    ways, given, results = 2 if direction == "bidirectional" else 1, {}, []
    h0, c0 = noise(B, ways * H, seed=1), noise(B, ways * H, seed=2)
    for way in range(ways):
        end = "_back" if way else ""
        w, u = noise(4 * H, IN, seed=3 + way), noise(4 * H, H, seed=5 + way)
        b, p = (noise(4 * H, seed=7 + way) if bias else None), (noise(3 * H, seed=9 + way) if peephole else None)
        given |= {f"weight_ih{end}": Const(w), f"weight_hh{end}": Const(u)}
        given |= ({f"bias{end}": Const(b)} if bias else {}) | ({f"peephole{end}": Const(p)} if peephole else {})
        part = slice(way * H, (way + 1) * H)
        step = lstm_cell(w, u, b, p, gate, cell, activation, clip)
        results.append(batched(step, X, [h0[:, part], c0[:, part]], bool(way) or direction == "reverse"))
    outputs, h, c = (np.concatenate(parts, axis=-1) for parts in zip(*results, strict=True))
    given |= {} if clip is None else {"clip": np.float32(clip)}
    return case(
        "lstm",
        (shown(outputs, h, sequence), h, c),
        label,
        x=X,
        initial_h=h0,
        initial_c=c0,
        direction=direction,
        output_sequence=sequence,
        recurrent_activation=gate,
        cell_activation=cell,
        activation=activation,
        tolerance=1e-5,
        **given,
    )


CASES = [
    rnn("forward"),
    rnn("reverse_bias", bias=noise(H, seed=5), direction="reverse"),
    rnn("last", sequence=False),
    rnn("reverse_last", direction="reverse", sequence=False),
    *(rnn(name, activation=name) for name in ("relu", "sigmoid", "sigmoid_hard", "scaled_tanh", "linear")),
    gru("forward"),
    gru("ios17", bias=noise(3 * H, seed=5), opset=17),
    gru("reverse_bias", bias=noise(3 * H, seed=5), direction="reverse"),
    gru("last", sequence=False),
    gru("reverse_last", direction="reverse", sequence=False),
    gru("activations", gate="tanh", activation="sigmoid"),
    gru("reset_after", bias=noise(3 * H, seed=5), input_bias=noise(3 * H, seed=6), after=True),
    gru("input_bias", bias=noise(3 * H, seed=5), input_bias=noise(3 * H, seed=6)),
    lstm("forward"),
    lstm("reverse_bias", bias=True, direction="reverse"),
    lstm("last", sequence=False),
    lstm("peephole", peephole=True),
    lstm("clip", clip=0.2),
    lstm("bidirectional", bias=True, peephole=True, direction="bidirectional"),
    lstm("bidirectional_last", direction="bidirectional", sequence=False),
    *(lstm(f"gate_{name}", gate=name) for name in ("hard_sigmoid", "linear", "relu", "scaled_tanh", "tanh")),
    *(lstm(f"cell_{name}", cell=name) for name in ("hard_sigmoid", "linear", "relu", "scaled_tanh", "sigmoid")),
    *(
        lstm(f"activation_{name}", activation=name)
        for name in ("hard_sigmoid", "linear", "relu", "scaled_tanh", "sigmoid")
    ),
]
