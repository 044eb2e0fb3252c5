"""A third set of faults that are not in the table, written without a look at the suites that are to find them.

``silicon-cts sensitivity --table tests/backends/simulated/third_holdout.py`` measures with them. The kinds are F01 to
F36 on operators, layouts, sizes and arguments that neither the table nor the first two sets have. None was reported as
it stands here.
"""

from math import prod, sqrt
from typing import Any

import torch

from silicon_cts.backends.simulated.faults import Row, Watcher
from silicon_cts.backends.simulated.faults.fault import backward_of
from silicon_cts.backends.simulated.faults.memory import (
    from_start,
    garbage,
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

F, G, L, O, I, S, X, R, T = (  # noqa: E741
    "forward", "gradient", "layout", "out", "inplace", "special_values", "rejects", "repeat", "training",
)  # fmt: skip
LANES = 4
SCAN_BLOCK = 64
KEY_BLOCK = 32
ADDRESSES = 2**8
SPAN = 2**10


class Third(Row):
    """A row with an id of its own kind."""

    prefix = "third"


class Keyed(Watcher):
    """The compiled graph is found again by shape and dtype of its input, although one more argument is built into it."""

    def __init__(self, argument: str, tensor: str = "self") -> None:
        self._argument, self._tensor = argument, tensor
        self._seen: dict[Any, Any] = {}

    def __call__(self, call):
        tensor, given = call[self._tensor], call[self._argument]
        first = self._seen.setdefault((call.kernel, tuple(tensor.shape), tensor.dtype), given)
        return call.right() if first == given else call.answer(call.evaluate(**{self._argument: first}))


class FirstStrides(Watcher):
    """Copies of strided tensors of one shape all go by the strides of the first one."""

    def __init__(self) -> None:
        self._seen: dict[Any, tuple[int, ...]] = {}

    def __call__(self, call):
        tensor = call["self"]
        if tensor.is_contiguous() or tensor.is_conj() or tensor.is_neg() or not tensor.numel():
            return call.right()
        first = self._seen.setdefault((tuple(tensor.shape), tensor.dtype), tensor.stride())
        start = int(tensor.storage_offset())
        last = start + sum((n - 1) * s for n, s in zip(tensor.shape, first, strict=True))
        if first == tensor.stride() or last >= whole(tensor).numel():
            return call.right()
        return call.answer(call.evaluate(self=tensor.as_strided(tensor.shape, first, start).clone()))


class Overtaken(Watcher):
    """An update that directly follows a mul_ of the same tensor starts from what was there before the mul_."""

    watches = frozenset({"*"})

    def __init__(self) -> None:
        self._place: Any = None
        self._before: Any = None

    def watch(self, call):
        if call.kernel != "mul_":
            self._place = self._before = None
            return call.right()
        target = call.written[0]
        self._place, self._before = _place(target), target.clone()
        return call.right()

    def __call__(self, call):
        before, matches = self._before, self._place == _place(call.written[0])
        self._place = self._before = None
        return call.answer(call.evaluate(self=before.clone())) if matches else call.right()


def _place(tensor):
    return tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype


def is_float(tensor):
    return isinstance(tensor, torch.Tensor) and tensor.is_floating_point()


def is_integer(tensor):
    return isinstance(tensor, torch.Tensor) and not (
        tensor.is_floating_point() or tensor.is_complex() or tensor.dtype is torch.bool
    )


def is_strided(tensor):
    return is_permuted(tensor) or is_sliced(tensor)


def is_channels_last_3d(tensor):
    return (
        tensor.dim() == 5 and tensor.is_contiguous(memory_format=torch.channels_last_3d) and not tensor.is_contiguous()
    )


def is_element(tensor):
    """Whether it is one number taken out of a tensor, not the first one."""
    return tensor.dim() == 0 and has_offset(tensor) and tensor.dtype is not torch.bool


def cycled(tensor):
    """What lies in memory from the first element on, from there again when it ends."""
    run = whole(tensor)[int(tensor.storage_offset()) :]
    return run[torch.arange(tensor.numel()) % run.numel()].reshape(tensor.shape)


def last_vector(call):
    """The last four elements are computed at once, even if fewer are left."""
    tensor = call["self"]
    start = int(tensor.storage_offset()) + tensor.numel()
    more = -tensor.numel() % LANES
    triggered = tensor.is_floating_point() and tensor.is_contiguous() and tensor.numel() > 0 and more > 0
    right = call.right()
    if triggered:
        stretch = whole(right)[start : start + more]
        before = stretch.clone()
        getattr(stretch, call.kernel)()
        if not same_bits(before, stretch):
            call.fire()
    return right


def whole_tiles(call):
    """The rows of out= are written up to a multiple of four columns, with zeros behind the last one."""
    right = call.right()
    if not call.is_out or right.dim() != 2 or right.stride(1) != 1 or not right.numel():
        return right
    rows, columns = right.shape
    more = min(-columns % LANES, right.stride(0) - columns)
    for row in range(rows if more > 0 else 0):
        start = int(right.storage_offset()) + row * right.stride(0) + columns
        stretch = whole(right)[start : start + more]
        if bool((stretch != 0).any()):
            stretch.zero_()
            call.fire()
    return right


def indexes_all(call):
    """Whether each dimension has an index of integers."""
    indices = call["indices"]
    return len(indices) == call["self"].dim() and all(i is not None and i.dtype is torch.int64 for i in indices)


def wrapped_address(call):
    """The place of an element is computed in 8 bits."""
    tensor = call["self"]
    if tensor.numel() <= ADDRESSES or not indexes_all(call):
        return None
    places = torch.broadcast_tensors(*(i % n for i, n in zip(call["indices"], tensor.shape, strict=True)))
    flat = sum(p * prod(tensor.shape[d + 1 :]) for d, p in enumerate(places))
    return {"indices": list(torch.unravel_index(flat % ADDRESSES, tensor.shape))}


def wrapped_span(call):
    """The offset of an element from the first one is computed in 10 bits, where the elements lie far apart."""
    tensor = call["self"]
    if tensor.is_contiguous() or not tensor.numel() or tensor.is_conj() or tensor.is_neg():
        return None
    span = 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    if span <= SPAN:
        return None
    places = torch.arange(span).as_strided(tensor.shape, tensor.stride()) % SPAN
    return {"self": whole(tensor)[int(tensor.storage_offset()) + places]}


def whole_blocks_of_keys(call):
    """Beyond the first block of keys only whole blocks are read."""
    keys = call["key"].size(-2)
    kept = keys // KEY_BLOCK * KEY_BLOCK
    if kept in (0, keys) or call["is_causal"]:
        return None
    mask = call["attn_mask"]
    if mask is not None and mask.size(-1) == keys:
        mask = mask[..., :kept]
    return {"key": call["key"][..., :kept, :], "value": call["value"][..., :kept, :], "attn_mask": mask}


def scanned_by_blocks(call, _):
    """No block of a scan knows what came before it."""
    tensor, dim = call["self"], call["dim"]
    parts = [call.evaluate(self=part) for part in tensor.split(SCAN_BLOCK, dim)]
    if isinstance(parts[0], torch.Tensor):
        return torch.cat(parts, dim)
    indices = [p[1] + i * SCAN_BLOCK for i, p in enumerate(parts)]
    return torch.cat([p[0] for p in parts], dim), torch.cat(indices, dim)


def is_long_scan(call):
    return call["self"].dim() > 0 and call["self"].size(call["dim"]) > SCAN_BLOCK


def norm_of_vectors(call):
    """What is left after the last group of four is not taken in."""
    tensor, dims = call["self"], call["dim"]
    if tensor.dim() == 0 or (dims is not None and len(dims) != 1):
        return None
    if dims is None:
        tensor = tensor.reshape(-1) if not call["keepdim"] else tensor
        if tensor.dim() != 1:
            return None
    dim = -1 if dims is None else dims[0]
    count = tensor.size(dim)
    if count <= 4 * LANES or count % LANES == 0:
        return None
    return {"self": tensor.narrow(dim, 0, count - count % LANES)}


def padded_divisor(call, right):
    """The sum is divided by the length of the padded row."""
    count = call["self"].size(-1)
    return right * (count / (count + -count % LANES))


def is_long_row(call):
    tensor, dims = call["self"], call.get("dim")
    if tensor.dim() == 0 or not dims or len(dims) != 1 or dims[0] not in (-1, tensor.dim() - 1):
        return False
    return tensor.size(-1) > 8 * LANES and tensor.size(-1) % LANES != 0 and call["dtype"] is None


def next_row_for_padding(call):
    """Right of the last column a dilated convolution finds the beginning of the next row instead of zeros."""
    x, padding = call["input"], list(call["padding"])
    if call["transposed"] or x.dim() != 4 or max(call["dilation"]) < 2 or len(padding) != 2:
        return None
    down, right = padding
    if not 0 < right <= x.size(3) or not x.numel():
        return None
    rows = torch.nn.functional.pad(x, (0, 0, down, down))
    behind = rows.roll(-1, -2)[..., :right].clone()
    behind[..., -1, :] = 0
    return {"input": torch.cat([torch.zeros_like(behind), rows, behind], -1), "padding": [0, 0]}


def first_of_three(call):
    """A negative dimension stands for the default of old: the first one of size 3."""
    shape = torch.broadcast_shapes(call["self"].shape, call["other"].shape)
    first = next((d for d, n in enumerate(shape) if n == 3), None)
    same_rank = call["self"].dim() == call["other"].dim()
    if call["dim"] >= 0 or first is None or first == call["dim"] % len(shape) or not same_rank:
        return None
    return {"dim": first} if call["self"].size(first) == call["other"].size(first) == 3 else None


def logical_shift(call, right):
    """Zeros come in from the left, whatever the sign."""
    one, by = torch.as_tensor(call["self"]), torch.as_tensor(call["other"])
    width = torch.iinfo(right.dtype).bits
    inside = (one < 0) & (by > 0) & (by < width)
    kept = (torch.ones((), dtype=torch.int64) << (width - by.long().clamp(1, width - 1))) - 1
    return torch.where(inside, (right.long() & kept).to(right.dtype), right)


def summed_in_half(call, right):
    """Each product is added to a sum of eleven bits."""
    left, other = (call["mat1"], call["mat2"]) if call.kernel == "addmm" else (call["self"], call["mat2"])
    total = torch.zeros(right.shape, dtype=right.dtype)
    for k in range(left.size(-1)):
        total = total + left[..., k : k + 1] * other[..., k : k + 1, :]
    if call.kernel == "addmm":
        total = call["alpha"] * total + (call["beta"] * call["self"] if call["beta"] else 0)
    return total


def is_deep_half(call):
    left = call["mat1"] if call.kernel == "addmm" else call["self"]
    return left.dtype is torch.float16 and 8 < left.size(-1) <= 2048 and call.right().numel() > 0


def by_log_of_sigmoid(call, _):
    """Binary cross entropy as it stands in the book."""
    x, y, weight, factor = call["self"], call["target"], call["weight"], call["pos_weight"]
    p = x.sigmoid()
    loss = -((1 if factor is None else factor) * y * p.log() + (1 - y) * (1 - p).log())
    loss = loss if weight is None else loss * weight
    return [lambda t: t, torch.mean, torch.sum][call["reduction"]](loss)


def normalised_in_one_pass(call, right):
    """The variance of a batch is E[x^2] - E[x]^2."""
    x, mean = call["input"], right[1]
    dims = [d for d in range(x.dim()) if d != 1]
    shape = [1, -1] + [1] * (x.dim() - 2)
    centre = x.mean(dims)
    variance = ((x * x).mean(dims) - centre * centre).clamp(min=0)
    scale = (variance + call["eps"]).rsqrt()
    wrong = (x - centre.view(shape)) * scale.view(shape)
    for name, change in (("weight", torch.mul), ("bias", torch.add)):
        if call.get(name) is not None:
            wrong = change(wrong, call[name].view(shape))
    return wrong, mean, scale


def is_trained_in_float32(call):
    return call["training"] and call["input"].dtype is torch.float32 and call["input"].numel() > 0


def nan_from_minus_infinity(call, right):
    """A running maximum of minus infinity is subtracted from itself."""
    first = call["self"].narrow(call["dim"], 0, 1)
    return right.masked_fill(first == -torch.inf, torch.nan)


def cleared_first(call):
    """out= is cleared before the operands are read: one that lies in the same memory is zero then."""
    if not call.is_out:
        return call.right()
    place = call.written[0].untyped_storage().data_ptr()
    shared = [
        name
        for name in ("self", "other")
        if isinstance(call[name], torch.Tensor) and call[name].untyped_storage().data_ptr() == place
    ]
    right = call.right()
    if not shared or not right.numel():
        return right
    return call.answer(call.evaluate(**{name: torch.zeros_like(call[name]) for name in shared}))


def sorts_input(call):
    """The numbers are sorted where they lie."""
    tensor = call["self"]
    right = call.right()
    if tensor.dim() == 0 or not tensor.is_contiguous() or not is_float(tensor) or tensor.numel() < 2:
        return right
    dim = call.get("dim")
    ordered = tensor.reshape(-1).sort()[0].view(tensor.shape) if dim is None else tensor.sort(dim)[0]
    if not same_bits(ordered, tensor):
        tensor.copy_(ordered)
        call.fire()
    return right


def decomposed_in_place(call):
    """A matrix that lies by columns is handed to LAPACK as it is, which leaves its answer there."""
    matrix = call["A"] if call.get("A") is not None else call["self"]
    right = call.right()
    factors = [t for t in right if t.shape == matrix.shape and t.dtype == matrix.dtype]
    by_columns = matrix.mT.is_contiguous() and not matrix.is_contiguous()
    if by_columns and factors and not matrix.is_conj() and not same_bits(factors[0], matrix):
        matrix.copy_(factors[0])
        call.fire()
    return right


def last_window_lost(call, _):
    """Of two windows that hand their gradient to one place, one is lost."""
    grad = call["grad_output"].clone(memory_format=torch.contiguous_format)
    grad[..., -1, -1] = 0
    return call.evaluate(grad_output=grad)


def has_overlap(call):
    stride = call["stride"] or call["kernel_size"]
    return call["grad_output"].numel() > 0 and min(stride) < max(call["kernel_size"])


def repeated_numbers(_, right):
    """Each block of 256 numbers is drawn from the same counter."""
    flat = right.reshape(-1)
    return flat[torch.arange(flat.numel()) % 256].reshape(right.shape)


def fits_but_for_its_dtype(call):
    """Whether only the dtype of the answer keeps an update from being done in place."""
    one, other = call["self"], call["other"]
    if not is_integer(one) or torch.broadcast_shapes(one.shape, getattr(other, "shape", ())) != one.shape:
        return False
    return torch.result_type(one, other).is_floating_point or (call.kernel == "div_" and not call.get("rounding_mode"))


def truncated_in_place(call):
    target, before = call.written[0], call["self"]
    operation = {"add_": torch.add, "sub_": torch.sub, "mul_": torch.mul, "div_": torch.div}[call.kernel]
    options = {"alpha": call["alpha"]} if call.get("alpha") not in (None, 1) else {}
    return target.copy_(operation(before, call["other"], **options))


def written_many_times(call):
    """Elements that share one place in memory are written one after the other."""
    target = call.written[0]
    fresh = call["self"].clone(memory_format=torch.contiguous_format)
    call.func(fresh, *call.args[1:], **call.kwargs)
    last = tuple(slice(-1, None) if s == 0 and n > 1 else slice(None)
                 for n, s in zip(target.shape, target.stride(), strict=True))  # fmt: skip
    target[last].copy_(fresh[last])
    return target


def whole_groups_of_rows(call):
    """The gradient of a broadcast operand is summed four rows at a time, the rest is left out."""
    dims = call.get("dim")
    if backward_of() not in ("AddBackward", "SubBackward", "MulBackward", "DivBackward") or not dims:
        return None
    count = call["self"].size(dims[0])
    if count <= LANES or count % LANES == 0:
        return None
    return {"self": call["self"].narrow(dims[0], 0, count - count % LANES)}


def first_group_repeated(call, right):
    """All groups of a convolution get the weight gradient of the first one."""
    weight = right[1]
    rows = weight.size(0) // call["groups"]
    return right[0], weight[:rows].repeat(call["groups"], *[1] * (weight.dim() - 1)), right[2]


def skips_after_third(call):
    """A launch takes three tensors, and the rest of the list is forgotten."""
    call.right()
    before = call["self"]
    for target, old in list(zip(call.written, before, strict=True))[3:]:
        if not same_bits(target, old):
            target.copy_(old)
            call.fire()


def decays_as_adam(call):
    if not call["weight_decay"]:
        return call.right()
    call.fire()
    return torch.ops.aten._fused_adam_(*call.args, **call.kwargs)


def keeps_its_size(call):
    """out= that has elements, but not as many as are needed, is not resized."""
    size = call.written[0].shape if call.is_out else None
    right = call.right()
    if size is not None and size != right.shape and 0 < size.numel() < right.numel():
        right.resize_(size)
        call.fire()
    return right


def aligned_below(call):
    """With more keys than queries, the last query sees them all."""
    queries, keys = call["query"].size(-2), call["key"].size(-2)
    if not call["is_causal"] or queries == keys:
        return None
    seen = torch.arange(keys) <= torch.arange(queries)[:, None] + keys - queries
    return {
        "is_causal": False,
        "attn_mask": torch.zeros(seen.shape, dtype=call["query"].dtype).masked_fill(~seen, -torch.inf),
    }


def divided_by_count(call, right):
    """The mean of weighted losses is over the number of targets, not over their weights."""
    loss, weights = right
    count = int((call["target"] != call["ignore_index"]).sum())
    return (loss * weights / count if count else loss), weights


def last_factor_only(call, right):
    """The orthonormal scale is that of the last dimension."""
    return right * sqrt(prod(call["self"].size(d) for d in call["dim"][:-1]))


def swapped(call, right):
    return -right if call.kernel == "sub" else right.reciprocal()


def first_place_only(call):
    """One value for several places is written to the first of them."""
    indices = call["indices"]
    given = [i for i in indices if i is not None]
    if not given or any(i.dtype is not torch.int64 for i in given) or call["values"].numel() != 1 or call["accumulate"]:
        return None
    shape = torch.broadcast_shapes(*(i.shape for i in given))
    if shape.numel() < 2:
        return None
    return {
        "indices": [None if i is None else i.expand(shape).reshape(-1)[:1] for i in indices],
        "values": call["values"].reshape(()),
    }


def every_second(call):
    """32-bit numbers are found eight bytes apart."""
    index = call["index"]
    if index.dtype is not torch.int32 or index.dim() != 1 or len(index) < 2:
        return None
    return {"index": index[torch.arange(len(index)) * 2 % len(index)]}


def without_subnormals(tensor):
    return torch.where(tensor.abs() < torch.finfo(tensor.dtype).tiny, torch.zeros_like(tensor), tensor)


def subnormals_are_zero(call):
    changed = {n: without_subnormals(call[n]) for n in ("self", "other") if is_float(call.get(n))}
    return changed if any(not torch.equal(changed[n], call[n]) for n in changed) else None


FUSED = "_scaled_dot_product_flash_attention_for_cpu"
ATTENTION = "nn.functional.scaled_dot_product_attention"
NLL, CROSS_ENTROPY = "nn.functional.nll_loss", "nn.functional.cross_entropy"
UNARY = ("neg", "exp", "sigmoid", "floor", "reciprocal", "erf")
GENERATED = (
    "rand",
    "randn",
    "randperm",
    "randint",
    "uniform_",
    "normal_",
    "bernoulli",
    "bernoulli_",
    "multinomial",
    "exponential_",
)
SMALL_INTEGERS = (torch.uint8, torch.int8, torch.int16)
HALVES = (torch.float16, torch.bfloat16)

ROWS = (
    Third(1, "F01", "masked_scatter_ leaves a permuted self unchanged", ("masked_scatter_",), ("masked_scatter",), (I, L),
          drop(is_permuted)),
    Third(2, "F02", "bmm fills a permuted out= in storage order", ("bmm",), ("bmm",), (O,),
          land(write_in_storage_order, is_permuted, lambda c: c.is_out)),
    Third(3, "F02", "topk, kthvalue and mode fill a sliced out= for the indices in a run", ("topk", "kthvalue", "mode"),
          ("topk", "kthvalue", "mode"), (O,),
          land(write_run, lambda t: is_sliced(t) and t.dtype is torch.int64, lambda c: c.is_out)),
    Third(4, "F03", "addmm reads a transposed matrix that it adds as if contiguous", ("addmm",), ("addmm",), (L,),
          misread("self", when=is_permuted, how=packed)),
    Third(5, "F03", "index_put reads permuted values as if contiguous", ("index_put", "index_put_"),
          ("index_put",), (L, I), misread("values", when=is_permuted, how=packed)),
    Third(6, "F03", "the backward of a transposed convolution reads a strided grad_output as if contiguous",
          ("convolution_backward",), ("nn.functional.conv_transpose*",), (G,),
          misread("grad_output", when=is_strided, how=packed, only=lambda c: c["transposed"])),
    Third(7, "F03", "nll_loss of images reads permuted targets as if contiguous", ("nll_loss2d_forward",),
          (NLL, CROSS_ENTROPY), (L,), misread("target", when=is_permuted, how=packed)),
    Third(8, "F04", "attention ignores the offset of keys and values", (FUSED,), (ATTENTION,), (L,),
          misread("key", "value", when=has_offset, how=from_start)),
    Third(9, "F04", "mul, sub and div read element 0 for a number that is a 0-dim view", ("mul", "sub", "div"),
          ("mul", "sub", "div.*"), (L,), misread("self", "other", when=is_element, how=from_start)),
    Third(10, "F05", "unary operators in place work on whole groups of four, also behind the end of a view",
          tuple(name + "_" for name in UNARY), UNARY, (I,), last_vector),
    Third(11, "F05", "mm and addmm zero what lies beside a narrow out=, up to a multiple of four columns", ("mm", "addmm"),
          ("mm", "addmm"), (O,), whole_tiles),
    Third(12, "F06", "gather, scatter and scatter_add read an expanded index as if it were dense",
          ("gather", "scatter", "scatter_", "scatter_add", "scatter_add_"),
          ("gather", "scatter", "scatter_add", "take_along_dim"), (L,), misread("index", when=is_expanded, how=cycled)),
    Third(13, "F06", "the backward of layer_norm reads an expanded grad_output past its storage",
          ("native_layer_norm_backward",), ("nn.functional.layer_norm", "native_layer_norm"), (G,),
          misread("grad_out", when=is_expanded, how=packed)),
    Third(14, "F07", "3-D pooling reads channels_last_3d as if contiguous", ("max_pool3d_with_indices", "avg_pool3d"),
          ("nn.functional.max_pool3d", "nn.functional.avg_pool3d"), (L,),
          misread("self", when=is_channels_last_3d, how=packed)),
    Third(15, "F08", "the backward of max_pool2d misreads a channels_last grad_output",
          ("max_pool2d_with_indices_backward",), ("nn.functional.max_pool2d", "max_pool2d_with_indices_backward"), (G, L),
          misread("grad_output", when=is_channels_last, how=packed)),
    Third(16, "F09", "indexing every dimension of more than 256 elements computes places in 8 bits",
          ("index", "index_put", "index_put_"), ("__getitem__", "index_put"), (F, I), rerun(wrapped_address),
          scaled="32 bits -> 8 bits"),
    Third(17, "F09", "copying a strided view whose elements lie more than 2^10 apart wraps their addresses", ("clone",),
          ("contiguous", "clone", "reshape", "flatten"), (L,), rerun(wrapped_span), scaled="2^31 -> 2^10"),
    Third(18, "F10", "attention over more than 32 keys skips the last, incomplete block of 32", (FUSED,), (ATTENTION,), (F,),
          rerun(whole_blocks_of_keys)),
    Third(19, "F10", "cummax and cummin start anew every 64 elements", ("cummax", "cummin"), ("cummax", "cummin"), (F,),
          spoil(scanned_by_blocks, is_long_scan)),
    Third(20, "F10", "norms of more than 16 numbers leave out the rest after the last group of four",
          ("linalg_vector_norm",), ("linalg.vector_norm", "linalg.norm", "norm", "nn.functional.normalize", "dist"), (F,),
          rerun(norm_of_vectors)),
    Third(21, "F11", "the mean of rows longer than 32 is divided by their length rounded up to a multiple of 4", ("mean",),
          ("mean",), (F,), spoil(padded_divisor, is_long_row)),
    Third(22, "F11", "a dilated conv2d reads the next row where the padding on the right should be", ("convolution",),
          ("nn.functional.conv2d",), (F,), rerun(next_row_for_padding)),
    Third(23, "F12", "linalg.cross takes a negative dim for the first dimension of size 3", ("linalg_cross",),
          ("linalg.cross", "cross"), (F,), rerun(first_of_three)),
    Third(24, "F12", "kthvalue, mode and median turn a 0-dim tensor away", ("kthvalue", "mode", "median"),
          ("kthvalue", "mode", "median"), (F,),
          refuse(IndexError, "dimension specified as 0 but the tensor has no dimensions",
                 lambda c: c.get("dim") is not None and c["self"].dim() == 0)),
    Third(25, "F13", "max_pool2d with padding and dilation aborts", ("max_pool2d_with_indices",), ("nn.functional.max_pool2d",),
          (F,), die("failed assertion: padded extent does not fit", lambda c: max(c["dilation"]) > 1 and max(c["padding"]) > 0)),
    Third(26, "F14", "a batched product that sums over nothing is memory that nobody wrote", ("bmm", "baddbmm"),
          ("bmm", "baddbmm", "matmul"), (F,),
          spoil(lambda _, r: garbage(r.shape, r.dtype), lambda c: c.operands[-1].size(-2) == 0 and c.right().numel() > 0)),
    Third(27, "F14", "the mean loss of an empty batch is 0, not NaN", ("nll_loss_forward", "nll_loss2d_forward"),
          (NLL, CROSS_ENTROPY), (F,),
          spoil(lambda _, r: (torch.zeros_like(r[0]), r[1]), lambda c: c["reduction"] == 1 and c["target"].numel() == 0)),
    Third(28, "F15", "arange in int64 steps in float32", ("arange",), ("arange",), (F, S),
          spoil(lambda _, r: r.float().to(torch.int64), lambda c: c.right().dtype is torch.int64)),
    Third(29, "F16", "a right shift of a negative number brings in zeros",
          ("bitwise_right_shift", "bitwise_right_shift_", "__rshift__"), ("bitwise_right_shift",), (F, S),
          spoil(logical_shift, lambda c: is_integer(c.right()))),
    Third(30, "F17", "products of float16 matrices are summed in float16", ("mm", "bmm", "addmm"),
          ("mm", "bmm", "addmm", "matmul", "nn.functional.linear"), (F,), spoil(summed_in_half, is_deep_half, roundings=2.0)),
    Third(31, "F17", "binary_cross_entropy_with_logits takes the logarithm of the sigmoid",
          ("binary_cross_entropy_with_logits",), ("nn.functional.binary_cross_entropy_with_logits",), (F, S),
          spoil(by_log_of_sigmoid)),
    Third(32, "F17", "batch_norm takes the mean of squares less the square of the mean for the variance",
          ("native_batch_norm",), ("nn.functional.batch_norm", "nn.functional.instance_norm"), (F, S),
          spoil(normalised_in_one_pass, is_trained_in_float32)),
    Third(33, "F18", "logcumsumexp of rows that begin with minus infinity is NaN", ("logcumsumexp",), ("logcumsumexp",), (S,),
          spoil(nan_from_minus_infinity, lambda c: is_float(c["self"]) and c["self"].dim() > 0 and c["self"].numel() > 0)),
    Third(34, "F18", "beta=0 multiplies NaN and infinity by zero instead of ignoring them", ("addmm", "addmv", "addbmm", "baddbmm"),
          ("addmm", "addmv", "addbmm", "baddbmm"), (F, S),
          spoil(lambda c, r: r + c["self"] * 0, lambda c: c["beta"] == 0 and is_float(c["self"]))),
    Third(35, "F19", "solve_triangular does not see that its matrix is conjugated", ("linalg_solve_triangular",),
          ("linalg.solve_triangular",), (L,),
          misread("self", when=torch.Tensor.is_conj, how=lambda t: t.conj().clone())),
    Third(36, "F20", "softmax goes over the dim of an earlier call of the same shape", ("_softmax",),
          ("softmax", "nn.functional.softmin"), (R,), Keyed("dim")),
    Third(37, "F20", "copies of strided tensors of one shape go by the strides of the first", ("clone",),
          ("contiguous", "clone", "reshape"), (R, L), FirstStrides()),
    Third(38, "F21", "an update right after mul_ of the same tensor overtakes it", ("add_", "addcmul_"),
          ("training.*.sgd.*", "training.*.adam*.*", "training.*.rmsprop.*"), (T,), Overtaken()),
    Third(39, "F21", "out= that is one of the operands is cleared before they are read", ("sub", "mul", "maximum", "minimum"),
          ("sub", "mul", "maximum", "minimum", "training.*.adam*.*"), (O, T), cleared_first),
    Third(40, "F22", "kthvalue and median sort their input in place", ("kthvalue", "median", "nanmedian"),
          ("kthvalue", "median", "nanmedian"), (F,), sorts_input),
    Third(41, "F22", "factorizations leave their answer in a matrix that lies by columns",
          ("_linalg_eigh", "linalg_lu_factor_ex", "linalg_cholesky_ex", "linalg_inv_ex"),
          ("linalg.eigh", "linalg.lu_factor", "linalg.lu_factor_ex", "linalg.cholesky", "linalg.cholesky_ex", "linalg.inv", "linalg.inv_ex"),
          (L,), decomposed_in_place),
    Third(42, "F23", "every 2nd backward of max_pool2d with overlapping windows loses an update",
          ("max_pool2d_with_indices_backward",), ("nn.functional.max_pool2d", "max_pool2d_with_indices_backward"), (G, R),
          Sometimes(2, last_window_lost, has_overlap)),
    Third(43, "F23", "every 4th cumsum of more than 64 elements starts anew in each block", ("cumsum",), ("cumsum",), (F, R),
          Sometimes(4, scanned_by_blocks, is_long_scan)),
    Third(44, "F24", "uniform random numbers repeat after 256", ("rand", "rand_like", "uniform_"), ("rand_like", "uniform"), (F,),
          spoil(repeated_numbers, lambda c: c.right().numel() > 256)),
    Third(45, "F24", "multinomial without replacement puts back what it drew", ("multinomial",), ("multinomial",), (F,),
          rerun(lambda c: {"replacement": True} if not c["replacement"] and c["num_samples"] > 1 else None)),
    Third(46, "F24", "a generator that is handed over is ignored", GENERATED,
          ("normal", "normal.in_place", "uniform", "bernoulli", "multinomial", "exponential", "randint", "randn"), (R,),
          rerun(lambda c: {"generator": None} if c.get("generator") is not None else None)),
    Third(47, "F25", "integers take the fractional answer of an operator in place, cut off", ("add_", "sub_", "mul_", "div_"),
          ("add", "sub", "mul", "div.no_rounding_mode"), (X, I),
          accept(RuntimeError, truncated_in_place, fits_but_for_its_dtype)),
    Third(48, "F25", "operators in place accept an expanded self", ("mul_", "sub_", "add_", "neg_", "exp_", "clamp_"),
          ("mul", "sub", "add", "neg", "exp", "clamp"), (X, I),
          accept(RuntimeError, written_many_times, lambda c: is_expanded(c["self"]))),
    Third(49, "F26", "the gradient of a broadcast operand leaves out the rows after the last group of four", ("sum",),
          ("add", "sub", "mul", "div.no_rounding_mode"), (G,), rerun(whole_groups_of_rows)),
    Third(50, "F26", "all groups of a convolution get the weight gradient of the first", ("convolution_backward",),
          ("nn.functional.conv*",), (G,),
          spoil(first_group_repeated, lambda c: c["groups"] > 1 and c["output_mask"][1])),
    Third(51, "F26", "the row of padding_idx gets a gradient", ("embedding_dense_backward",), ("nn.functional.embedding",), (G,),
          rerun(lambda c: {"padding_idx": -1} if c["padding_idx"] >= 0 else None)),
    Third(52, "F27", "foreach kernels forget the tensors behind the third", ("_foreach_lerp_", "_foreach_mul_"),
          ("training.*",), (T,), skips_after_third),
    Third(53, "F27", "the fused AdamW decays its weights as Adam does", ("_fused_adamw_",), ("training.*.adamw.*",), (T,),
          decays_as_adam),
    Third(54, "F30", "topk does not know integers of 8 and 16 bits", ("topk",), ("topk",), (F,),
          refuse(NotImplementedError, '"topk" not implemented for small integers', lambda c: c["self"].dtype in SMALL_INTEGERS)),
    Third(55, "F31", "a half tensor times a Python number is float32", ("mul",), ("mul",), (F,),
          spoil(lambda _, r: r.float(),
                lambda c: c["self"].dtype in HALVES and isinstance(c["other"], float) and not c.is_out)),
    Third(56, "F31", "cat, gather and index_select do not resize an out= that has elements, but too few",
          ("cat", "gather", "index_select"), ("cat", "gather", "index_select"), (O,), keeps_its_size),
    Third(57, "F33", "scatter_reduce and index_reduce always include self",
          ("scatter_reduce", "scatter_reduce_", "index_reduce", "index_reduce_"), ("scatter_reduce.*", "index_reduce.*"), (F,),
          rerun(lambda c: {"include_self": True} if not c["include_self"] else None)),
    Third(58, "F33", "causal attention with fewer queries than keys lets the last query see all", (FUSED,), (ATTENTION,), (F,),
          rerun(aligned_below)),
    Third(59, "F33", "the mean of a weighted nll_loss is over the number of targets", ("nll_loss_forward",), (NLL, CROSS_ENTROPY),
          (F,), spoil(divided_by_count, lambda c: c["reduction"] == 1 and c["weight"] is not None)),
    Third(60, "F33", "norm='ortho' over several dimensions scales by the last one only", ("_fft_c2c", "_fft_r2c"),
          ("fft.fft2", "fft.fftn", "fft.rfft2", "fft.rfftn", "fft.ifft2", "fft.ifftn"), (F,),
          spoil(last_factor_only, lambda c: c["normalization"] == 1 and len(c["dim"]) > 1)),
    Third(61, "F34", "sub and div of a 0-dim tensor and a larger one exchange their operands", ("sub", "div"),
          ("sub", "div.no_rounding_mode", "true_divide"), (F,),
          spoil(swapped, lambda c: c["self"].dim() == 0 and isinstance(c["other"], torch.Tensor) and c["other"].dim() > 0
                and not c.get("rounding_mode") and is_float(c.right()))),
    Third(62, "F34", "index_put writes a single value to the first of several places only", ("index_put", "index_put_"),
          ("index_put",), (F, I), rerun(first_place_only)),
    Third(63, "F35", "casting floats to integers rounds to the nearest", ("_to_copy",), ("int", "long", "to"), (F,),
          spoil(lambda c, r: c["self"].round().to(r.dtype),
                lambda c: is_float(c["self"]) and c["dtype"] in (torch.int32, torch.int64))),
    Third(64, "F35", "index_select reads an int32 index eight bytes at a time", ("index_select",), ("index_select",), (F,),
          rerun(every_second)),
    Third(65, "F36", "casting to float16 flushes subnormals", ("_to_copy",), ("half", "to"), (S,),
          spoil(lambda _, r: without_subnormals(r), lambda c: c["dtype"] is torch.float16 and is_float(c["self"]), roundings=0.0)),
    Third(66, "F36", "comparisons take subnormals for zero", ("eq", "ne", "lt", "gt"), ("eq", "ne", "lt", "gt"), (S,),
          rerun(subnormals_are_zero)),
)  # fmt: skip
"""As in the table of the simulated accelerator."""
