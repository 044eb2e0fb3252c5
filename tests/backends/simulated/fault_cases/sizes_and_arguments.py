"""Faults of sizes, of arguments, of indexing, and missing errors."""

import torch
from torch.nn import functional as F

from .case import Case, gradients, rand


def _index_fill(index):
    buffer = torch.zeros(3, 4)
    view = buffer[:, :2].view(3, 2)
    view.index_fill_(1, torch.tensor([index]), 5.0)
    return buffer


def _index_copy(index):
    return torch.zeros(3, 2).index_copy_(0, torch.tensor(index), rand(3, 2))


def _index_put(index):
    x = torch.zeros(20)
    x[torch.tensor(index)] = rand(len(index))
    return x


def _conv(channels, *args, **kwargs):
    return F.conv1d(rand(1, 2, 5), rand(channels, 2, 3), *args, **kwargs)


def _linear3d(batch, bias):
    return F.linear(rand(batch, 2, 3), rand(4, 3), rand(4) if bias else None)


def _scores(batch, transposed):
    return rand(batch, 8, 4) @ (rand(batch, 8, 4).mT if transposed else rand(batch, 4, 8))


CASES = {
    "mps-129207": Case(lambda: _conv(65), lambda: _conv(64)),
    "mps-189495": Case(lambda: _linear3d(65, True), lambda: (_linear3d(64, True), _linear3d(65, False))),
    "mps-123716": Case(lambda: rand(33, 3) @ rand(3, 32), lambda: rand(32, 3) @ rand(3, 32)),
    "mps-195163": Case(
        lambda: torch.bmm(rand(2, 16, 63), rand(2, 63, 16)),
        lambda: (torch.bmm(rand(2, 16, 62), rand(2, 62, 16)), torch.bmm(rand(2, 15, 63), rand(2, 63, 16))),
    ),
    "mps-197636": Case(lambda: _scores(17, True), lambda: (_scores(16, True), _scores(17, False))),
    "mps-189960": Case(lambda: torch.cat([rand(600), rand(600)]), lambda: torch.cat([rand(600), rand(424)])),
    "mps-188756": Case(
        lambda: F.embedding(torch.tensor([63, 64]), rand(70, 4)),
        lambda: F.embedding(torch.tensor([63, 0]), rand(70, 4)),
    ),
    "mps-194922": Case(
        lambda: F.pad(rand(1, 1, 2, 8, 8), (1, 0)),
        lambda: (F.pad(rand(1, 1, 2, 7, 9), (1, 0)), F.pad(rand(1, 2, 8, 8), (1, 0))),
    ),
    "mps-183885": Case(
        lambda: torch.argsort(rand(3, 90), 0),
        lambda: (torch.argsort(rand(3, 64), 0), torch.argsort(rand(3, 65), 1)),
    ),
    "mps-122916": Case(
        lambda: torch.nonzero(torch.ones(300, dtype=torch.int64)),
        lambda: (torch.nonzero(torch.ones(256, dtype=torch.int64)), torch.nonzero(torch.ones(300))),
    ),
    "mps-78915": Case(lambda: torch.topk(rand(3, 20), 17), lambda: torch.topk(rand(3, 20), 16)),
    "mps-83180": Case(
        lambda: F.conv2d(rand(1, 2, 6, 6), rand(3, 2, 3, 3), stride=(1, 2)),
        lambda: F.conv2d(rand(1, 2, 6, 6), rand(3, 2, 3, 3), stride=2),
    ),
    "mps-80192": Case(
        lambda: F.pad(rand(2, 1), (1, 1, 1, 1)),
        lambda: (F.pad(rand(2, 1), (0, 0, 1, 1)), F.pad(rand(2, 2), (1, 1, 1, 1))),
    ),
    "mps-98266": Case(lambda: torch.flip(rand(1, 3), (0,)), lambda: torch.flip(rand(2, 3), (0,))),
    "mps-92329": Case(lambda: rand(2, 3).cumsum(-1), lambda: rand(2, 3).cumsum(1)),
    "mps-84535": Case(lambda: F.pad(rand(1, 1, 2, 2), (1,) * 8), lambda: F.pad(rand(1, 1, 2, 2), (1,) * 6)),
    "mps-161011": Case(
        lambda: F.avg_pool2d(rand(1, 1, 5, 5), 2, ceil_mode=True),
        lambda: (F.avg_pool2d(rand(1, 1, 5, 5), 2), F.avg_pool2d(rand(1, 1, 4, 4), 2, ceil_mode=True)),
    ),
    "mps-90273": Case(
        lambda: torch.tensor([1, 5, 3]).max(),
        lambda: (torch.tensor([1.0, 5.0]).max(), torch.tensor([[1, 5]]).max(), torch.tensor([1, 5]).max(0)),
    ),
    "mps-126649": Case(
        lambda: torch.fft.irfft(rand(3, dtype=torch.complex64), 5),
        lambda: torch.fft.irfft(rand(3, dtype=torch.complex64), 4),
    ),
    "mps-188438": Case(
        lambda: F.linear(rand(3, 4), rand(5, 4), rand(5)),
        lambda: (F.linear(rand(3, 3), rand(5, 3), rand(5)), F.linear(rand(3, 4), rand(5, 4))),
    ),
    "mps-189134": Case(
        lambda: torch.linalg.solve(rand(2, 3, 3), rand(3, 1)),
        lambda: torch.linalg.solve(rand(2, 3, 3), rand(2, 3, 1)),
    ),
    "mps-165058": Case(lambda: rand(3).clamp(min=rand(2, 3)), lambda: rand(2, 3).clamp(min=rand(3))),
    "mps-148547": Case(lambda: torch.linalg.solve(rand(3, 3), rand(3)), lambda: torch.linalg.inv(rand(3, 3))),
    "mps-97574": Case(lambda: _index_put([3] * 9), lambda: _index_put(list(range(9)))),
    "mps-166237": Case(lambda: _index_copy([0, 0, 1]), lambda: _index_copy([2, 0, 1])),
    "mps-125100": Case(
        lambda: rand(3, 4)[torch.ones(3, 4, dtype=torch.bool)],
        lambda: (rand(4)[torch.ones(4, dtype=torch.bool)], rand(3, 4)[torch.tensor([0, 1])]),
    ),
    "mps-144824": Case(
        lambda: (F.embedding(torch.tensor([0, 9]), rand(3, 4)), rand(3, 4)[:, torch.tensor([1, 4])]),
        lambda: (F.embedding(torch.tensor([0, 2]), rand(3, 4)), rand(3, 4)[torch.tensor([-1])]),
    ),
    "mps-189969": Case(lambda: _index_fill(3), lambda: _index_fill(1)),
    "mps-169236": Case(
        lambda: F.conv_transpose1d(rand(1, 2, 5), rand(2, 3, 3), output_padding=1),
        lambda: F.conv_transpose1d(rand(1, 2, 5), rand(2, 3, 3), stride=2, output_padding=1),
    ),
    "mps-165870": Case(
        lambda: torch.linalg.lu_factor(torch.zeros(2, 2)),
        lambda: torch.linalg.lu_factor(rand(2, 2)),
    ),
    "mps-175192": Case(
        lambda: gradients(torch.linalg.solve, rand(3, 3), rand(3, 2)),
        lambda: torch.linalg.solve(rand(3, 3).requires_grad_(), rand(3, 2)),
    ),
    "mps-153957": Case(
        lambda: gradients(F.linear, rand(3, 4), rand(65, 4)),
        lambda: gradients(F.linear, rand(3, 4), rand(64, 4)),
    ),
    "mps-117826": Case(
        lambda: gradients(lambda a, b: torch.einsum("bij,ijk->bik", a, b), rand(2, 3, 4), rand(3, 4, 5)),
        lambda: (
            gradients(torch.bmm, rand(2, 3, 4), rand(2, 4, 5)),
            torch.einsum("bij,ijk->bik", rand(2, 3, 4), rand(3, 4, 5)),
        ),
    ),
    "mps-79784": Case(
        lambda: gradients(F.linear, rand(3), rand(4, 3)),
        lambda: (gradients(F.linear, rand(1, 3), rand(4, 3)), F.linear(rand(3), rand(4, 3))),
    ),
}
