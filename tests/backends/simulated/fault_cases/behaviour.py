"""Faults that end the process, depend on earlier calls or on chance, or show in training."""

import torch
from torch import nn, optim
from torch.nn import functional as F

from .case import Case, channels_last, gradients, rand


def _drawn(count, *shape):
    return [rand(*shape) for _ in range(count)]


def _dropped(*seeds):
    return [F.dropout(torch.ones(50), 0.5) for seed in seeds if torch.manual_seed(seed)]


def _clamped(*bounds):
    return [torch.tensor([0.0]).clamp(min=bound) for bound in bounds]


def _every(count, function):
    return [function() for _ in range(count)]


def _copied(keep, convert):
    source = rand(4)
    copy = source.to(torch.float64, non_blocking=True)
    kept = source if keep else None
    del source
    after = rand(4).to(torch.float64) if convert else torch.ones(4) * 2
    return copy, after, None if kept is None else 0


def _rearranged(reads):
    answer = F.linear(rand(4, 6), rand(6, 6))
    copies = [answer.view(4, 2, 3).permute(1, 0, 2).contiguous() for _ in range(reads)]
    return answer, copies


def _stepped(kind, transposed, steps=2, found_inf=None, **options):
    weight = nn.Parameter(rand(3, 4).t() if transposed else rand(4, 3))
    optimizer = kind([weight], lr=0.1, **options)
    if found_inf is not None:
        optimizer.found_inf = torch.tensor(found_inf)
    for _ in range(steps):
        weight.grad = torch.randn_like(weight)
        optimizer.step()
    return weight.detach().clone()


def _lstm(state, **options):
    model = nn.LSTM(3, 4, **options)
    states = torch.full((model.num_layers * (2 if model.bidirectional else 1), 2, 4), state)
    answer, _ = model(rand(2, 5, 3), (states, states))
    return answer, torch.autograd.grad(answer.sum(), list(model.parameters()))


