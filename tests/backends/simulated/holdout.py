"""Faults that are not in the table: other operators of a family, other thresholds, other layouts.

``silicon-cts sensitivity --table tests/backends/simulated/holdout.py`` measures with them. They are made up from what
goes wrong on real accelerators (F01 to F36), none was reported as it stands here.
"""

from typing import Any

import torch

from silicon_cts.backends.simulated.faults import Row, Watcher
from silicon_cts.backends.simulated.faults.fault import backward_of
from silicon_cts.backends.simulated.faults.memory import (
    from_start,
    has_offset,
    is_channels_last,
    is_expanded,
    is_permuted,
    is_sliced,
    packed,
    whole,
    write_in_storage_order,
    write_run,
)
from silicon_cts.backends.simulated.faults.repetition import Sometimes, nudged
from silicon_cts.backends.simulated.faults.rules import accept, die, drop, land, misread, refuse, rerun, spoil

ANY = ("forward",)


class Held(Row):
    """A row with an id of its own kind."""

    prefix = "held"


class Remembered(Watcher):
    """An argument of the first call of a shape is used for ever."""

    def __init__(self, name: str, tensor: str = "self") -> None:
        self._name, self._tensor = name, tensor
        self._seen: dict[Any, Any] = {}

    def __call__(self, call):
        given = call[self._name]
        first = self._seen.setdefault((tuple(call[self._tensor].shape), call[self._tensor].dtype), given)
        return call.right() if first == given else call.answer(call.evaluate(**{self._name: first}))


def past_the_end(call):
    """The element behind a sliced or offset destination is overwritten."""
    right = call.right()
    if not call.is_out:
        return right
    memory = whole(right)
    last = int(right.storage_offset()) + sum((n - 1) * s for n, s in zip(right.shape, right.stride(), strict=True))
    if right.numel() and last + 1 < memory.numel() and has_offset(right):
        memory[last + 1] = 0
        call.fire()
    return right


def into_input(call):
    """The first element of the input is overwritten."""
    right = call.right()
    if call["self"].numel() > 1 and not call.written and call["self"].reshape(-1)[0] != 0:
        call["self"][(0,) * call["self"].dim()] = 0
        call.fire()
    return right


def tail_zero(dim_name, beyond):
    def wrong(call, right):
        dim = call[dim_name] % max(1, right.dim())
        result = right.clone()
        result.narrow(dim, beyond, result.size(dim) - beyond).zero_()
        return result

    return wrong


def long_along(dim_name, beyond):
    return lambda c: c["self"].dim() > 0 and c["self"].size(c[dim_name]) > beyond


def one_more(call, right):
    """Of 33, 65, ... elements the last one counts twice."""
    tensor, dim = call["self"], call["dim"][0]
    return call.evaluate(self=torch.cat([tensor, tensor.narrow(dim, -1, 1) * 2 + 1], dim))


def is_one_over(call):
    dims = call["dim"]
    return (
        bool(dims)
        and len(dims) == 1
        and call["self"].dim() > 0
        and call["self"].size(dims[0]) % 32 == 1 < call["self"].size(dims[0])
    )


def is_empty(call):
    return call["self"].numel() == 0


def flushed(_, right):
    tiny = torch.finfo(right.dtype).tiny if right.is_floating_point() else 0
    return torch.where(right.abs() < tiny, torch.zeros_like(right), right) if tiny else right


def is_real(call):
    return call["self"].is_floating_point()


