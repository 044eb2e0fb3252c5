"""How does a person reproduce a verdict without silicon-cts?"""

from __future__ import annotations

from silicon_cts.backends.protocol import Backend
from silicon_cts.sampling.recipe import Recipe
from silicon_cts.sampling.source import source

_GRADIENT = '''
def gradient(*tensors):
    """Gradients under fixed cotangents that are no ones; silicon-cts draws its own at random."""
    from torch.utils._pytree import tree_leaves

    outputs = [out for out in tree_leaves(run(*tensors)) if isinstance(out, torch.Tensor) and out.requires_grad]
    inputs = [tensor for tensor in tensors if tensor.requires_grad]
    steps = [torch.arange(out.numel()).reshape(out.shape) % 7 / 4 - 0.75 for out in outputs]
    cotangents = [step.to(out.dtype).to(out.device) for step, out in zip(steps, outputs)]
    return torch.autograd.grad(outputs, inputs, cotangents, allow_unused=True)

'''


def script(backend: Backend, recipe: Recipe, aspect: str, headline: str) -> str | None:
    """Stand-alone Python: the call on the CPU, then on the backend. None if the backend does not say how."""
    on_backend = backend.script(recipe, aspect)
    if on_backend is None:
        return None
    call = "gradient" if aspect == "gradient" else "run"
    comment = "\n".join(f"# {line}" for line in headline.splitlines())
    return (
        f"{comment}\nimport torch\n\n{source(recipe)}\n{_GRADIENT if call == 'gradient' else ''}\n"
        f'call = {call}\nprint("cpu:", call(*tensors))\n\n{on_backend}\nprint("{backend.name}:", answer)\n'
    )
