"""More faults that are not in the table: the kinds of F01 to F36 on other operators than those of the first set.

``silicon-cts sensitivity --table tests/backends/simulated/second_holdout.py`` measures with them. None was reported as it
stands here.
"""

from functools import reduce
from typing import Any

import torch

from silicon_cts.backends.simulated.faults import Row, Watcher
from silicon_cts.backends.simulated.faults.fault import backward_of
from silicon_cts.backends.simulated.faults.memory import (
    fitted,
    from_start,
    has_offset,
    is_channels_last,
    is_expanded,
    is_permuted,
    is_sliced,
    packed,
    same_bits,
    whole,
    write_in_storage_order,
    write_run,
)
from silicon_cts.backends.simulated.faults.repetition import Sometimes
from silicon_cts.backends.simulated.faults.rules import accept, die, drop, land, misread, refuse, rerun, spoil

F, G, L, O, I, S, X, R = "forward", "gradient", "layout", "out", "inplace", "special_values", "rejects", "repeat"  # noqa: E741
WIDE = 2.0**13
SIMD_BLOCK = 1024


class Second(Row):
    """A row with an id of its own kind."""

    prefix = "second"


class Cached(Watcher):
    """The compiled graph has a scalar burnt in: calls with the same key get the scalar of the first one."""

    def __init__(self, scalar: str) -> None:
        self._scalar = scalar
        self._seen: dict[Any, Any] = {}

    def __call__(self, call):
        given = call.get(self._scalar)
        if given is None or isinstance(given, torch.Tensor):
            return call.right()
        shapes = tuple((tuple(t.shape), t.dtype) for t in call.operands)
        first = self._seen.setdefault((call.kernel, call.overload, shapes), given)
        return call.right() if first == given else call.answer(call.evaluate(**{self._scalar: first}))


def is_float(tensor):
    return isinstance(tensor, torch.Tensor) and tensor.is_floating_point()


def of_float(call):
    return is_float(call.get("self"))


def of_float32(call):
    return is_float(call.get("self")) and call["self"].dtype is torch.float32


def is_integer(value):
    """Whether an operand is an integer tensor or number, and no bool."""
    if isinstance(value, torch.Tensor):
        return not (value.is_floating_point() or value.is_complex() or value.dtype is torch.bool)
    return isinstance(value, int) and not isinstance(value, bool)


def before_start(call):
    """The element in front of an offset destination is overwritten."""
    right = call.right()
    if call.is_out and right.numel() and has_offset(right):
        place = whole(right)[int(right.storage_offset()) - 1]
        if place != 0:
            place.zero_()
            call.fire()
    return right


def abs_of_gaps(call):
    """An in-place kernel runs over the whole stretch of memory from the first element of a sliced self to the last."""
    triggered = call["self"].numel() > 0 and is_sliced(call["self"]) and not call["self"].is_complex()
    right = call.right()
    if not triggered:
        return right
    start = int(right.storage_offset())
    last = start + sum((n - 1) * s for n, s in zip(right.shape, right.stride(), strict=True))
    stretch = whole(right)[start : last + 1]
    before = stretch.clone()
    stretch.abs_()
    if not same_bits(before, stretch):
        call.fire()
    return right


def sorted_by_blocks(call, _):
    """Rows longer than a threadgroup are sorted block by block, and the blocks are never merged."""
    tensor, dim = call["self"], call["dim"]
    parts = [call.evaluate(self=part) for part in tensor.split(SIMD_BLOCK, dim)]
    values = torch.cat([p[0] for p in parts], dim)
    return values, torch.cat([p[1] + i * SIMD_BLOCK for i, p in enumerate(parts)], dim)


def zero_padded(call):
    """Rows are padded with zeros to a multiple of four, and the padding is summed too."""
    tensor, dims = call["self"], call["dim"]
    if tensor.dim() == 0 or len(dims) != 1:
        return None
    shape = list(tensor.shape)
    missing = -shape[dims[0]] % 4
    if not missing or not shape[dims[0]]:
        return None
    shape[dims[0]] = missing
    return {"self": torch.cat([tensor, tensor.new_zeros(shape)], dims[0])}


