"""What comes of a batch of samples on their way through one front end, at one or both precisions?

All samples in one program; those that a refusal can be blamed on are taken out and the rest is converted again, and
where nothing says whose fault it is, each half is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from silicon_cts.backends.coreml.conversion import convert
from silicon_cts.backends.coreml.front import Member, Passed, TracingError, passed
from silicon_cts.backends.coreml.interface import with_constants
from silicon_cts.backends.coreml.refusals import failure, wants_constants
from silicon_cts.backends.outcome import Outcome
from silicon_cts.backends.program import Program
from silicon_cts.backends.protocol import Enter

Answer = Callable[[Any, Passed, str, Enter], Mapping[int, Outcome]]
"""From an ``MLModel``, the samples in it and its precision to an outcome for each of them, by key."""
Outcomes = dict[tuple[int, str], Outcome]
"""By the sample's key and the precision."""


def outcomes(
    front: str,
    members: Sequence[Member],
    precisions: Sequence[str],
    answer: Answer,
    enter: Enter,
    kind: type[Program] = Program,
) -> Outcomes:
    """An outcome for every sample at every precision, in programs of that ``kind``.

    Samples that are refused because a weight is no constant are asked again with all tensors but the first held as
    constants.
    """
    found = _Run(front, precisions, answer, enter, kind).outcomes(members)
    again = {
        one.key: held
        for one in members
        if (held := with_constants(one)) and any(_refused_for_inputs(found[one.key, name]) for name in precisions)
    }
    if again:
        for place, one in _Run(front, precisions, answer, enter, kind).outcomes(list(again.values())).items():
            if _refused_for_inputs(found[place]):
                found[place] = one
    return found


def _refused_for_inputs(one: Outcome) -> bool:
    return one.kind == "refusal" and wants_constants(one.reason)


class _Run:
    """One front end's way with some samples."""

    def __init__(
        self, front: str, precisions: Sequence[str], answer: Answer, enter: Enter, kind: type[Program]
    ) -> None:
        self._front = front
        self._precisions = precisions
        self._answer = answer
        self._kind = kind
        self._stage = ""
        self._tell = enter
        self._found: Outcomes = {}

    def outcomes(self, members: Sequence[Member]) -> Outcomes:
        """An outcome for every sample at every precision."""
        for one in self._passed(members):
            left = one
            for precision in self._precisions:
                left = self._convert(left, precision)
        return self._found

    def _enter(self, stage: str) -> None:
        self._stage = stage
        self._tell(stage)

    def _fail(self, keys: Iterable[int], error: BaseException, precisions: Iterable[str]) -> None:
        failed = failure(error, self._stage)
        self._found.update({(key, precision): failed for key in keys for precision in precisions})

    def _passed(self, members: Sequence[Member]) -> list[Passed]:
        """The samples as programs of PyTorch: one, unless it cannot be told which sample cannot be traced."""
        left = list(members)
        while left:
            self._enter("build")
            try:
                return [passed(self._front, left, kind=self._kind)]
            except TracingError as error:
                blamed = left[0].key if len(left) == 1 else error.key
                if blamed is None:
                    return [program for one in left for program in self._passed([one])]
                self._fail([blamed], error.cause, self._precisions)
                left = [one for one in left if one.key != blamed]
        return []

    def _convert(self, program: Passed, precision: str) -> Passed:
        """Convert and answer; gives back what is left for another precision, without what the front end refused."""
        everything, refused = program, set[int]()
        waiting = [program]
        while waiting:
            program = waiting.pop()
            keys = [one.key for one in program.members]
            if not keys:
                continue
            self._enter("convert")
            try:
                model = convert(program, precision)
                answers = self._answer(model, program, precision, self._enter)
            except Exception as error:
                by_front = program.culprits(error)
                blamed = by_front or (set(keys) if len(keys) == 1 else set())
                self._fail(blamed, error, self._precisions if by_front else [precision])
                refused |= by_front
                waiting += [program.keeping(part) for part in _parts(program, blamed) if part]
            else:
                self._found.update({(key, precision): one for key, one in answers.items()})
        return everything.keeping([one.key for one in everything.members if one.key not in refused])


def _parts(program: Passed, blamed: set[int]) -> tuple[list[int], list[int]]:
    """How to go on with the others: those that are given what the blamed ones were given apart, for they are likely to
    fare alike and to leave one by one; where there is nobody to blame, each half."""
    left = [one.key for one in program.members if one.key not in blamed]
    if not blamed:
        return left[: len(left) // 2], left[len(left) // 2 :]
    given = {one.given for one in program.members if one.key in blamed}
    alike = {one.key for one in program.members if one.given in given}
    return [key for key in left if key not in alike], [key for key in left if key in alike]