ROWS = (
    Held(1, "F01", "mul_ leaves a sliced self unchanged", ("mul_",), ("mul",), ANY, drop(is_sliced)),
    Held(2, "F01", "mm drops a transposed out=", ("mm",), ("mm",), ANY, drop(is_permuted, lambda c: c.is_out)),
    Held(3, "F02", "binary operators fill a sliced out= in a run", ("maximum", "fmax", "atan2", "hypot"),
         ("maximum", "fmax", "atan2", "hypot"), ANY, land(write_run, is_sliced, lambda c: c.is_out)),
    Held(4, "F02", "cumsum fills a permuted out= in storage order", ("cumsum",), ("cumsum",), ANY,
         land(write_in_storage_order, is_permuted, lambda c: c.is_out)),
    Held(5, "F03", "gather reads a transposed index as if contiguous", ("gather",), ("gather",), ANY,
         misread("index", when=is_permuted, how=packed)),
    Held(6, "F03", "sort reads a permuted input as if contiguous", ("sort",), ("sort", "msort", "argsort"), ANY,
         misread("self", when=is_permuted, how=packed)),
    Held(7, "F03", "baddbmm reads a sliced batch2 as if contiguous", ("baddbmm",), ("baddbmm",), ANY,
         misread("batch2", when=is_sliced, how=packed)),
    Held(8, "F03", "the backward of gelu reads a permuted grad_output as if contiguous", ("gelu_backward",),
         ("nn.functional.gelu",), ANY, misread("grad_output", when=is_permuted, how=packed)),
    Held(9, "F04", "softmax ignores the offset of its input", ("_softmax",), ("softmax", "nn.functional.softmin"), ANY,
         misread("self", when=has_offset, how=from_start)),
    Held(10, "F04", "index_select ignores the offset of its index", ("index_select",), ("index_select",), ANY,
         misread("index", when=has_offset, how=from_start)),
    Held(11, "F04", "conv1d ignores the offset of its bias", ("convolution",), ("nn.functional.conv1d",), ANY,
         misread("bias", when=has_offset, how=from_start)),
    Held(12, "F05", "sqrt writes one element behind its out=", ("sqrt", "exp", "sin"), ("sqrt", "exp", "sin"), ANY, past_the_end),
    Held(13, "F06", "lerp reads an expanded end past its storage", ("lerp",), ("lerp",), ANY,
         misread("end", when=is_expanded, how=packed)),
    Held(14, "F06", "sum reads an expanded tensor past its storage", ("sum",), ("sum",), ANY,
         misread("self", when=is_expanded, how=packed)),
    Held(15, "F07", "max_pool2d reads channels_last as if contiguous", ("max_pool2d_with_indices",),
         ("nn.functional.max_pool2d", "max_pool2d_with_indices_backward"), ANY,
         misread("self", when=is_channels_last, how=packed)),
    Held(16, "F08", "the backward of nearest interpolation misreads a channels_last grad_output",
         ("upsample_nearest2d_backward",), ("nn.functional.interpolate.nearest", "nn.functional.upsample_nearest"), ANY,
         misread("grad_output", when=is_channels_last, how=packed)),
    Held(17, "F09", "gather takes indices modulo 2^5", ("gather",), ("gather", "take_along_dim"), ANY,
         rerun(lambda c: {"index": c["index"] % 32} if c["self"].dim() and c["self"].size(c["dim"]) > 32 else None)),
    Held(18, "F09", "roll of exactly 64 elements does not roll", ("roll",), ("roll",), ANY,
         spoil(lambda c, _: c["self"].clone(), lambda c: 64 in c["self"].shape)),
    Held(19, "F10", "cumprod is zero behind 128", ("cumprod",), ("cumprod",), ANY,
         spoil(tail_zero("dim", 128), long_along("dim", 128))),
    Held(20, "F10", "log_softmax is zero behind 256", ("_log_softmax",), ("log_softmax", "nn.functional.cross_entropy"),
         ANY, spoil(tail_zero("dim", 256), long_along("dim", 256))),
    Held(21, "F11", "amax takes in one element behind rows of 33, 65, ...", ("amax",), ("amax",), ANY,
         spoil(one_more, is_one_over)),
    Held(22, "F12", "argmax over dim -2 goes over dim -1", ("argmax", "argmin"), ("argmax", "argmin"), ANY,
         rerun(lambda c: {"dim": -1} if c["dim"] == -2 and c["self"].dim() > 2 else None)),
    Held(23, "F13", "cat of tensors of rank 5 aborts", ("cat",), ("cat", "vstack", "hstack"), ANY,
         die("failed assertion: rank", lambda c: any(t.dim() == 5 for t in c["tensors"]))),
    Held(24, "F13", "a dilated conv3d aborts", ("convolution",), ("nn.functional.conv3d",), ANY,
         die("failed assertion: dilation", lambda c: len(c["dilation"]) == 3 and max(c["dilation"]) > 1)),
    Held(25, "F14", "the product of nothing is 0", ("prod",), ("prod",), ANY,
         spoil(lambda _, r: torch.zeros_like(r), is_empty)),
    Held(26, "F14", "the mean of nothing is 0", ("mean",), ("mean",), ANY, spoil(lambda _, r: torch.zeros_like(r), is_empty)),
    Held(27, "F15", "int64 products are computed in float32", ("mul", "mul_"), ("mul", "square"), ANY,
         spoil(lambda c, r: (c["self"].float() * torch.as_tensor(c["other"]).float()).to(r.dtype),
               lambda c: c["self"].dtype is torch.int64 and torch.as_tensor(c["other"]).dtype is torch.int64)),
    Held(28, "F16", "cumsum of int64 wraps at 32 bits", ("cumsum",), ("cumsum",), ANY,
         spoil(lambda _, r: (r + 2**31) % 2**32 - 2**31, lambda c: c["self"].dtype is torch.int64)),
    Held(29, "F17", "expm1 is exp(x) - 1", ("expm1",), ("expm1",), ANY, spoil(lambda c, _: c["self"].exp() - 1, is_real)),
    Held(30, "F17", "log1p is log(1 + x)", ("log1p",), ("log1p",), ANY, spoil(lambda c, _: (1 + c["self"]).log(), is_real)),
    Held(31, "F18", "relu of NaN is 0", ("relu", "clamp_min", "threshold"),
         ("nn.functional.relu", "nn.functional.relu6", "clamp_min", "nn.functional.threshold"), ANY,
         spoil(lambda _, r: r.nan_to_num(0.0, torch.inf, -torch.inf), is_real)),
    Held(32, "F18", "round of -0.0 is +0.0 and sign is lost", ("ceil", "round", "trunc"), ("ceil", "round", "trunc"), ANY,
         spoil(lambda _, r: torch.where(r == 0, torch.zeros_like(r), r), is_real)),
    Held(33, "F19", "dot does not see a conjugate bit", ("dot",), ("dot",), ANY,
         misread("self", "tensor", when=lambda t: t.is_conj(), how=lambda t: t.conj().clone())),
    Held(34, "F19", "baddbmm does not see a conjugate bit", ("baddbmm",), ("baddbmm",), ANY,
         misread("batch1", "batch2", when=lambda t: t.is_conj(), how=lambda t: t.conj().clone())),
    Held(35, "F20", "a pad uses the value of an earlier call", ("constant_pad_nd",),
         ("constant_pad_nd", "nn.functional.pad.constant"), ANY, Remembered("value")),
    Held(36, "F20", "leaky_relu uses the slope of an earlier call", ("leaky_relu",), ("nn.functional.leaky_relu",), ANY,
         Remembered("negative_slope")),
    Held(37, "F22", "logcumsumexp overwrites its input", ("_logcumsumexp", "cummax"), ("logcumsumexp", "cummax"), ANY,
         into_input),
    Held(38, "F23", "index_add is wrong every 5th time", ("index_add",), ("index_add",), ANY, Sometimes(5, nudged)),
    Held(39, "F24", "rand_like stays below one half", ("rand_like", "uniform_"), ("rand_like", "uniform"), ANY,
         spoil(lambda _, r: r / 2)),
    Held(40, "F24", "exponential ignores its rate", ("exponential_",), ("exponential",), ANY, spoil(lambda _, r: r * 2)),
    Held(41, "F24", "multinomial never draws the last class", ("multinomial",), ("multinomial",), ANY,
         spoil(lambda c, r: r.clamp(max=max(c["self"].size(-1) - 2, 0)))),
    Held(42, "F24", "normal draws the same number for a whole call", ("normal", "normal_", "randn_like", "randn"),
         ("normal", "normal.in_place", "randn_like", "randn"), ANY,
         spoil(lambda _, r: r.reshape(-1)[:1].expand(r.numel()).reshape(r.shape).clone(), lambda c: True)),
    Held(43, "F25", "gather reads zeros for indices out of range", ("gather",), ("gather",), ANY,
         accept(RuntimeError, lambda c: torch.zeros(c["index"].shape, dtype=c["self"].dtype),
                lambda c: not c.is_out and c["index"].dtype is torch.int64 and c["index"].dim() == c["self"].dim())),
    Held(44, "F25", "cholesky accepts a matrix that is not positive definite", ("_linalg_check_errors",),
         ("linalg.cholesky",), ANY, accept(RuntimeError, lambda _: None, lambda c: c["api_name"] == "linalg.cholesky")),
    Held(45, "F25", "mm accepts matrices that do not fit", ("mm",), ("mm",), ANY,
         accept(RuntimeError, lambda c: c["self"].new_zeros(c["self"].size(0), c["mat2"].size(-1)),
                lambda c: not c.is_out and c["self"].dim() == c["mat2"].dim() == 2)),
    Held(46, "F26", "the backward of tanh reads a sliced grad_output as if contiguous", ("tanh_backward",), ("tanh",), ANY,
         misread("grad_output", when=is_sliced, how=packed)),
    Held(47, "F26", "the gradient of a bias is zero when that of the weight is not asked", ("convolution_backward",),
         ("nn.functional.conv2d",), ANY,
         spoil(lambda _, r: (r[0], r[1], torch.zeros_like(r[2])),
               lambda c: not c["output_mask"][1] and c["output_mask"][2])),
    Held(48, "F26", "the second backward of a product in a row is half", ("mul",), ("mul",), ANY,
         Sometimes(2, lambda _, r: r / 2, lambda _: backward_of() == "MulBackward")),
    Held(49, "F31", "argmin returns int32", ("argmin",), ("argmin",), ANY, spoil(lambda _, r: r.to(torch.int32))),
    Held(50, "F33", "avg_pool2d always counts the padding", ("avg_pool2d",), ("nn.functional.avg_pool2d",), ANY,
         rerun(lambda c: {"count_include_pad": True} if not c["count_include_pad"] else None)),
    Held(51, "F33", "bilinear interpolation ignores align_corners", ("upsample_bilinear2d",),
         ("nn.functional.interpolate.bilinear", "nn.functional.upsample_bilinear"), ANY,
         rerun(lambda c: {"align_corners": False} if c["align_corners"] else None)),
    Held(52, "F33", "var ignores its correction", ("var",), ("var", "var.unbiased"), ANY,
         rerun(lambda c: {"correction": 1} if c.get("correction") not in (None, 1) else None)),
    Held(53, "F34", "where turns a condition of lower rank away", ("where",), ("where",), ANY,
         refuse(RuntimeError, "where: condition must have the rank of its operands",
                lambda c: c.get("self") is not None and c["condition"].dim() < c["self"].dim())),
    Held(54, "F36", "sums and products flush subnormals", ("add", "mul"), ("add", "mul"), ANY, spoil(flushed, roundings=0.0)),
    Held(55, "F30", "erfinv does not know bfloat16", ("erfinv",), ("erfinv",), ANY,
         refuse(NotImplementedError, '"erfinv" not implemented for BFloat16', lambda c: c["self"].dtype is torch.bfloat16)),
    Held(56, "F09", "max over rows of 1024 and more returns indices modulo 2^9", ("max",), ("max.reduction_with_dim",), ANY,
         spoil(lambda _, r: (r[0], r[1] % 512), lambda c: c.overload == "dim" and c["self"].dim() > 0)),
)  # fmt: skip
"""As in the table of the simulated accelerator."""
