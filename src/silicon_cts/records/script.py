"""How does a person reproduce a verdict without silicon-cts?

The script makes the tensors, makes the call on the CPU, then on the backend, and prints both answers; of a call that
writes to a tensor it prints what was changed beside it too. Its calls are made as
:mod:`silicon_cts.sampling.observation` makes them.
"""

from __future__ import annotations

from silicon_cts.backends.protocol import Backend
from silicon_cts.catalog.models.calls import task_of
from silicon_cts.numerics.verdict import REJECTS
from silicon_cts.sampling import literals
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.sample import Sample, make
from silicon_cts.sampling.source import source


def script(backend: Backend, recipe: Recipe, aspect: str, headline: str, *, watch: bool = False) -> str | None:
    """Stand-alone Python: the call on the CPU, then on the backend.

    ``watch`` it for inputs that it changes, which is always done for what writes to a tensor. None if the backend does
    not say how, or the CPU cannot make the call.
    """
    exported = task_of(recipe.operator) == "training" and backend.capability().ahead_of_time
    on_backend = _TRAINED.format(name=backend.name) if exported else backend.script(recipe, aspect)
    if on_backend is None:
        return None
    sample = make(recipe)
    try:
        text = source(recipe, aspect)
    except Exception:  # whatever the CPU raises: there is no gradient without its answer
        return None
    call = _CALLS.get(aspect, "run")
    watch = (watch or bool(sample.written)) and aspect not in ("gradient", "repeat") and "given" in on_backend
    given = '[move(tensor, "cpu") for tensor in tensors]' if watch else "tensors"
    on_cpu = f'given = {given}\nprint("cpu:", call(*given))\n' if watch else 'print("cpu:", call(*tensors))\n'
    helpers = [
        _NO_GRADIENT if aspect != "gradient" and any(tensor.requires_grad for tensor in sample.tensors) else "",
        _mover(sample, recipe) if watch or call in ("gradient", "draw") or "move(" in on_backend else "",
        _gradient(recipe, "\nprocess = " in text) if call == "gradient" else "",
        _ATTEMPT if call == "attempt" else "",
        (_UNSEEDED if "op.op(" in text else "") + _DRAW if call == "draw" else "",
        _CHANGED.format(written=_written(sample)) if watch else "",
    ]
    comment = "\n".join(f"# {line}" for line in headline.splitlines())
    changed = {name: f'print("{name} changed:", changed(given))\n' if watch else "" for name in ("cpu", backend.name)}
    return (
        f"{comment}\nimport torch\n\n{text}\n{''.join(helpers)}\ncall = {call}\n{on_cpu}{changed['cpu']}\n"
        f'{on_backend}\nprint("{backend.name}:", answer)\n{changed[backend.name]}'
    )


def _written(sample: Sample) -> list[int]:
    return [index for index, position in enumerate(sample.tensor_positions) if position in sample.written]


def _mover(sample: Sample, recipe: Recipe) -> str:
    return _MOVE if all(map(literals.is_whole, sample.tensors)) and not recipe.cotangent else _MOVE_MEMORY


def _gradient(recipe: Recipe, processes: bool) -> str:
    answer = "process(run(*tensors))" if processes else "run(*tensors)"
    return _TWICE.format(answer=answer) if recipe.cotangent else _ONCE.format(answer=answer)


_CALLS = {"gradient": "gradient", REJECTS: "attempt", "random": "draw"}
"""What is called in an aspect, where it is not the operator alone."""
_TRAINED = """\
from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Task
from silicon_cts.training import tasks

answer = tasks.run(registry.get({name!r}), [Task(recipe, "forward")], lambda stage: None)[0]
"""
_NO_GRADIENT = "\ntorch.set_grad_enabled(False)\n"
_MOVE = '''
def move(tensor, device):
    """A copy on a device."""
    return tensor.detach().clone().to(device).requires_grad_(tensor.requires_grad)

'''
_MOVE_MEMORY = '''
def move(tensor, device):
    """A copy on a device that lies in memory as the tensor does, with what is beside it."""
    plain = tensor.detach()
    plain = plain.conj() if tensor.is_conj() else plain
    plain = torch._neg_view(plain) if plain.is_neg() else plain
    memory = plain.as_strided((plain.untyped_storage().nbytes() // plain.element_size(),), (1,), 0)
    moved = memory.clone().to(device).as_strided(plain.shape, plain.stride(), plain.storage_offset())
    moved = torch._neg_view(moved) if tensor.is_neg() else moved
    moved = moved.conj() if tensor.is_conj() else moved
    return moved.requires_grad_(tensor.requires_grad)

'''
_OUTPUTS = """\
    from torch.utils._pytree import tree_leaves

    outputs = [one for one in tree_leaves({answer}) if isinstance(one, torch.Tensor) and one.requires_grad]
    inputs = [tensor for tensor in tensors if tensor.requires_grad]
"""
_ONCE = f'''
def gradient(*tensors):
    """The gradient of each tensor that wants one."""
{_OUTPUTS}    given = [move(one, inputs[0].device) for one in cotangents]
    return torch.autograd.grad(outputs, inputs, given, allow_unused=True)

'''
_TWICE = f'''
def gradient(*tensors):
    """The gradient of each tensor that wants one, and what a second backward makes of it: twice as much."""
{_OUTPUTS}    held = []
    for last in (False, True):
        given = [move(one, inputs[0].device) for one in cotangents]
        torch.autograd.backward(outputs, given, retain_graph=not last, inputs=inputs)
        held += [None if tensor.grad is None else tensor.grad.clone() for tensor in inputs]
    return held

'''
_ATTEMPT = '''
def attempt(*tensors):
    """The error of the call: it must be refused."""
    try:
        return run(*tensors)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

'''
_UNSEEDED = """
# op_db seeds each call, which would hide the generator's state.
op.op.__globals__["wrapper_set_seed"] = lambda called, *args, **kwargs: called(*args, **kwargs)
"""
_DRAW = '''
def draw(*tensors):
    """From one seed twice, from another, and once more: the first two answers alone must be equal."""
    answers = []
    for seed in (1, 1, 2, None):
        if seed is not None:
            torch.manual_seed(seed)
        answers.append(run(*[move(tensor, tensor.device) for tensor in tensors]))
    return answers

'''
_CHANGED = '''
def memory(tensor):
    """The whole memory under a tensor, one row of bytes an element."""
    flat = torch.empty(0, dtype=torch.uint8, device=tensor.device).set_(tensor.untyped_storage())
    return flat.cpu().reshape(-1, tensor.element_size())


def changed(given):
    """What a call changed of what it was given, and must not."""
    said = []
    for index, (tensor, after) in enumerate(zip(tensors, given)):
        before, now = memory(tensor), memory(after)
        if index in {written} and len(before) != len(now):  # it was resized
            continue
        different = (now != before).any(dim=1)
        if index in {written}:  # it writes to these, and to nothing beside them
            different.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).fill_(False)
        if different.any():
            said.append(f"memory of tensor {{index}}, elements {{different.nonzero().flatten().tolist()[:20]}}")
    return said

'''
