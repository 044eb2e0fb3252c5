"""Activation functions."""

import math

import numpy as np

from ..programs import f32
from .case import Const, case
from .elementwise import each

X = f32([[-7.0, -2.0, -0.5], [0.0, 0.25, 8.0]])
CHANNELS = f32([[[-1.0, 2.0], [-1.0, 2.0]]])  # (1, 2, 2)
PICTURE = CHANNELS[..., None]  # (1, 2, 2, 1)


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def gelu(v):
    return 0.5 * v * (1 + math.erf(v / math.sqrt(2)))


def gelu_tanh(v):
    return 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3)))


CASES = [
    case("relu", f32(0, 0, 2), x=f32(-1, 0, 2)),
    case("relu6", f32(0, 3, 6), x=f32(-1, 3, 9)),
    case("sigmoid", each(sigmoid, X), x=X),
    case("sigmoid", f32(0, 1), "far", x=f32(-200, 200)),
    case("silu", each(lambda v: v * sigmoid(v), X), x=X),
    case("softplus", each(lambda v: math.log(1 + math.exp(v)), X), x=X),
    case("softplus", f32(500, 0), "far", x=f32(500, -500)),
    case("softsign", each(lambda v: v / (1 + abs(v)), X), x=X),
    case("clamped_relu", f32(2, 1, 0, -0.5), x=f32(9, 1, 0, -1), alpha=0.5, beta=2.0),
    case("clamped_relu", f32(-2, -2, -2, -5), "negative_beta", x=f32(9, 1, 0, -10), alpha=0.5, beta=-2.0),
    case("elu", each(lambda v: v if v > 0 else 0.7 * (math.exp(v) - 1), X), x=X, alpha=0.7),
    case("gelu", each(gelu, X), x=X),
    case("gelu", each(gelu, X), "exact", x=X, mode="EXACT"),
    case("gelu", each(gelu_tanh, X), "tanh", x=X, mode="TANH_APPROXIMATION"),
    case("gelu", each(lambda v: v * sigmoid(1.702 * v), X), "sigmoid", x=X, mode="SIGMOID_APPROXIMATION"),
    case("leaky_relu", f32(-0.2, 0, 3), x=f32(-2, 0, 3), alpha=0.1),
    case("linear_activation", f32(-5, 7), x=f32(-2, 2), alpha=3.0, beta=1.0),
    case("prelu", f32([[[-0.5, 2.0], [-0.25, 2.0]]])[..., None], x=PICTURE, alpha=Const(f32(0.5, 0.25))),
    case("prelu", f32([[[-0.5, 2.0], [-0.5, 2.0]]]), "rank_3", x=CHANNELS, alpha=Const(f32(0.5, 0.5))),
    case("scaled_tanh", each(lambda v: 2 * math.tanh(0.5 * v), X), x=X, alpha=2.0, beta=0.5),
    case("sigmoid_hard", f32(0, 0.5, 0.7, 1), x=f32(-9, 0, 1, 9), alpha=0.2, beta=0.5),
    case(
        "softplus_parametric",
        f32(
            [
                [
                    [3 * math.log(1 + math.exp(-2)), 3 * math.log(1 + math.exp(4))],
                    [5 * math.log(1 + math.exp(-0.5)), 5 * math.log(1 + math.exp(1))],
                ]
            ]
        )[..., None],
        x=PICTURE,
        alpha=Const(f32(3, 5)),
        beta=Const(f32(2, 0.5)),
    ),
    case(
        "softplus_parametric",
        f32([[[200.0]]])[..., None],
        "far",
        x=f32([[[100.0]]])[..., None],
        alpha=Const(f32([1])),
        beta=Const(f32([2])),
    ),
    case("thresholded_relu", f32(0, 0, 2, 3), x=f32(-1, 1, 2, 3), alpha=2.0),
]

SMALL = f32([[1.0, 2.0], [3.0, 5.0]])
COLUMNS = [[math.exp(v) / (math.exp(c[0]) + math.exp(c[1])) for v in c] for c in ((1, 3), (2, 5))]
ROWS = [[math.exp(v) / sum(map(math.exp, row)) for v in row] for row in ((1, 2), (3, 5))]

CASES += [
    case("softmax", f32(ROWS), x=SMALL),
    case("softmax", f32(COLUMNS).T, "axis_0", x=SMALL, axis=0),
    case("softmax", f32(COLUMNS).T, "axis_negative", x=SMALL, axis=-2),
    case("softmax", f32([[0.5, 0.5, 0]]), "large", x=f32([[1000, 1000, -1000]])),
    case("softmax", np.zeros((2, 0), np.float32), "empty", x=np.zeros((2, 0), np.float32)),
]
