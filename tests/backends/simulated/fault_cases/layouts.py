"""Faults of layouts: destinations, strided operands, offsets, channels_last."""

import torch
from torch.nn import functional as F

from .case import Case, changed, channels_last, gradients, rand


def _ints(*shape):
    return torch.arange(1, torch.Size(shape).numel() + 1).reshape(shape)


def _fill_view(start):
    buffer = torch.zeros(8)
    buffer[start:].fill_(7)
    return buffer


def _fill_column(column):
    matrix = torch.zeros(3, 4)
    (matrix[:, 0] if column else matrix[0]).fill_(7)
    return matrix


def _copy_cast(dtype):
    source = torch.arange(1.0, 5.0)
    buffer = torch.zeros(8, dtype=dtype)
    buffer[2:6].copy_(source)
    return buffer, source


def _assign(value):
    x = torch.zeros(4)
    x[:] = value
    return x


def _mask_fill(x, mask):
    x.masked_fill_(mask, -1.0)
    return x


CASES = {
    "mps-118115": Case(
        lambda: changed(rand(3, 4).t(), lambda t: t.addcdiv_(rand(4, 3), rand(4, 3))),
        lambda: (
            changed(rand(4, 3), lambda t: t.addcdiv_(rand(4, 3), rand(4, 3))),
            torch.addcmul(*[rand(3, 4).t()] * 3),
        ),
    ),
    "mps-100764": Case(
        lambda: torch.neg(rand(3, 4), out=torch.zeros(4, 3).t()),
        lambda: (torch.neg(rand(3, 4), out=torch.zeros(3, 4)), torch.neg(rand(4, 3).t(), out=torch.zeros(4, 3).t())),
    ),
    "mps-165267": Case(lambda: torch.zeros(3, 4).t().uniform_(), lambda: torch.zeros(3, 4).uniform_()),
    "mps-131957": Case(
        lambda: _mask_fill(rand(3, 4), torch.tensor([[True], [False], [False]]).expand(3, 4)),
        lambda: _mask_fill(rand(3, 4), _ints(3, 4) % 3 == 0),
    ),
    "mps-146085": Case(
        lambda: torch.bitwise_xor(_ints(3, 4), _ints(3, 4) * 3, out=torch.zeros(4, 3, dtype=torch.int64).t()),
        lambda: torch.bitwise_xor(_ints(3, 4), _ints(3, 4) * 3, out=torch.zeros(3, 4, dtype=torch.int64)),
    ),
    "mps-95113": Case(lambda: _fill_view(3), lambda: _fill_view(0)),
    "mps-78074": Case(lambda: _fill_column(True), lambda: _fill_column(False)),
    "mps-189563": Case(
        lambda: _copy_cast(torch.float16),
        lambda: (_copy_cast(torch.float32), _copy_cast(torch.float64)),
    ),
    "mps-86185": Case(lambda: _assign(torch.tensor([3.0])[0]), lambda: _assign(torch.tensor(3.0))),
    "mps-192212": Case(
        lambda: F.conv2d(rand(1, 2, 5, 5), rand(3, 2, 3, 3, 3)[:, :, 1]),
        lambda: F.conv2d(rand(1, 2, 5, 5), channels_last(3, 2, 3, 3)),
    ),
    "mps-175191": Case(
        lambda: rand(3, 3).scatter_(0, torch.tensor([[0, 1, 2]] * 3), rand(3, 3).t()),
        lambda: rand(3, 3).t().scatter_(0, torch.tensor([[0, 1, 2]] * 3), rand(3, 3)),
    ),
    "mps-150967": Case(
        lambda: torch.where(torch.tensor([[True, True], [False, False]]).t(), 1.0, 0.0),
        lambda: torch.where(torch.tensor([[True, True], [False, False]]), rand(2, 2).t(), 0.0),
    ),
    "mps-131736": Case(
        lambda: gradients(F.softplus, rand(3, 4, 5).movedim(0, 1)),
        lambda: gradients(F.softplus, rand(4, 3, 5)),
    ),
    "mps-78445": Case(
        lambda: rand(2, 3, 4, 5).permute(3, 1, 0, 2).contiguous(),
        lambda: (rand(2, 3, 4).permute(2, 0, 1).contiguous(), rand(2, 3, 4, 5).permute(3, 1, 0, 2).clone()),
    ),
    "mps-180236": Case(lambda: rand(20, 1).expand(20, 4) @ rand(4, 3), lambda: rand(20, 4) @ rand(3, 4).t()),
    "mps-78642": Case(
        lambda: torch.tensor(1.0).expand(10).to(torch.float64),
        lambda: torch.ones(10).expand(1, 10).to(torch.float64),
    ),
    "mps-148156": Case(
        lambda: rand(3, 3, dtype=torch.complex64).conj() @ rand(3, 3, dtype=torch.complex64),
        lambda: rand(3, 3, dtype=torch.complex64).conj().resolve_conj() @ rand(3, 3, dtype=torch.complex64),
    ),
    "mps-96153": Case(lambda: rand(2, 6)[1].reshape(2, 3) + 1, lambda: (rand(2, 6)[1] + 1, rand(2, 6).view(3, 4) + 1)),
    "mps-91071": Case(
        lambda: torch.stack([rand(6)[0:2], rand(6)[2:4]]),
        lambda: torch.stack([rand(4, 3)[:2], rand(4, 3)[2:]]),
    ),
    "mps-182822": Case(
        lambda: torch.tensor([False, True])[1] & torch.tensor(True),
        lambda: (torch.tensor([0, 1])[1] & torch.tensor(1), torch.tensor([False, True])[1:] & torch.tensor(True)),
    ),
    "mps-133520": Case(
        lambda: F.batch_norm(rand(6, 2, 3)[3:], None, None, training=True),
        lambda: (F.batch_norm(rand(6, 2, 3)[:3], None, None, training=True), F.layer_norm(rand(6, 3)[3:], (3,))),
    ),
    "mps-94980": Case(lambda: _ints(3, 2)[:, 1].float(), lambda: (_ints(3, 2)[:, 0].float(), _ints(3, 2)[1].float())),
    "mps-78363": Case(lambda: torch.linalg.inv(rand(3, 2, 2)[1]), lambda: torch.linalg.inv(rand(3, 2, 2)[0])),
    "mps-180984": Case(
        lambda: F.conv2d(channels_last(1, 3, 5, 5)[:, :1], rand(2, 1, 3, 3)),
        lambda: (
            F.conv2d(channels_last(1, 3, 5, 5), rand(2, 3, 3, 3)),
            F.conv2d(rand(1, 3, 5, 5)[:, :1], rand(2, 1, 3, 3)),
        ),
    ),
    "mps-141009": Case(
        lambda: gradients(F.conv2d, channels_last(1, 3, 5, 5), rand(2, 3, 3, 3)),
        lambda: (
            F.conv2d(channels_last(1, 3, 5, 5), rand(2, 3, 3, 3)),
            gradients(F.conv2d, rand(1, 3, 5, 5), rand(2, 3, 3, 3)),
        ),
    ),
    "mps-175189": Case(
        lambda: gradients(lambda x: F.batch_norm(x, None, None, training=True), channels_last(2, 3, 4, 4)),
        lambda: F.batch_norm(channels_last(2, 3, 4, 4).requires_grad_(), None, None, training=True),
    ),
}