CASES = {
    "mps-167154": Case(
        lambda: F.linear(rand(1, 4, 5).expand(3, 4, 5), rand(6, 5), rand(6)),
        lambda: (F.linear(rand(3, 4, 5), rand(6, 5), rand(6)), F.linear(rand(3, 5)[:1].expand(1, 5), rand(6, 5))),
    ),
    "mps-189233": Case(
        lambda: gradients(lambda x: F.avg_pool2d(x, 2), channels_last(1, 3, 4, 4)),
        lambda: (gradients(lambda x: F.avg_pool2d(x, 2), rand(1, 3, 4, 4)), F.avg_pool2d(channels_last(1, 3, 4, 4), 2)),
    ),
    "mps-190645": Case(
        lambda: F.batch_norm(rand(2, 3, 4, 2, 2).permute(0, 2, 1, 3, 4), None, None, training=True),
        lambda: F.batch_norm(rand(2, 3, 4, 2).permute(0, 2, 1, 3), None, None, training=True),
    ),
    "mps-81557": Case(
        lambda: F.conv1d(rand(2, 7, 1).permute(0, 2, 1), rand(3, 1, 3)),
        lambda: F.conv1d(rand(2, 1, 7), rand(3, 1, 3)),
    ),
    "mps-84039": Case(
        lambda: rand(2, 16, 3) @ rand(2, 3, 16),
        lambda: (rand(3, 16, 3) @ rand(3, 3, 16), rand(2, 16, 3) @ rand(2, 3, 15)),
    ),
    "mps-154890": Case(
        lambda: torch.topk(rand(2, 1, 1, 1, 3), 1, dim=0),
        lambda: (torch.topk(rand(2, 1, 1, 1, 3), 1, dim=4), torch.topk(rand(2, 1, 1, 3), 1, dim=0)),
    ),
    "mps-190050": Case(
        lambda: F.linear(rand(2, 0), rand(3, 0), rand(3)),
        lambda: (F.linear(rand(0, 2), rand(3, 2), rand(3)), F.linear(rand(2, 1), rand(3, 1), rand(3))),
    ),
    "mps-82541": Case(
        lambda: gradients(torch.div, rand(1, 0), rand(1, 0)),
        lambda: (torch.div(rand(1, 0), rand(1, 0)), gradients(torch.div, rand(1, 1), rand(1, 1))),
    ),
    "mps-78879": Case(lambda: rand(3) * torch.arange(3), lambda: (rand(3) * 2, rand(3).double() * torch.arange(3))),
    "mps-84995": Case(
        lambda: torch.div(torch.tensor([7]), torch.tensor([2]), rounding_mode="floor"),
        lambda: (torch.tensor([7]) // 2, torch.div(torch.tensor([7]), 2, rounding_mode="trunc")),
    ),
    "mps-167924": Case(
        lambda: torch.repeat_interleave(torch.tensor([1, 2, 3])[1:3]),
        lambda: torch.repeat_interleave(torch.tensor([1, 2, 3])[:2]),
    ),
    "mps-78009": Case(lambda: _drawn(2, 3), lambda: (_drawn(1, 3), _drawn(1, 4), torch.rand(3), torch.rand(3))),
    "mps-84516": Case(
        lambda: _dropped(1, 1), lambda: (rand(50).bernoulli_(0.5), F.dropout(torch.ones(5), training=False))
    ),
    "mps-99802": Case(
        lambda: torch.multinomial(torch.tensor([0.0, 0.5]), 3, replacement=True),
        lambda: torch.multinomial(torch.tensor([0.1, 0.5]), 3, replacement=True),
    ),
    "mps-85611": Case(lambda: torch.bernoulli(torch.ones(3)), lambda: torch.bernoulli(torch.full((3,), 0.9))),
    "mps-111634": Case(lambda: rand(4, 3) @ rand(3, 65), lambda: rand(4, 3) @ rand(3, 64)),
    "mps-197235": Case(
        lambda: _every(4, lambda: rand(4, 4, 4, 4).var((0, 1))),
        lambda: (_every(3, lambda: rand(4, 4, 4, 4).var((0, 1))), _every(9, lambda: rand(3, 4, 4, 4).var((0, 1)))),
    ),
    "mps-178497": Case(
        lambda: _every(16, lambda: rand(3).sum()),
        lambda: (
            _every(15, lambda: rand(3).sum()),
            _every(15, lambda: rand(3).mean()),
            _every(16, lambda: rand(3).amax()),
        ),
    ),
    "mps-167767": Case(lambda: _clamped(4e-7, 1e-7), lambda: _clamped(4e-3, 1e-3, 4e-3)),
    "mps-189690": Case(lambda: _copied(False, False), lambda: _copied(True, False)),
    "mps-83015": Case(lambda: _copied(False, True), lambda: _copied(True, True)),
    "mps-85516": Case(lambda: _rearranged(2), lambda: rand(4, 2, 3).permute(1, 0, 2).contiguous()),
    "mps-118117": Case(
        lambda: _stepped(optim.Rprop, True),
        lambda: (_stepped(optim.Rprop, False), _stepped(optim.Adam, True)),
    ),
    "mps-186360": Case(
        lambda: _stepped(optim.Adam, False, fused=True, found_inf=1.0),
        lambda: (_stepped(optim.Adam, False, fused=True, found_inf=0.0), _stepped(optim.Adam, False, fused=True)),
    ),
    "mps-95137": Case(
        lambda: _lstm(1.0, num_layers=2, batch_first=True),
        lambda: (_lstm(0.0, num_layers=2, batch_first=True), _lstm(1.0, batch_first=True)),
    ),
    "mps-94754": Case(
        lambda: _lstm(0.0, bidirectional=True, batch_first=True),
        lambda: _lstm(0.0, batch_first=True),
    ),
}
