"""How many times fewer seconds does a check take in a program that it shares than in one of its own?

    python tests/batching.py [BACKEND [SAMPLES [OPERATOR ...]]]

Of each operator the same generated calls in float32, in all ways of the backend: in batches as large as it takes them,
and one by one. By turns in one worker, so that a busy machine slows both. Calls that the backend does not answer are
left out first: they are not what a batch is for.

Some of them also one by one as the converters' documentation has it, in this process: without what ``backends`` makes
once for all programs, or leaves out of a conversion because it changes nothing, which makes one alone cheap, too.
"""

from __future__ import annotations

import io
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from unittest import mock

from torch.export import ExportedProgram

from silicon_cts.backends import decomposition, registry
from silicon_cts.backends.coreml import conversion, front
from silicon_cts.backends.outcome import Task
from silicon_cts.execution.executor import Executor
from silicon_cts.sampling.plan import Question, generated
from silicon_cts.sampling.sample import make

OPERATORS = (
    "add", "sin", "mean", "softmax.with_dtype", "inner", "nn.functional.conv1d", "nn.functional.conv3d",
    "nn.functional.layer_norm", "nn.functional.interpolate.bilinear", "index_copy", "topk", "cumulative_trapezoid",
    "permute", "split.list_args",
)  # fmt: skip


def answered(executor: Executor, operator: str, samples: int) -> list[Task]:
    """The first generated calls with elements, each in all ways, without those that the backend does not answer."""
    recipes = [
        recipe
        for recipe in generated(Question(operator, "forward", "float32", "standard", 0))
        if all(tensor.numel() for tensor in make(recipe).tensors)
    ]
    tasks = [Task(recipe, "forward", *way) for recipe in recipes[:samples] for way in executor.capability.ways.items()]
    return [
        task for task, one in zip(tasks, executor.run(tasks), strict=True) if one is not None and one.kind == "result"
    ]


def seconds(batches: Sequence[Sequence[Task]], executor: Executor) -> float:
    """Of the wall, for all of them."""
    begin = time.perf_counter()
    for batch in batches:
        executor.run(batch)
    return time.perf_counter() - begin


PLAIN = 8
"""Calls of an operator that are asked as documented: each takes a third of a second."""


@contextmanager
def as_documented() -> Iterator[None]:
    """In it, programs are made by public functions of torch and the converters as they are."""

    def decomposed(program: ExportedProgram, table: decomposition.Table = dict) -> ExportedProgram:
        return program.run_decompositions(table())

    with (
        mock.patch.object(front, "decomposed", decomposed),
        mock.patch.object(decomposition, "decomposed", decomposed),
        mock.patch.object(conversion, "without_delay", nullcontext),
        redirect_stderr(io.StringIO()),  # progress bars
    ):
        yield


def plain_seconds(tasks: Sequence[Task], backend: str) -> float:
    """Of the wall, for each of them one by one as documented; the first pays for imports and does not count."""
    asked = registry.get(backend)
    with as_documented():
        asked.run(tasks[:1], lambda _stage: None)
        begin = time.perf_counter()
        for task in tasks:
            asked.run([task], lambda _stage: None)
        return (time.perf_counter() - begin) / len(tasks)


def main(backend: str = "coreai", samples: str = "32", *chosen: str) -> None:
    """Print both for each operator, and the ratio over all."""
    warnings.simplefilter("ignore")
    together = alone = plain = 0.0
    with Executor(registry.get(backend)) as executor:
        for operator in chosen or OPERATORS:
            tasks = answered(executor, operator, int(samples))
            if not tasks:
                print(f"{operator:28} answers nothing")
                continue
            shared = seconds([tasks], executor)
            single = seconds([[task] for task in tasks], executor)
            each = plain_seconds(tasks[:: -(-len(tasks) // PLAIN)], backend)
            together, alone, plain = together + shared, alone + single, plain + each * len(tasks)
            print(
                f"{operator:28} {len(tasks):3} checks  {shared / len(tasks):6.3f} s together  "
                f"{single / len(tasks):6.3f} s alone  {single / shared:5.1f} times  "
                f"{each:6.3f} s as documented  {each * len(tasks) / shared:5.1f} times",
                flush=True,
            )
    print(f"{'all':28} {alone / together:5.1f} times, as documented {plain / together:5.1f} times")


if __name__ == "__main__":
    main(*sys.argv[1:])
