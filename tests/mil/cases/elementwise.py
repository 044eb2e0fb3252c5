"""Operations on one or two tensors, element by element."""

import math

import numpy as np

from ..programs import f32, i32
from .case import case

X = f32([[-2.0, -0.5, 0.0], [0.25, 1.0, 3.5]])
UNIT = f32(-0.75, -0.1, 0.0, 0.3, 0.9)
POSITIVE = f32(0.01, 0.5, 1.0, 7.0)
INF = math.inf


def each(function, x):
    """A function of math, element by element."""
    return f32([function(float(value)) for value in x.ravel()]).reshape(x.shape)


UNARY = [
    case("abs", each(abs, X), x=X),
    case("abs", i32(3, 0, 2), "int", x=i32(-3, 0, 2)),
    case("acos", each(math.acos, UNIT), x=UNIT),
    case("asin", each(math.asin, UNIT), x=UNIT),
    case("atan", each(math.atan, X), x=X),
    case("atanh", each(math.atanh, UNIT), x=UNIT),
    case("ceil", f32(-1, -0.0, 1, 2), x=f32(-1.5, -0.5, 0.1, 2.0)),
    case("cos", each(math.cos, X), x=X),
    case("cosh", each(math.cosh, X), x=X),
    case("erf", each(math.erf, X), x=X),
    case("exp", each(math.exp, X), x=X),
    case("exp", f32(INF, 0), "overflow", x=f32(100, -200)),
    case("exp2", each(lambda v: 2.0**v, X), x=X),
    case("exp2", i32(1, 8, 1024), "int", x=i32(0, 3, 10)),
    case("floor", f32(-2, -1, 0, 2), x=f32(-1.5, -0.5, 0.1, 2.0)),
    case("logical_not", np.array([False, True]), x=np.array([True, False])),
    case("round", f32(-2, -2, -0.0, 0, 2, 2, 3), x=f32(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.6)),
    case("sign", f32(-1, 0, 1), x=f32(-0.3, 0, 7)),
    case("sign", i32(-1, 0, 1), "int", x=i32(-3, 0, 7)),
    case("sin", each(math.sin, X), x=X),
    case("sinh", each(math.sinh, X), x=X),
    case("sqrt", f32(0, 1.5, 3, math.nan), x=f32(0, 2.25, 9, -1)),
    case("square", each(lambda v: v * v, X), x=X),
    case("square", i32(9, 0, 4), "int", x=i32(-3, 0, 2)),
    case("tan", each(math.tan, UNIT), x=UNIT),
    case("tanh", each(math.tanh, X), x=X),
    case("inverse", each(lambda v: 1 / (v + 1e-4), POSITIVE), "default_epsilon", x=POSITIVE),
    case("inverse", each(lambda v: 1 / (v + 0.5), POSITIVE), "epsilon", x=POSITIVE, epsilon=0.5),
    case("rsqrt", each(lambda v: 1 / math.sqrt(v + 1e-12), POSITIVE), "default_epsilon", x=POSITIVE),
    case("rsqrt", each(lambda v: 1 / math.sqrt(v + 0.5), POSITIVE), "epsilon", x=POSITIVE, epsilon=0.5),
    case("log", each(math.log, POSITIVE), "default_epsilon", x=POSITIVE),
    case("log", each(lambda v: math.log(v + 2), POSITIVE), "epsilon", x=POSITIVE, epsilon=2.0),
    case("log", f32(-INF, math.nan), "outside", x=f32(0, -1), epsilon=0.0),
    case("clip", f32(-1, -0.5, 2), x=f32(-3, -0.5, 9), alpha=-1.0, beta=2.0),
    case("threshold", f32(-1, -0.5, 9), x=f32(-3, -0.5, 9), alpha=-1.0),
    case("threshold", i32(2, 2, 9), "int", x=i32(-3, 2, 9), alpha=np.int32(2)),
]

CAST = [
    case("cast", i32(-1, 0, 0, 1, 2), "to_int", x=f32(-1.7, -0.3, 0.9, 1.0, 2.999), dtype="int32"),
    case(
        "cast",
        i32(2147483647, -2147483648, 2147483647, -2147483648, 0),
        "to_int_saturates",
        x=f32(3e9, -3e9, INF, -INF, math.nan),
        dtype="int32",
    ),
    case("cast", np.array([0, 255, 7], np.uint8), "to_uint8", x=f32(-3, 300, 7.9), dtype="uint8"),
    case("cast", np.array([-1, 1], np.int8), "wraps", x=i32(255, 257), dtype="int8"),
    case("cast", np.array([True, False, True]), "to_bool", x=f32(-0.5, 0, 2), dtype="bool"),
    case("cast", f32(1, 0), "from_bool", x=np.array([True, False]), dtype="fp32"),
    case("cast", np.array([0.1, 65504, INF, 0], np.float16), "to_half", x=f32(0.1, 65504, 65520, 1e-9), dtype="fp16"),
    case("cast", f32(np.float16(0.1)), "from_half", x=np.array(0.1, np.float16), dtype="fp32"),
]

