"""Matrix products, attention, normalizations and reductions."""

import math

import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813

from ..programs import counting, f32, i32, noise
from .case import Const, case

X, Y = noise(2, 3, 4), noise(4, 5, seed=1)


def product(x, y):
    """The matrix product of the last two dimensions, entry by entry; the leading ones broadcast."""
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = (np.broadcast_to(v, (*batch, *v.shape[-2:])) for v in (x, y))
    result = np.zeros((*batch, x.shape[-2], y.shape[-1]))
    for at in np.ndindex(*result.shape):
        *lead, row, column = at
        result[at] = sum(
            float(a) * float(b) for a, b in zip(x[(*lead, row)], y[(*lead, slice(None), column)], strict=True)
        )
    return result.astype(x.dtype)


EINSUM = noise(2, 3, 4, 5), noise(2, 5, 1, 6, seed=1)

LINEAR = [
    case("matmul", product(X, Y), x=X, y=Y, tolerance=1e-5),
    case(
        "matmul",
        product(X, Y),
        "transposed",
        x=X.swapaxes(1, 2).copy(),
        y=Y.T.copy(),
        transpose_x=True,
        transpose_y=True,
        tolerance=1e-5,
    ),
    case(
        "matmul",
        product(noise(5, 1, 2, 3), noise(4, 3, 2)),
        "batch_broadcasts",
        x=noise(5, 1, 2, 3),
        y=noise(4, 3, 2),
        tolerance=1e-5,
    ),
    case("matmul", product(X[0, :1], Y)[0], "vector", x=X[0, 0], y=Y, tolerance=1e-5),
    case("matmul", i32([[7, 10], [15, 22]]), "int", x=i32([[1, 2], [3, 4]]), y=i32([[1, 2], [3, 4]])),
    case(
        "linear",
        product(X, Y) + f32(1, 2, 3, 4, 5),
        x=X,
        weight=Const(Y.T.copy()),
        bias=Const(f32(1, 2, 3, 4, 5)),
        tolerance=1e-5,
    ),
    case("linear", product(X[0], Y), "no_bias", x=X[0], weight=Const(Y.T.copy()), tolerance=1e-5),
    case(
        "einsum",
        f32(
            [
                [
                    [
                        [sum(EINSUM[0][b, c, h, k] * EINSUM[1][b, k, 0, u] for k in range(5)) for u in range(6)]
                        for h in range(4)
                    ]
                    for c in range(3)
                ]
                for b in range(2)
            ]
        ),
        "rank_4_broadcasts",
        builder=lambda a, b, equation: _einsum(a, b, equation),
        a=EINSUM[0],
        b=EINSUM[1],
        equation="nchw,nwhu->nchu",
        tolerance=1e-5,
    ),
    case(
        "einsum",
        f32(
            [
                [
                    [sum(EINSUM[0][0, c, h, k] * EINSUM[1][0, k, 0, u] for k in range(5)) for u in range(6)]
                    for h in range(4)
                ]
                for c in range(3)
            ]
        ),
        "rank_3",
        builder=lambda a, b, equation: _einsum(a, b, equation),
        a=EINSUM[0][0],
        b=EINSUM[1][0],
        equation="abc,cbd->abd",
        tolerance=1e-5,
    ),
]


def _einsum(a, b, equation):
    return mb.einsum(values=(a, b), equation=equation)


QUERY, KEY, VALUE = noise(2, 3, 4), noise(2, 5, 4, seed=1), noise(2, 5, 6, seed=2)


def attention(mask):
    """Softmax over the sources of query times key over the root of 4, plus the mask, times value."""
    result = np.zeros((2, 3, 6))
    for b, target in np.ndindex(2, 3):
        scores = [float(QUERY[b, target] @ KEY[b, s]) / 2 + float(mask[target, s]) for s in range(5)]
        powers = [math.exp(score) for score in scores]
        result[b, target] = sum(p / sum(powers) * VALUE[b, s].astype(float) for s, p in enumerate(powers))
    return result.astype(np.float32)


