"""Which faults are planted in converted programs?"""

import numpy as np
from coremltools.converters.mil import Builder as mb  # noqa: N813

from backends.coreml.planted import Fault, attribute, dropped, followed, instead, swapped


def number(x, value):
    """A value in the type of a variable."""
    return (np.float16 if x.dtype.__name__ == "fp16" else np.float32)(value)


def scaled(factor):
    """Multiply a result."""
    return lambda x, before_op: mb.mul(x=x, y=number(x, factor), before_op=before_op)


def clipped(low, high):
    """Saturate a result."""

    return lambda x, before_op: mb.clip(x=x, alpha=number(x, low), beta=number(x, high), before_op=before_op)


def rounded_to_half(x, before_op):
    """Lose 13 bits."""
    half = mb.cast(x=x, dtype="fp16", before_op=before_op)
    return mb.cast(x=half, dtype="fp32", before_op=before_op)


FAULTS = [
    Fault("softmax over another axis", "softmax", 1, attribute("softmax", "axis", 1)),
    Fault("cumsum from the end", "cumsum", 0, attribute("cumsum", "reverse", True)),
    Fault("cumsum without its last term", "cumsum", 0, attribute("cumsum", "exclusive", True)),
    Fault("cumsum over another axis", "cumsum", 0, attribute("cumsum", "axis", 2)),
    Fault("gelu by tanh", "nn.functional.gelu", 0, attribute("gelu", "mode", "TANH_APPROXIMATION"), False),
    Fault("gelu by sigmoid", "nn.functional.gelu", 0, attribute("gelu", "mode", "SIGMOID_APPROXIMATION"), False),
    Fault("leaky_relu with another slope", "nn.functional.leaky_relu", 0, attribute("leaky_relu", "alpha", 0.05)),
    Fault("elu with another alpha", "nn.functional.elu", 0, attribute("elu", "alpha", 1.5)),
    Fault("exp saturated at 10.4", "exp", 0, followed("exp", clipped(0.0, 10.4))),
    Fault("exp off by 5e-4", "exp", 0, followed("exp", scaled(1.0005)), False),
    Fault("sigmoid off by 5e-4", "sigmoid", 0, followed("sigmoid", scaled(0.9995)), False),
    Fault("erf off by 5e-4", "erf", 0, followed("erf", scaled(1.0005)), False),
    Fault("tanh rounded to float16 on the way", "tanh", 0, followed("tanh", rounded_to_half), False),
    Fault("bias forgotten", "nn.functional.linear", 0, dropped("add")),
    Fault("beta of addmm forgotten", "addmm", 0, dropped("mul", "y")),
    Fault("epsilon of rsqrt", "rsqrt", 0, attribute("rsqrt", "epsilon", 1e-3), False),
    Fault("operands of sub exchanged", "sub", 5, swapped("sub")),
    Fault("operands of real_div exchanged", "div.no_rounding_mode", 5, swapped("real_div")),
    Fault("operands of pow exchanged", "pow", 5, swapped("pow")),
    Fault("padding of conv shifted", "nn.functional.conv2d", 0, attribute("conv", "pad", [1, 3, 2, 2])),
    Fault("hardtanh with another limit", "nn.functional.hardtanh", 0, attribute("clip", "beta", 0.45)),
    Fault("Bessel's correction forgotten", "std", 1, dropped("mul")),
    Fault("square root forgotten", "std", 1, dropped("sqrt")),
    Fault("reflect as replicate", "nn.functional.pad.reflect", 0, attribute("pad", "mode", "replicate")),
    Fault(
        "align_corners ignored",
        "nn.functional.interpolate.bilinear",
        0,
        attribute("upsample_bilinear", "align_corners", False),
    ),
    Fault("sort the other way", "sort", 1, attribute("argsort", "ascending", True)),
    Fault("gather over another order", "roll", 3, attribute("gather", "axis", 1)),
    Fault("logsumexp as a maximum", "logsumexp", 1, instead("reduce_log_sum_exp", mb.reduce_max)),
    Fault("mean as a sum", "mean", 4, instead("reduce_mean", mb.reduce_sum)),
    Fault("relu forgotten", "nn.functional.relu", 1, instead("relu", mb.identity)),
    Fault("silu as sigmoid", "nn.functional.silu", 0, instead("silu", mb.sigmoid)),
    Fault("maximum as minimum", "maximum", 5, instead("maximum", mb.minimum)),
    Fault("floor as round", "floor", 0, instead("floor", mb.round), False),
    Fault(
        "sign of a zero or a number lost",
        "neg",
        0,
        followed("mul", lambda x, before_op: mb.abs(x=x, before_op=before_op)),
    ),
    Fault("greater as less", "gt", 5, instead("greater", mb.less)),
    Fault("branches of where exchanged", "where", 0, swapped("select", "a", "b")),
    Fault("upper triangle as lower", "triu", 1, attribute("band_part", "upper", 2)),
    Fault("absolute value forgotten", "nn.functional.softsign", 0, dropped("abs")),
    Fault("slope of hardsigmoid", "nn.functional.hardsigmoid", 0, attribute("sigmoid_hard", "alpha", 0.2)),
    Fault("halves of glu exchanged", "nn.functional.glu", 0, dropped("sigmoid")),
]
"""Each must be caught in the float32 program, and in the float16 program unless it is below what float16 can see."""