A = f32([[1.0], [-2.0], [0.5]])
B = f32([2.0, -3.0])
YES_NO = np.array([[True], [False]])
NO_YES = np.array([False, True])

BINARY = [
    case("add", f32([[3, -2], [0, -5], [2.5, -2.5]]), x=A, y=B),
    case("add", i32(-2147483648), "wraps", x=i32(2147483647), y=i32(1)),
    case("sub", f32([[-1, 4], [-4, 1], [-1.5, 3.5]]), x=A, y=B),
    case("mul", f32([[2, -3], [-4, 6], [1, -1.5]]), x=A, y=B),
    case("real_div", f32([[0.5, -1 / 3], [-1, 2 / 3], [0.25, -1 / 6]]), x=A, y=B),
    case("real_div", f32(INF, -INF, math.nan), "by_zero", x=f32(1, -1, 0), y=f32(0, 0, 0)),
    case("real_div", i32(2, -2), "int_is_cut", x=i32(5, -5), y=i32(2, 2)),
    case("floor_div", f32(2, -3, -3, 2), x=f32(5, -5, 5, -5), y=f32(2, 2, -2, -2)),
    case("floor_div", i32(2, -3, -3, 2), "int", x=i32(5, -5, 5, -5), y=i32(2, 2, -2, -2)),
    case("mod", f32(1, 1, -1, -1), x=f32(5, -5, 5, -5), y=f32(2, 2, -2, -2)),
    case("mod", i32(1, 1, -1, -1), "int", x=i32(5, -5, 5, -5), y=i32(2, 2, -2, -2)),
    case("pow", f32(8, 0.25, 3, 1, math.nan), x=f32(2, 2, 9, 0, -1), y=f32(3, -2, 0.5, 0, 0.5)),
    case("pow", i32(8, 1, 81), "int", x=i32(2, 7, -3), y=i32(3, 0, 4)),
    case("pow", i32(0, 1), "int_negative_exponent", x=i32(2, 1), y=i32(-1, -5)),
    case("maximum", f32(2, 5), x=f32(1, 5), y=f32(2, -7)),
    case("maximum", f32(math.nan, math.nan), "nan", x=f32(math.nan, 1), y=f32(1, math.nan)),
    case("minimum", f32(1, -7), x=f32(1, 5), y=f32(2, -7)),
    case("minimum", i32(1, -7), "int", x=i32(1, 5), y=i32(2, -7)),
    case("equal", np.array([True, False]), x=f32(1, 2), y=f32(1, 3)),
    case("equal", np.array([False]), "nan", x=f32([math.nan]), y=f32([math.nan])),
    case("not_equal", np.array([False, True]), x=i32(1, 2), y=i32(1, 3)),
    case("greater", np.array([False, False, True]), x=f32(1, 2, 3), y=f32([2])),
    case("greater_equal", np.array([False, True, True]), x=f32(1, 2, 3), y=f32([2])),
    case("less", np.array([True, False, False]), x=f32(1, 2, 3), y=f32([2])),
    case("less_equal", np.array([True, True, False]), x=f32(1, 2, 3), y=f32([2])),
    case("logical_and", np.array([[False, True], [False, False]]), x=YES_NO, y=NO_YES),
    case("logical_or", np.array([[True, True], [False, True]]), x=YES_NO, y=NO_YES),
    case("logical_xor", np.array([[True, False], [False, True]]), x=YES_NO, y=NO_YES),
    case("select", f32([[1, -2], [3, -2]]), cond=np.array([[True, False]]), a=f32([[1], [3]]), b=f32(-1, -2)),
    case("select", i32(1, 5), "int", cond=np.array([True, False]), a=i32(1, 2), b=i32(4, 5)),
]

SHAPES = [
    case("relu", np.zeros((0, 3), np.float32), "empty", x=np.zeros((0, 3), np.float32)),
    case("add", f32(3.0), "rank_0", x=f32(1.0), y=f32(2.0)),
    case("abs", np.ones((1, 2, 1, 2, 1), np.float32), "rank_5", x=-np.ones((1, 2, 1, 2, 1), np.float32)),
]

CASES = UNARY + CAST + BINARY + SHAPES
