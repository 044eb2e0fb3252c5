"""How is a call converted and evaluated by hand, in a script of its own?"""

from __future__ import annotations

from silicon_cts.backends.coreml.interface import weights
from silicon_cts.catalog.models.calls import CALLS
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.resized import RANGE, dimensions
from silicon_cts.sampling.sample import make

_STATIC = """\
import coremltools as ct
import numpy as np
import silicon_cts.mil


class Module(torch.nn.Module):
    def forward(self, *tensors):
        return call(*tensors)


tensors = tuple(tensor.detach() for tensor in tensors)
kinds = {torch.int64: np.int32, torch.float64: np.float32, torch.bool: bool}
kinds |= {torch.int32: np.int32, torch.float32: np.float32, torch.float16: np.float16}
inputs = [ct.TensorType(f"x{i}", tensor.shape, kinds[tensor.dtype]) for i, tensor in enumerate(tensors)]
programs = {
    "trace": lambda: torch.jit.trace(Module().eval(), tensors, check_trace=False),
    "export": lambda: torch.export.export(Module().eval(), tensors).run_decompositions({}),
}
answer = {}
for front, program in programs.items():
    for precision in (ct.precision.FLOAT32, ct.precision.FLOAT16):
        try:
            options = {"compute_precision": precision, "minimum_deployment_target": ct.target.iOS18}
            model = ct.convert(program(), inputs=inputs, skip_model_load=True, **options)
            predicted = silicon_cts.mil.load(model).predict({f"x{i}": x.numpy() for i, x in enumerate(tensors)})
            answer[front, precision.value] = list(predicted.values())
        except Exception as error:
            answer[front, precision.value] = repr(error)
"""
_FLEXIBLE = """\
import coremltools as ct
import silicon_cts.mil


class Module(torch.nn.Module):
    def forward(self, *tensors):
        return call(*tensors)


flexible = {flexible}  # of each tensor, the dimensions that take any size
own = {own}  # the size at which the program is made


def when_made(tensor, dims):
    for dim in dims:
        tensor = tensor.index_select(dim, torch.arange(own) % tensor.shape[dim])
    return tensor if tensor.is_floating_point() else torch.zeros_like(tensor)


tensors = tuple(tensor.detach() for tensor in tensors)
given = tuple(map(when_made, tensors, flexible))
size = ct.RangeDim({least}, {most}, default=own)
inputs = [
    ct.TensorType(f"x{{i}}", [size if dim in dims else n for dim, n in enumerate(tensor.shape)])
    for i, (tensor, dims) in enumerate(zip(given, flexible))
]
options = {{"compute_precision": ct.precision.FLOAT32, "minimum_deployment_target": ct.target.iOS18}}
program = torch.jit.trace(Module().eval(), given, check_trace=False)
try:
    model = ct.convert(program, inputs=inputs, skip_model_load=True, **options)
    predicted = silicon_cts.mil.load(model).predict({{f"x{{i}}": x.numpy() for i, x in enumerate(tensors)}})
    answer = list(predicted.values())
except Exception as error:
    answer = repr(error)
"""


_AROUND = """\
class Around(torch.nn.Module):
    def __init__(self):  # torch.jit.trace keeps sizes as numbers in a module that another holds
        super().__init__()
        self.module = Module()

    def forward(self, *tensors):
        return self.module(*tensors)
"""
"""Around a ``Module`` that the script has."""
_STATEFUL = (
    """\
import coremltools as ct
import numpy as np
import silicon_cts.mil
from silicon_cts.catalog.models.inference import OneCall, states


class Module(torch.nn.Module):
    def __init__(self):  # holds the weights, and the states that it writes to
        super().__init__()
        for i, tensor in enumerate((*kept, *weights.values())):
            self.register_buffer(f"held_{i}", tensor)

    def forward(self, *tensors):
        held = tuple(self.buffers())
        return one_call(tensors, held[: len(kept)], dict(zip(weights, held[len(kept) :])))


"""
    + _AROUND
    + """

(inputs, weights), _ = sample.arguments()
one_call, kept = OneCall(MODEL), states(MODEL, inputs)
calls = list(zip(*(one.unbind() for one in inputs)))  # the inputs of each
programs = {
    "trace": lambda: torch.jit.trace(Around().eval(), calls[0], check_trace=False),
    "export": lambda: torch.export.export(Around().eval(), calls[0]).run_decompositions({}),
}
asked = [ct.TensorType(f"x{i}", tensor.shape, np.int32) for i, tensor in enumerate(calls[0])]
answer = {}
for front, program in programs.items():
    for precision in (ct.precision.FLOAT32, ct.precision.FLOAT16):
        forms = [ct.TensorType(shape=one.shape, dtype=np.float16) for one in kept]
        held = [ct.StateType(form, f"module.held_{i}") for i, form in enumerate(forms)]
        try:
            options = {"compute_precision": precision, "minimum_deployment_target": ct.target.iOS18}
            model = ct.convert(program(), inputs=[*asked], states=held, skip_model_load=True, **options)
            loaded = silicon_cts.mil.load(model)
            state = loaded.make_state()
            given = [{f"x{i}": x.numpy().astype(np.int32) for i, x in enumerate(call)} for call in calls]
            predicted = [one for call in given for one in loaded.predict(call, state).values()]
            read = [state.read_state(one.name) for one in model.get_spec().description.state]
            answer[front, precision.value] = [np.stack(predicted), *read]
        except Exception as error:
            answer[front, precision.value] = repr(error)
"""
)


_FORWARD = """\
    def forward(self, *tensors):
        return call(*tensors)
"""
_HOLDING = (
    """\
    def __init__(self):  # holds the weights, as a deployed program does
        super().__init__()
        for i, weight in enumerate(weights):
            self.register_buffer(f"weight_{i}", weight)

    def forward(self, *tensors):
        return call(*tensors, *self.buffers())


"""
    + _AROUND
)
_DETACHED = "tensors = tuple(tensor.detach() for tensor in tensors)\n"


def static(recipe: Recipe) -> str:
    """Convert in every way and evaluate."""
    held = weights(recipe.operator, make(recipe))
    if not held:
        return _STATIC
    split = f"{_DETACHED}tensors, weights = tensors[: {held[0]}], tensors[{held[0]} :]\n"
    return _STATIC.replace("Module().eval()", "Around().eval()").replace(_FORWARD, _HOLDING).replace(_DETACHED, split)


def stateful(recipe: Recipe) -> str:
    """Convert one call in every way and evaluate all calls with the same states."""
    return _STATEFUL.replace("MODEL", repr(CALLS[recipe.operator].model.name))


def flexible(recipe: Recipe) -> str:
    """Trace at the size of op_db's sample, with a range in its place, and evaluate at the size of the recipe."""
    (own, _), *_ = recipe.sizes
    return _FLEXIBLE.format(flexible=dimensions(recipe), own=own, least=RANGE[0], most=RANGE[1])
