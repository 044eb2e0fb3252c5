"""A backend in one file, as another package would add it. What it does wrong depends on the operator asked."""

import ctypes
import os
import sys
import tempfile

from silicon_cts.backends import outcome
from silicon_cts.backends.protocol import Backend, Capability
from silicon_cts.backends.torch_device import TorchDevice


class Fake(Backend):
    """Eager CPU in a worker, with a fault of its own for some operators."""

    def __init__(self, name):
        self.name = name
        self.cpu = TorchDevice("cpu")
        self.calls = 0

    @property
    def marks(self):
        return ("fake",)

    def absence(self):
        return None

    def capability(self):
        return Capability(
            ("float32", "int64"),
            aspects=("forward",),
            isolation="forkserver",
            deadlines={"run": 20.0},
            batch=4,
            generates=False,
        )

    def run(self, tasks, enter):
        enter("run")
        return [self.one(task, enter) for task in tasks]

    def one(self, task, enter):
        self.calls += 1
        name = task.recipe.operator
        if name == "mul":
            return outcome.refusal("no kernel for mul", "run")
        if name == "reciprocal":
            print("assertion failed in the driver", file=sys.stderr, flush=True)
            os.abort()
        if name == "exp":
            ctypes.PyDLL(None).sleep(600)  # PyDLL keeps the GIL: no timer in this process can end it
        if name == "log":
            raise ValueError("the driver is confused")
        if name == "ceil":
            tempfile.mkdtemp(prefix="left-behind-")
            os.abort()
        if name == "abs":
            os.write(1, b"x" * 2_000_000)
        found = self.cpu._run_one(task, enter)
        if found.observed is None:
            return found
        if name == "sub" or (name == "sin" and self.calls > 1):
            return outcome.result([tensor + 1 for tensor in found.observed])
        if name == "cos":
            return outcome.result([tensor.double() for tensor in found.observed])
        if name == "tan":
            return outcome.result([*found.observed, *found.observed])
        if name == "neg":
            return outcome.result(found.observed, elsewhere="planned on the CPU, asked for the ANE")
        return found