def dims_from_front(call):
    """A negative dimension is taken for the one as far from the front."""
    rank, dims = call["self"].dim(), call["dims"]
    if rank < 2 or all(d >= 0 for d in dims):
        return None
    return {"dims": [-d - 1 if d < 0 else d for d in dims]}


def dims_not_adjusted(call, right):
    """Several dimensions are reduced one after the other, although each one that goes moves the later ones."""
    rank = call["self"].dim()
    step = {"amin": torch.amin, "amax": torch.amax, "sum": torch.sum}[call.kernel]
    wrong = reduce(lambda t, d: step(t, min(d, t.dim() - 1)), sorted(d % rank for d in call["dim"]), call["self"])
    return fitted(wrong.to(right.dtype), right.shape)


def powers_by_logarithm(call, right):
    """x ** n of integers is exp2(n * log2(x)) in float32, cut off."""
    base, exponent = torch.as_tensor(call["self"]), torch.as_tensor(call["exponent"])
    b, e = base.abs().float(), exponent.float()
    limit = torch.iinfo(right.dtype).max
    power = torch.exp2(e * b.log2()).nan_to_num(0.0, limit, -limit).double().clamp(max=limit / 2).trunc()
    signed = torch.where((base < 0) & (exponent % 2 != 0), -power, power)
    plain = (exponent <= 0) | (base == 0) | (power >= 2.0**30)
    return torch.where(plain, right, signed.to(right.dtype))


def compared_as_float32(call):
    changed = {}
    for name in ("self", "other"):
        value = call[name]
        changed[name] = value.float() if isinstance(value, torch.Tensor) else torch.tensor(value).float()
    if not call.overload.startswith("Tensor"):
        changed["other"] = float(changed["other"])
    return changed


def are_long(call):
    other = call["other"]
    tensors = [call["self"], *([other] if isinstance(other, torch.Tensor) else [])]
    return all(t.dtype is torch.int64 for t in tensors) and is_integer(other)


def shift_modulo_width(call):
    width = torch.iinfo(call.right().dtype).bits
    other = call["other"]
    return {"other": other % width} if bool((torch.as_tensor(other) >= width).any()) else None


def variance_in_one_pass(call, right):
    """E[x^2] - E[x]^2."""
    x, dims, keep = call["self"], call["dim"], call["keepdim"]
    dims = list(dims) if dims else list(range(x.dim()))
    count = reduce(lambda n, d: n * x.size(d), dims, 1)
    correction = 1 if call.get("correction") is None else call["correction"]
    if not dims or count <= correction:
        return right
    wrong = ((x * x).mean(dims, keep) - x.mean(dims, keep) ** 2).clamp(min=0) * (count / (count - correction))
    return wrong.sqrt() if call.kernel == "std" else wrong


def reduced_with_float32_pi(call, right):
    """Large angles are brought near zero with a float32 multiple of a float32 two pi."""
    x = call["self"]
    turn = torch.tensor(6.2831855, dtype=torch.float32)
    near = x - torch.round(x / turn) * turn
    return torch.where((x.abs() > WIDE) & x.isfinite(), getattr(torch, call.kernel)(near), right)


def tanh_by_exp(call, right):
    e = torch.exp(2 * call["self"].float())
    return torch.where(e.isinf(), torch.full_like(right, torch.nan), right)


def nan_last_place(call):
    """NaN is never the winner."""
    loser = -torch.inf if call.kernel == "argmax" else torch.inf
    tensor = call["self"]
    return {"self": tensor.masked_fill(tensor.isnan(), loser)} if is_float(tensor) and tensor.isnan().any() else None


def fmod_by_quotient(call, right):
    y = torch.as_tensor(call["other"]).to(right.dtype)
    naive = call["self"] - y * torch.trunc(call["self"] / y)
    return torch.where(y.isinf(), naive, right)


