"""Which tensor of a training run or of a module is meant, where a reason counts outputs?"""

from __future__ import annotations

import re

from silicon_cts.catalog.models.calls import task_of
from silicon_cts.sampling.recipe import Recipe

_OUTPUT = re.compile(r"\boutput (\d+)")


def in_words(reason: str, recipe: Recipe) -> str:
    """The reason with ``the losses`` or ``gradient of weight`` for ``output 0``; that of an operator as it is."""
    if task_of(recipe.operator) not in ("training", "modules") or not _OUTPUT.search(reason):
        return reason
    from silicon_cts.sampling.sample import make

    sample = make(recipe)
    arguments, _ = sample.arguments()
    names = dict(enumerate(sample.call.names(*arguments)))  # type: ignore[attr-defined]
    return _OUTPUT.sub(lambda found: names.get(int(found.group(1)), found.group()), reason)
