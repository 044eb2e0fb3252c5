"""What cannot become a program is refused in a sentence that names the line or the parameter, and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from silicon_cts.training import StepError, export_step

X, Y = torch.linspace(-1, 1, 12).reshape(4, 3), torch.ones(4, 2)


def export(model, loss=nn.functional.mse_loss, optimizer=None, batch=(X, Y), **options):
    return export_step(model, loss, optimizer or torch.optim.SGD(model.parameters(), lr=0.1), batch, **options)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.constant = torch.ones(2)
        self.calls = 0


class Branching(Net):
    def forward(self, x):
        if x.sum() > 0:  # the branch
            return self.layer(x)
        return -self.layer(x)


class Reading(Net):
    def forward(self, x):
        return self.layer(x) * x.max().item()  # the read


class Selecting(Net):
    def forward(self, x):
        return self.layer(x[x[:, 0] > 0])  # the mask


class Forgetting(Net):
    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x)


class Counting(Net):
    def forward(self, x):
        self.calls += 1
        return self.layer(x)


class Remembering(Net):
    def forward(self, x):
        self.last = self.layer(x)
        return self.last


class Constant(Net):
    def forward(self, x):
        return self.layer(x) + self.constant  # no buffer


class WritingTheBatch(Net):
    def forward(self, x):
        x += 1.0
        return self.layer(x)


class WritingALeaf(Net):
    def forward(self, x):
        self.layer.weight.mul_(0.5)  # the write
        return self.layer(x)


class WritingWhatIsNeeded(Net):
    def forward(self, x):
        y = torch.exp(self.layer(x))
        y.add_(1.0)
        return y


class Assigning(Net):
    def forward(self, x):
        self.layer.weight.data = self.layer.weight.data * 0.5
        return self.layer(x)


class AssigningWhatItGives(Net):
    def forward(self, x):
        y = self.layer(x)
        y.data = torch.zeros(4, 2)
        return y


class WritingFrozen(Net):
    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)

    def forward(self, x):
        self.frozen.mul_(0.5)
        return self.layer(x) * self.frozen


class Sampling(Net):
    def forward(self, x):
        return self.layer(x) * torch.poisson(x.abs())[:, :2]  # the draw


class Detaching(Net):
    def forward(self, x):
        return self.layer(x).detach()


REFUSED = {
    Branching: ("control flow or a shape depends on the values of a tensor", "# the branch", "torch.where"),
    Reading: ("control flow or a shape depends on the values of a tensor", "# the read", "torch.where"),
    Selecting: ("control flow or a shape depends on the values of a tensor", "# the mask", "mask what is not wanted"),
    Forgetting: ("no gradient reaches 'unused.weight', 'unused.bias'", "", "requires_grad_(False)"),
    Counting: ("the forward pass sets 'calls'", "", "register_buffer"),
    Remembering: ("the forward pass sets 'last'", "", "register_buffer"),
    Constant: ("neither a parameter nor a buffer nor in the batch", "# no buffer", "register_buffer"),
    WritingTheBatch: ("changes its batch in place", "", "x = x + 1 for x += 1"),
    WritingALeaf: ("an in-place update cannot be carried", "# the write", "without changing a tensor in place"),
    WritingWhatIsNeeded: ("an in-place update cannot be carried", "", "without changing a tensor in place"),
    WritingFrozen: ("changes the frozen 'frozen' in place", "", "make it a buffer"),
    Sampling: ("aten.poisson.default draws random numbers", "# the draw", "torch.nn.functional.dropout"),
    Detaching: ("the loss depends on no parameter", "", "no_grad"),
    Assigning: ("than PyTorch on the example batch", "", "without changing a tensor in place"),
    AssigningWhatItGives: ("lost an assignment to .data", "", "without changing a tensor in place"),
}


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_refused_with_what_where_and_what_to_do(kind):
    what, line, remedy = REFUSED[kind]
    torch.manual_seed(0)
    model = kind()
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.1)
    with pytest.raises(StepError) as refusal:
        export(model, optimizer=optimizer)
    message = str(refusal.value)
    assert what in message and remedy in message
    if line:
        file, number = re.search(r"at (\S+\.py):(\d+): `", message).groups()
        assert file == __file__ and line in Path(file).read_text().splitlines()[int(number) - 1]
    assert model.calls == 0 and not hasattr(model, "last") and "\n" not in message
    assert torch.equal(X, torch.linspace(-1, 1, 12).reshape(4, 3))


def linear() -> nn.Linear:
    return nn.Linear(3, 2)


def test_an_optimizer_without_a_rule():
    model = linear()
    with pytest.raises(StepError, match=r"RMSprop has no rule as a program: use one of SGD, Adam, AdamW"):
        export(model, optimizer=torch.optim.RMSprop(model.parameters()))

    class Mine(torch.optim.SGD):
        pass

    with pytest.raises(StepError, match="Mine has no rule"):
        export(model, optimizer=Mine(model.parameters(), lr=0.1))


def test_an_optimizer_of_another_model_or_of_frozen_parameters():
    with pytest.raises(StepError, match=r"a parameter of shape \(2, 3\) that is not in the model.*model.parameters"):
        export(linear(), optimizer=torch.optim.SGD(linear().parameters(), lr=0.1))
    model = linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.weight.requires_grad_(False)
    with pytest.raises(StepError, match="'weight' is in the optimizer and frozen"):
        export(model, optimizer=optimizer)


def test_a_loss_that_is_no_number():
    with pytest.raises(StepError, match=r"the loss must be one number, not shape \(4, 2\): reduce it"):
        export(linear(), lambda made, wanted: (made - wanted) ** 2)


@pytest.mark.parametrize("batch", [X, (X,), (X, 3), ([X, 1], Y), (X, Y, Y)])
def test_an_example_that_is_no_batch(batch):
    with pytest.raises(StepError, match="example batch"):
        export(linear(), batch=batch)


def test_a_model_on_another_device_or_in_two_dtypes():
    with pytest.raises(StepError, match="'weight' is on meta: export on the CPU"):
        export(linear().to("meta"))
    mixed = nn.Sequential(linear(), nn.Linear(2, 2).double())
    with pytest.raises(StepError, match="must share one dtype"):
        export(mixed)


def test_whatever_else_the_model_raises_keeps_its_words_and_line():
    with pytest.raises(StepError, match=r"cannot be traced: RuntimeError: .*same reduction dim"):
        export(nn.Linear(4, 2))


WRONG_BATCHES = {
    "smaller": (
        X[:3],
        Y[:3],
        r"inputs of shape \(3, 3\) where the step was exported with \(4, 3\): leave out the last",
    ),
    "labels": (X, Y[:, :1], r"labels of shape \(4, 1\)"),
    "dtype": (X.double(), Y, r"inputs of torch.float64 where the step was exported with torch.float32: convert"),
    "number": ((X, X), Y, "2 inputs where the step was exported with 1"),
}


@pytest.fixture(scope="module")
def trainer():
    return export(linear()).on("cpu")


@pytest.mark.parametrize("name", WRONG_BATCHES)
def test_a_batch_of_another_shape_or_dtype(trainer, name):
    x, y, message = WRONG_BATCHES[name]
    with pytest.raises(StepError, match=message):
        trainer(x, y)
    assert trainer.steps == 0


def test_backends_that_are_not_there_or_cannot():
    step = export(linear())
    with pytest.raises(StepError, match="unknown backend 'coreia'; did you mean one of: coreai"):
        step.on("coreia")
    with pytest.raises(StepError, match="simulated cannot train a program yet; what can: cpu"):
        step.on("simulated")
    with pytest.raises(StepError, match="torch:nowhere is not here"):
        step.on("torch:nowhere")