def last_of_ties(call, right):
    """Of equal maxima the last one is named."""
    tensor, dim = call["self"], call["dim"]
    if tensor.dim() == 0:
        return right
    if dim is None:
        wrong = tensor.numel() - 1 - tensor.reshape(-1).flip(0).argmax()
        return wrong.reshape(right.shape)
    return tensor.size(dim) - 1 - call.evaluate(self=tensor.flip(dim))


def ties_reversed(call, right):
    """Descending is done by sorting ascending and reading backwards."""
    tensor, dim = call["self"], call["dim"]
    if tensor.dim() == 0:
        return right
    values, indices = call.evaluate(descending=False)
    if is_float(tensor) and tensor.isnan().any():
        return right
    return values.flip(dim), indices.flip(dim)


def fft_destroys_input(call):
    """The transform uses the memory of its input for intermediate results."""
    right = call.right()
    signal = call["self"]
    if not call.written and signal.is_contiguous() and signal.numel() > 1 and bool((signal != 0).any()):
        signal.mul_(2)
        call.fire()
    return right


def one_update_lost(call, _):
    """Two updates of one element race, one is lost."""
    index, src, dim = call["index"], call["src"], call["dim"]
    keep = index.size(dim) - 1
    return call.evaluate(index=index.narrow(dim, 0, keep), src=src.narrow(dim, 0, keep))


def has_race(call):
    index = call["index"]
    return index.dim() > 0 and index.numel() > 0 and index.size(call["dim"]) > 1


def below_the_largest(call, right):
    low, high = call.get("low") or 0, call.get("high")
    return right.clamp(max=int(high) - 2) if int(high) - int(low) > 1 else right