TAKES_PART = np.array([[True, False, True, True, True]] * 2 + [[False, False, True, False, False]])
ATTENTION = [
    case(
        "scaled_dot_product_attention", attention(np.zeros((3, 5))), query=QUERY, key=KEY, value=VALUE, tolerance=1e-5
    ),
    case(
        "scaled_dot_product_attention",
        attention(noise(3, 5)),
        "float_mask",
        query=QUERY,
        key=KEY,
        value=VALUE,
        attn_mask=noise(3, 5),
        tolerance=1e-5,
    ),
    case(
        "scaled_dot_product_attention",
        attention(np.where(TAKES_PART, 0, -np.inf)),
        "bool_mask",
        query=QUERY,
        key=KEY,
        value=VALUE,
        attn_mask=TAKES_PART,
        tolerance=1e-5,
    ),
]

P = noise(2, 3, 2, 2)


def normalized(x, axes, epsilon):
    """(x - mean) / sqrt(variance + epsilon) over axes, in float64."""
    wide = x.astype(np.float64)
    centred = wide - wide.mean(axis=axes, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=axes, keepdims=True) + epsilon)


def channel(values):
    return np.reshape(np.array(values, np.float64), (3, 1, 1))


BN = (P - channel([0.1, 0.2, 0.3])) / np.sqrt(channel([1, 2, 3]) + 1e-5)
L2 = np.stack([image / math.sqrt(sum(float(v) ** 2 for v in image.ravel()) + 1e-6) for image in P])
SQUARES = P.astype(np.float64) ** 2


