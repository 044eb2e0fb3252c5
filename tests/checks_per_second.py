"""How many checks a second, beside the loop that everybody writes first?

    python tests/checks_per_second.py [BUDGET [OPERATORS [SEED]]]

The loop: op_db's own samples, one call each, ``assert_close`` against the same call in float64. Ours: every aspect at a
budget, on ``cpu``, with what it takes to judge it, in as many processes as the machine has cores, as the suites run;
once as the first run of a machine and once as the next, which knows what that found. All run by turns over the same
operators, chosen at random, so that a busy machine slows all; what is printed is the ratio.
"""

from __future__ import annotations

import os
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch.utils._pytree import tree_map_only

from silicon_cts.backends import registry
from silicon_cts.backends.outcome import Task
from silicon_cts.backends.torch_device import ALL_DTYPES
from silicon_cts.catalog.dtypes import DTYPES
from silicon_cts.catalog.operators import Operator, op_info, operators
from silicon_cts.catalog.processor import as_yardstick
from silicon_cts.numerics import oracle
from silicon_cts.numerics.verdict import judge
from silicon_cts.records.kept import Kept
from silicon_cts.sampling import extent, plan, sample, validity
from silicon_cts.sampling.aspects import ASPECTS
from silicon_cts.sampling.effort import BUDGETS
from silicon_cts.sampling.plan import Question, dtypes, generated, own

GROUP = 20
"""Operators that are asked in one turn."""


def naive(operator: Operator, budget: str) -> int:
    """The loop, in the dtypes of the budget; returns how many checks it made."""
    info, checks = op_info(operator.id), 0
    for dtype in BUDGETS[budget].dtypes:
        if dtype not in operator.dtypes:
            continue
        for asked in info.sample_inputs("cpu", DTYPES[dtype].torch):
            checks += 1
            try:
                answer = info.op(asked.input, *asked.args, **asked.kwargs)
                wide = tree_map_only(
                    torch.Tensor,
                    lambda t: t.to(torch.complex128 if t.is_complex() else torch.float64) if t.dtype.is_floating_point or t.is_complex() else t,
                    (asked.input, asked.args, asked.kwargs),
                )  # fmt: skip
                expected = info.op(wide[0], *wide[1], **wide[2])
                torch.testing.assert_close(answer, expected, check_dtype=False)
            except Exception:
                continue
    return checks


def ours(operator_id: str, budget: str, folder: Path) -> int:
    """Every aspect and dtype of the budget; returns how many checks it made."""
    forget()
    operator, backend, kept, checks = operators()[operator_id], registry.get("cpu"), Kept(folder), 0
    capability = backend.capability()
    for aspect in ASPECTS:
        for dtype in dtypes(operator, aspect, budget, ALL_DTYPES):
            question = Question(operator.id, aspect, dtype, budget, 0)
            asked = kept.recipes(question, "own", own) + kept.recipes(question, "generated", generated)
            tasks = [Task(recipe, aspect) for recipe in dict.fromkeys(asked)]
            for task, outcome in zip(tasks, backend.run(tasks, lambda _: None), strict=True):
                kept.judgement(task, outcome, capability, partial(judge, task, outcome, operator, capability))
            checks += len(tasks)
    kept.close()
    return checks


def forget() -> None:
    """What this process has computed, as if it were a new one."""
    for function in (sample.samples, sample._made, sample._sized, sample.errors, validity.refusal, validity.freedom):
        function.cache_clear()
    for function in (plan._drawn, oracle._kept, validity.mixes, validity.destinations, extent._too_much):
        function.cache_clear()


def warm() -> None:
    """What a process does before its first check."""
    warnings.simplefilter("ignore")
    as_yardstick()
    registry.get("cpu").start()
    for operator in ("add", "linalg.inv"):  # op_db, LAPACK, autograd
        naive(operators()[operator], "quick")


def main(budget: str = "standard", count: str = "40", seed: str = "0") -> None:
    """Print the rates and their ratios."""
    warm()
    possible = [one.id for one in operators().values() if not one.unchecked]
    chosen = random.Random(int(seed)).sample(possible, min(int(count), len(possible)))
    seconds, checks, processes = Counter[str](), Counter[str](), os.cpu_count() or 1
    with TemporaryDirectory() as folder, get_context("spawn").Pool(processes, warm) as pool:
        once = partial(ours, budget=budget, folder=Path(folder))
        ways: dict[str, Callable[[list[str]], int]] = {
            "naive": lambda ids: sum(naive(operators()[one], budget) for one in ids),
            "first run": lambda ids: sum(pool.imap_unordered(once, ids)),
            "next run": lambda ids: sum(pool.imap_unordered(once, ids)),
        }
        for begin in range(0, len(chosen), GROUP):
            for name, way in ways.items():
                start = time.perf_counter()
                checks[name] += way(chosen[begin : begin + GROUP])
                seconds[name] += time.perf_counter() - start
            print(f"\r{min(begin + GROUP, len(chosen))}/{len(chosen)}", end="", file=sys.stderr, flush=True)
    print(f"\r{budget}, {len(chosen)} operators; naive in one process, ours in {processes}", file=sys.stderr)
    for name in ways:
        rate = checks[name] / seconds[name]
        beside = rate / (checks["naive"] / seconds["naive"])
        print(f"{name:9} {checks[name]:7} checks  {seconds[name]:7.1f} s  {rate:7.0f} a second, {beside:.2f} of naive")


if __name__ == "__main__":
    main(*sys.argv[1:])