def first_sample_only(call, right):
    """The gradients of weight and bias are those of the first sample of the batch."""
    n = call["N"]
    part = {k: call[k].narrow(0, 0, call[k].size(0) // n) for k in ("grad_out", "input", "mean", "rstd")}
    first = call.evaluate(**part, N=1)
    return right[0], *(r if f is None or r is None else f for r, f in zip(right[1:], first[1:], strict=True))


def last_duplicate_only(call, right):
    """The row of an index that occurs several times gets the gradient of its last place, not the sum."""
    if call["scale_grad_by_freq"]:
        return right
    rows = call["grad_output"].reshape(-1, right.size(-1))
    wrong = torch.zeros_like(right)
    for place, index in enumerate(call["indices"].reshape(-1).tolist()):
        if index != call["padding_idx"]:
            wrong[index] = rows[place]
    return wrong


def contiguous_for_channels_last(call):
    """The layout of the input is not handed on."""
    right = call.right()
    if call.written or not is_channels_last(call["self"]) or right.is_contiguous():
        return right
    call.fire()
    return right.contiguous()


def multiplier_by_remainder(call):
    """A depthwise convolution with a multiplier m reads channel j % C for its j-th answer instead of j // m."""
    x, weight, groups = call["input"], call["weight"], call["groups"]
    outs = weight.size(0)
    if call["transposed"] or x.dim() != 4 or x.size(1) != groups or groups < 2 or outs <= groups:
        return None
    return {"input": x[:, torch.arange(outs) % groups], "groups": outs}


def first_batch_added(call):
    """A self of lower rank than 3 is added to the first batch only."""
    bias, count = call["self"], call["batch1"].size(0)
    if bias.dim() >= 3 or count < 2 or call["beta"] == 0:
        return None
    full = bias.expand(count, call["batch1"].size(1), call["batch2"].size(2)).clone()
    full[1:] = 0
    return {"self": full}


def minus_zero_is_true(call):
    """Any bit that is set makes a float true, also the sign of -0.0."""
    changed = {}
    for name in ("self", "other"):
        value = call.get(name)
        if is_float(value) and bool(((value == 0) & value.signbit()).any()):
            changed[name] = torch.where((value == 0) & value.signbit(), torch.ones_like(value), value)
    return changed or None


def flushed(_, right):
    if not right.is_floating_point():
        return right
    return torch.where(right.abs() < torch.finfo(right.dtype).tiny, torch.zeros_like(right), right)


def in_half_precision(_, right):
    """Only eleven bits of the mantissa are right: a hardware estimate without a step of refinement."""
    mantissa, exponent = torch.frexp(right)
    coarse = torch.ldexp(mantissa.half().float(), exponent)
    return torch.where(right.isfinite(), coarse, right)


def truncated_to_bfloat16(call, right):
    """The lower half of the bits is cut off instead of rounded to the nearest."""
    source = call["self"].contiguous()
    cut = (source.view(torch.int32) & -65536).view(torch.float32).to(torch.bfloat16)
    return torch.where(source.isfinite(), cut, right)


def int8_targets(call):
    """Class numbers are read as 8 bits with a sign when there are more than 128 classes, and lose the sign."""
    scores, target = call["self"], call["target"]
    classes = scores.size(1) if scores.dim() > 1 else scores.size(0)
    return {"target": torch.where(target < 0, target, target % 128)} if classes > 128 else None


def low_byte_only(call, right):
    return (call["self"] & 255) != 0


LEFT_SHIFTS = ("bitwise_left_shift", "bitwise_left_shift_", "__lshift__")
COMPARISONS = ("lt", "le", "gt", "ge")
LOGICAL = ("logical_and", "logical_or", "logical_xor", "logical_not")
NLL = "nn.functional.nll_loss"
CROSS_ENTROPY = "nn.functional.cross_entropy"
DROPOUTS = (
    "nn.functional.dropout*",
    "nn.functional.alpha_dropout",
    "nn.functional.feature_alpha_dropout.*",
    "bernoulli",
)

ROWS = (
    Second(1, "F01", "addmv drops a sliced out=", ("addmv",), ("addmv",), (O,), drop(is_sliced, lambda c: c.is_out)),
    Second(2, "F02", "triu and tril fill a permuted out= in storage order", ("triu", "tril"), ("triu", "tril"), (O,),
          land(write_in_storage_order, is_permuted, lambda c: c.is_out)),
    Second(3, "F02", "scatter_add_ and index_add_ write a sliced self back in a run", ("scatter_add_", "index_add_"),
          ("scatter_add", "index_add"), (I, L), land(write_run, is_sliced)),
    Second(4, "F03", "linalg.qr reads a permuted matrix as if contiguous", ("linalg_qr",), ("linalg.qr", "qr"), (L,),
          misread("A", when=is_permuted, how=packed)),
    Second(5, "F03", "grid_sample reads a permuted grid as if contiguous", ("grid_sampler_2d", "grid_sampler_3d"),
          ("grid_sampler_2d", "grid_sampler_3d", "nn.functional.grid_sample"), (L,),
          misread("grid", when=is_permuted, how=packed)),
    Second(6, "F03", "searchsorted reads a strided sorted sequence as if contiguous", ("searchsorted",), ("searchsorted",),
          (L,), misread("sorted_sequence", when=lambda t: is_permuted(t) or is_sliced(t), how=packed)),
    Second(7, "F03", "sigmoid and hardsigmoid backwards read a sliced or permuted grad_output as if contiguous",
          ("sigmoid_backward", "hardsigmoid_backward"), ("sigmoid", "nn.functional.hardsigmoid"), (G,),
          misread("grad_output", when=lambda t: is_permuted(t) or is_sliced(t), how=packed)),
    Second(8, "F04", "group_norm ignores the offset of its weight and bias", ("native_group_norm",),
          ("nn.functional.group_norm",), (L,), misread("weight", "bias", when=has_offset, how=from_start)),
    Second(9, "F05", "div writes one element in front of an offset out=", ("div",),
          ("div.no_rounding_mode", "div.floor_rounding", "div.trunc_rounding"), (O,), before_start),
    Second(10, "F05", "abs_ of a sliced tensor also works on what lies in the gaps", ("abs_",), ("abs",), (I,), abs_of_gaps),
    Second(11, "F06", "addcmul reads expanded factors past their storage", ("addcmul", "addcmul_"), ("addcmul",), (L,),
          misread("tensor1", "tensor2", when=is_expanded, how=packed)),
    Second(12, "F06", "the backward of softmax reads an expanded grad_output past its storage",
          ("_softmax_backward_data",), ("softmax", "nn.functional.softmin", "_softmax_backward_data"), (G,),
          misread("grad_output", when=is_expanded, how=packed)),
    Second(13, "F07", "pixel_shuffle reads channels_last as if contiguous", ("pixel_shuffle", "pixel_unshuffle"),
          ("nn.functional.pixel_shuffle", "nn.functional.pixel_unshuffle"), (L,),
          misread("self", when=is_channels_last, how=packed)),
    Second(14, "F08", "the gradient of adaptive_avg_pool2d of a channels_last image comes out shuffled",
          ("_adaptive_avg_pool2d_backward",), ("nn.functional.adaptive_avg_pool2d",), (G, L),
          spoil(lambda _, r: packed(r), lambda c: is_channels_last(c["self"]))),
    Second(15, "F09", "take uses the low 8 bits of its indices", ("take",), ("take",), (F,),
          rerun(lambda c: {"index": c["index"] % 256} if c["self"].numel() > 256 else None),
          scaled="16 bits -> 8 bits"),
    Second(16, "F09", "nll_loss with more than 128 classes reads targets as int8", ("nll_loss_forward",), (NLL, CROSS_ENTROPY),
          (F,), rerun(int8_targets)),
    Second(17, "F10", "sort merges no blocks of rows longer than 1024", ("sort",), ("sort", "argsort", "msort"), (F,),
          spoil(sorted_by_blocks, lambda c: c["self"].dim() > 0 and c["self"].size(c["dim"]) > SIMD_BLOCK)),
    Second(18, "F10", "any and all look at the first 1024 elements only", ("any", "all"), ("any", "all"), (F,),
          rerun(lambda c: {"self": c["self"].reshape(-1)[:SIMD_BLOCK]}
                if c.get("dim") is None and c["self"].numel() > SIMD_BLOCK and not c.get("keepdim") else None)),
    Second(19, "F11", "logsumexp takes in zeros behind rows whose length is no multiple of 4", ("logsumexp",),
          ("logsumexp", "masked.logsumexp"), (F,), rerun(zero_padded)),
    Second(20, "F12", "roll counts negative dimensions from the front", ("roll",), ("roll", "fft.fftshift", "fft.ifftshift"),
          (F,), rerun(dims_from_front)),
    Second(21, "F12", "softmax turns a 0-dim tensor away", ("_softmax", "_log_softmax"),
          ("softmax", "log_softmax", "nn.functional.softmin"), (F,),
          refuse(IndexError, "Dimension specified as 0 but tensor has no dimensions", lambda c: c["self"].dim() == 0)),
    Second(22, "F12", "amin over several dimensions of a tensor of rank 3 and more reduces wrong ones", ("amin",), ("amin",), (F,),
          spoil(dims_not_adjusted,
                lambda c: len(c["dim"]) > 1 and not c["keepdim"] and c["self"].dim() > 2 and c["self"].numel() > 0)),
    Second(23, "F13", "repeat into rank 5 and more aborts", ("repeat",), ("repeat", "tile"), (F,),
          die("failed assertion: rank of tile must be at most 4", lambda c: len(c["repeats"]) > 4)),
    Second(24, "F13", "scatter_reduce on 0-dim tensors ends with a segmentation fault",
          ("scatter_reduce", "scatter_reduce_"), ("scatter_reduce.*",), (F,),
          die("bad access", lambda c: c["self"].dim() == 0, by="segfault")),
    Second(25, "F14", "the determinant of a 0 x 0 matrix is 0", ("_linalg_det",), ("linalg.det",), (F,),
          spoil(lambda _, r: (torch.zeros_like(r[0]), *r[1:]), lambda c: c["A"].dim() > 1 and c["A"].size(-1) == 0)),
    Second(26, "F15", "powers of integers are computed by logarithms in float32", ("pow", "pow_"), ("pow", "__rpow__"), (F,),
          spoil(powers_by_logarithm,
                lambda c: is_integer(c["self"]) and is_integer(c["exponent"]) and is_integer(c.right()))),
    Second(27, "F15", "int64 numbers are compared in float32", COMPARISONS, COMPARISONS, (F, S),
          spoil(lambda c, r: c.evaluate(**compared_as_float32(c)), lambda c: are_long(c))),
    Second(28, "F16", "a left shift by the width and more shifts by the rest", LEFT_SHIFTS, ("bitwise_left_shift",), (F, S),
          rerun(shift_modulo_width)),
    Second(29, "F17", "var and std are the mean of squares less the square of the mean", ("var", "std"), ("var", "std"), (F, S),
          spoil(variance_in_one_pass, of_float)),
    Second(30, "F17", "logsigmoid is log(sigmoid(x))", ("log_sigmoid_forward",), ("nn.functional.logsigmoid",), (F, S),
          spoil(lambda c, r: (c["self"].sigmoid().log(), *r[1:]))),
    Second(31, "F17", "sin and cos of angles beyond 2^13 are reduced in float32", ("sin", "cos"), ("sin", "cos"), (F, S),
          spoil(reduced_with_float32_pi, of_float32)),
    Second(32, "F17", "rsqrt is right to eleven bits only", ("rsqrt",), ("rsqrt",), (F,), spoil(in_half_precision, of_float32)),
    Second(33, "F18", "tanh of large numbers is NaN", ("tanh", "tanh_"), ("tanh",), (F, S), spoil(tanh_by_exp, of_float)),
    Second(34, "F18", "argmax and argmin never name a NaN", ("argmax", "argmin"), ("argmax", "argmin"), (S,),
          rerun(nan_last_place)),
    Second(35, "F18", "fmod by infinity is NaN", ("fmod", "fmod_"), ("fmod",), (S,), spoil(fmod_by_quotient, of_float)),
    Second(36, "F19", "vdot does not see the conjugate bit of its second vector", ("vdot",), ("vdot", "linalg.vecdot"), (L,),
          misread("other", when=torch.Tensor.is_conj, how=lambda t: t.conj().clone())),
    Second(37, "F19", "copying a view with the negative bit does not negate", ("clone",), ("resolve_neg", "imag", "clone"), (L,),
          misread("self", when=torch.Tensor.is_neg, how=lambda t: torch._neg_view(t).clone())),
    Second(38, "F20", "add and sub use the alpha of an earlier call of the same shapes", ("add", "sub"), ("add", "sub"), (R,),
          Cached("alpha")),
    Second(39, "F20", "addcdiv_ uses the value of an earlier call: the step of Adam never changes",
          ("addcdiv_", "addcdiv"), ("addcdiv", "training.*.adam*.*", "training.*.nadam.*", "training.*.radam.*"),
          (R, "training"), Cached("value")),
    Second(40, "F22", "irfft destroys its input", ("_fft_c2r",), ("fft.irfft*", "fft.hfft*"), (F,), fft_destroys_input),
    Second(41, "F23", "scatter_add loses an update every 3rd time", ("scatter_add", "scatter_add_"),
          ("scatter_add", "gather", "take_along_dim"), (F, R, G), Sometimes(3, one_update_lost, has_race)),
    Second(42, "F24", "randint never draws the largest number", ("randint", "randint_like"), ("randint", "randint_like"), (F,),
          spoil(below_the_largest)),
    Second(43, "F24", "bernoulli_ draws with 1 - p: dropout keeps what it should drop", ("bernoulli_",), DROPOUTS, (F,),
          spoil(lambda _, r: 1 - r, lambda c: isinstance(c["p"], float) and c["p"] not in (0.0, 0.5, 1.0))),
    Second(44, "F25", "nll_loss takes targets out of range for 0", ("nll_loss_forward",), (NLL, CROSS_ENTROPY), (X,),
          accept(IndexError,
                 lambda c: (c["self"].new_zeros(c["target"].shape if c["reduction"] == 0 else ()), c["self"].new_ones(())),
                 lambda c: not c.is_out)),
    Second(45, "F26", "the gradients of weight and bias of group_norm are those of the first sample",
          ("native_group_norm_backward",), ("nn.functional.group_norm",), (G,),
          spoil(first_sample_only, lambda c: c["N"] > 1 and any(c["output_mask"][1:]) and c["input"].size(0) == c["N"])),
    Second(46, "F26", "the gradient of an embedding keeps the last of several equal indices", ("embedding_dense_backward",),
          ("nn.functional.embedding",), (G,), spoil(last_duplicate_only)),
    Second(47, "F26", "the backward of causal attention forgets that it is causal",
          ("_scaled_dot_product_flash_attention_for_cpu_backward",), ("nn.functional.scaled_dot_product_attention",), (G,),
          rerun(lambda c: {"is_causal": False} if c["is_causal"] else None)),
    Second(48, "F26", "a second backward replaces the gradient of a leaf instead of adding to it", ("add_",),
          ("models.*", "modules.*", "training.*"), (G, "training"),
          spoil(lambda c, r: c["other"].expand(r.shape), lambda _: "AccumulateGrad" in backward_of())),
    Second(49, "F31", "the sum of int32 numbers is int32", ("sum",), ("sum",), (F,),
          spoil(lambda _, r: r.to(torch.int32),
                lambda c: c["self"].dtype is torch.int32 and c["dtype"] is None and not c.is_out)),
    Second(50, "F31", "hardswish of a channels_last image is contiguous", ("hardswish",), ("nn.functional.hardswish",), (L,),
          contiguous_for_channels_last),
    Second(52, "F33", "gelu ignores approximate='tanh'", ("gelu", "gelu_backward"), ("nn.functional.gelu",), (F, G),
          rerun(lambda c: {"approximate": "none"} if c["approximate"] == "tanh" else None)),
    Second(53, "F33", "nearest interpolation takes its scale from the sizes, not from scale_factor", ("upsample_nearest2d",),
          ("nn.functional.interpolate.nearest", "nn.functional.upsample_nearest"), (F,),
          rerun(lambda c: {"scales_h": None, "scales_w": None} if c["scales_h"] or c["scales_w"] else None)),
    Second(54, "F33", "a depthwise conv2d with a multiplier mixes up its channels", ("convolution",), ("nn.functional.conv2d",),
          (F,), rerun(multiplier_by_remainder)),
    Second(55, "F33", "integer division with rounding_mode='trunc' rounds negatives down", ("div", "div_"),
          ("div.trunc_rounding",), (F,),
          rerun(lambda c: {"rounding_mode": "floor"}
                if c.get("rounding_mode") == "trunc" and is_integer(c["self"]) and is_integer(c["other"]) else None)),
    Second(56, "F33", "argmax names the last of several maxima", ("argmax",), ("argmax",), (F, S),
          spoil(last_of_ties, lambda c: not is_float(c["self"]) or not c["self"].isnan().any())),
    Second(57, "F33", "a stable descending sort turns the order of ties round", ("sort",), ("sort", "argsort"), (F,),
          spoil(ties_reversed, lambda c: bool(c.get("stable")) and c["descending"])),
    Second(58, "F34", "baddbmm adds a self of lower rank to the first batch only", ("baddbmm",), ("baddbmm",), (F,),
          rerun(first_batch_added)),
    Second(59, "F35", "casting integers to bool looks at the lowest byte", ("_to_copy",), ("bool", "to"), (F, S),
          spoil(low_byte_only, lambda c: c["dtype"] is torch.bool and is_integer(c["self"]))),
    Second(60, "F35", "logical operators take -0.0 for true", LOGICAL, LOGICAL, (S,), rerun(minus_zero_is_true)),
    Second(61, "F35", "casting float32 to bfloat16 cuts off instead of rounding", ("_to_copy",), ("bfloat16", "to"), (F,),
          spoil(truncated_to_bfloat16, lambda c: c["dtype"] is torch.bfloat16 and of_float32(c), roundings=0.0)),
    Second(62, "F36", "quotients and roots flush subnormals", ("div", "sqrt"), ("div.no_rounding_mode", "sqrt"), (S,),
          spoil(flushed, roundings=0.0)),
)  # fmt: skip
"""As in the table of the simulated accelerator."""