def response(size, alpha, beta, k):
    """Every element over its neighbouring channels."""
    result = np.zeros(P.shape)
    for b, c, h, w in np.ndindex(*P.shape):
        neighbours = range(max(0, c - size // 2), min(3, c + (size - 1) // 2 + 1))
        result[b, c, h, w] = P[b, c, h, w] / (k + alpha / size * sum(SQUARES[b, n, h, w] for n in neighbours)) ** beta
    return result.astype(np.float32)


NORMALIZATION = [
    case("batch_norm", f32(BN), x=P, mean=Const(f32(0.1, 0.2, 0.3)), variance=Const(f32(1, 2, 3)), tolerance=1e-5),
    case(
        "batch_norm",
        f32(
            (P - channel([0.1, 0.2, 0.3])) / np.sqrt(channel([1, 2, 3]) + 0.5) * channel([2, 3, 4])
            + channel([-1, 0, 1])
        ),
        "affine_epsilon",
        x=P,
        mean=Const(f32(0.1, 0.2, 0.3)),
        variance=Const(f32(1, 2, 3)),
        gamma=Const(f32(2, 3, 4)),
        beta=Const(f32(-1, 0, 1)),
        epsilon=np.float32(0.5),
        tolerance=1e-5,
    ),
    case("instance_norm", f32(normalized(P, (2, 3), 1e-5)), x=P, tolerance=1e-5),
    case(
        "instance_norm",
        f32(normalized(P, (2, 3), 0.5) * channel([2, 3, 4]) + channel([-1, 0, 1])),
        "affine_epsilon",
        x=P,
        gamma=Const(f32(2, 3, 4)),
        beta=Const(f32(-1, 0, 1)),
        epsilon=np.float32(0.5),
        tolerance=1e-5,
    ),
    case("layer_norm", f32(normalized(P, None, 1e-5)), "all_axes", x=P, axes=[0, 1, 2, 3], tolerance=1e-5),
    case(
        "layer_norm",
        f32(normalized(P, (1, 3), 0.5) * counting(3, 1, 2, start=1) + 1),
        "axes_apart",
        x=P,
        axes=[-1, 1],
        gamma=Const(counting(3, 2, start=1)),
        beta=Const(np.ones((3, 2), np.float32)),
        epsilon=np.float32(0.5),
        tolerance=1e-5,
    ),
    case("l2_norm", f32(L2), x=P, tolerance=1e-5),
    case(
        "l2_norm",
        f32(P[0] / math.sqrt(float((P[0].astype(np.float64) ** 2).sum()) + 3)),
        "rank_3_epsilon",
        x=P[0],
        epsilon=np.float32(3),
        tolerance=1e-5,
    ),
    case("local_response_norm", response(3, 1e-4, 0.75, 1.0), x=P, size=3, tolerance=1e-5),
    case(
        "local_response_norm",
        response(2, 0.5, 0.25, 2.0),
        "even",
        x=P,
        size=2,
        alpha=0.5,
        beta=0.25,
        k=2.0,
        tolerance=1e-5,
    ),
]

R = f32([[[1, -2], [3, 4]], [[-5, 6], [7, 0.5]]])
I = i32([[1, -2, 3], [4, 5, -6]])  # noqa: E741


def fold(function, x, axes, keep=False):
    """`function` of the list of elements that fall together."""
    rank = x.ndim
    over = {axis % rank for axis in (range(rank) if axes is None else axes)}
    shape = [1 if axis in over else size for axis, size in enumerate(x.shape)]
    result = np.zeros(shape, np.float64)
    for at in np.ndindex(*shape):
        where = tuple(slice(None) if axis in over else place for axis, place in enumerate(at))
        result[at] = function([float(v) for v in np.ravel(x[where])])
    kept = shape if keep else [size for axis, size in enumerate(shape) if axis not in over]
    return result.reshape(kept).astype(x.dtype)


FUNCTIONS = {
    "reduce_l1_norm": lambda v: sum(map(abs, v)),
    "reduce_l2_norm": lambda v: math.sqrt(sum(e * e for e in v)),
    "reduce_log_sum": lambda v: math.log(sum(v)),
    "reduce_log_sum_exp": lambda v: math.log(sum(map(math.exp, v))),
    "reduce_max": max,
    "reduce_mean": lambda v: sum(v) / len(v),
    "reduce_min": min,
    "reduce_prod": math.prod,
    "reduce_sum": sum,
    "reduce_sum_square": lambda v: sum(e * e for e in v),
}

REDUCTION = []
for name, reduce in FUNCTIONS.items():
    source = np.abs(R) if name == "reduce_log_sum" else R
    REDUCTION += [
        case(name, fold(reduce, source, None), "all", x=source),
        case(name, fold(reduce, source, [1]), "axis", x=source, axes=[1]),
        case(name, fold(reduce, source, [0, -1], keep=True), "axes_kept", x=source, axes=[0, -1], keep_dims=True),
    ]
REDUCTION += [
    case("reduce_sum", i32(2, 3), "int", x=I, axes=[1]),
    case("reduce_mean", i32(0, 1), "int_is_cut", x=I, axes=[1]),
    case("reduce_max", i32(4, 5, 3), "int", x=I, axes=[0]),
    case("reduce_prod", i32(-6, -120), "int", x=I, axes=[1]),
    case("reduce_log_sum_exp", f32([1000 + math.log(2)]), "large", x=f32([[1000, 1000]]), axes=[1]),
    case(
        "reduce_log_sum_exp",
        f32([-math.inf, math.inf]),
        "infinite",
        x=f32([[-math.inf, -math.inf], [1, math.inf]]),
        axes=[1],
    ),
    case("reduce_sum", np.zeros(2, np.float32), "empty", x=np.zeros((2, 0), np.float32), axes=[1]),
    case("reduce_argmax", i32(2, 1), x=I, axis=1),
    case("reduce_argmax", i32([[1, 1, 0]]), "kept", x=I, axis=0, keep_dims=True),
    case("reduce_argmax", np.array([2, 1], np.uint16), "uint16", x=I, axis=-1, output_dtype="uint16"),
    case("reduce_argmax", i32([1]), "first_of_equals", x=f32([[1, 5, 5]])),
    case("reduce_argmin", i32(1, 2), x=I),
    case("reduce_argmin", i32([[0], [0]]), "kept", x=R[:, :, 0], axis=-1, keep_dims=True),
]

CASES = LINEAR + ATTENTION + NORMALIZATION + REDUCTION
