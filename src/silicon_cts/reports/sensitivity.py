"""Which faults do the suites find, which do they miss, and why? A page of Markdown from the findings."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from silicon_cts.numerics.sensitivity import Finding
from silicon_cts.reports.markdown import escape
from silicon_cts.reports.text import count

CODES: dict[str, str] = {
    "F01": "the write to a strided, offset or expanded destination is dropped",
    "F02": "the result is written in storage order",
    "F03": "a strided input is read as if contiguous",
    "F04": "the storage offset of an input is ignored",
    "F05": "written outside of the view",
    "F06": "an expanded operand is mishandled",
    "F07": "channels_last is misread",
    "F08": "channels_last is misread in the backward",
    "F09": "an index, offset or size wraps",
    "F10": "the tail beyond a threshold is zero",
    "F11": "a reduction takes in elements past the end",
    "F12": "a negative, singleton or low-rank dimension is mishandled",
    "F13": "the process ends",
    "F14": "empty tensors",
    "F15": "integers computed in float32",
    "F16": "integers narrowed, saturated, overflowed",
    "F17": "half precision or an unstable formula",
    "F18": "NaN and inf differ",
    "F19": "the conjugate or negative bit is ignored",
    "F20": "the result of an earlier call comes back",
    "F21": "read too early or too late",
    "F22": "an input is changed",
    "F23": "different from run to run",
    "F24": "random numbers",
    "F25": "an error is not raised",
    "F26": "forward right, gradient wrong",
    "F27": "an optimizer step skips parameters",
    "F30": "a missing operator or dtype",
    "F31": "wrong shape, dtype or strides",
    "F32": "hang",
    "F33": "an argument is ignored or swapped",
    "F34": "broadcasting is ignored",
    "F35": "bits reinterpreted instead of cast",
    "F36": "subnormals flushed",
}
"""What goes wrong, by the code of a fault."""


def counted(findings: Sequence[Finding]) -> str:
    """One line: how many are caught."""
    caught = sum(one.caught for one in findings)
    share = f" ({100 * caught / len(findings):.1f} %)" if findings else ""
    exercised = sum(one.exercised for one in findings)
    return f"{caught} of {count(len(findings), 'fault')} caught{share}, {exercised} exercised"


def render(findings: Sequence[Finding], title: str, asked: str) -> str:
    """The page: the count, by code, how long each took, and the missed by name with the reason."""
    return "\n".join([f"# {title}", "", asked, "", *_page(findings)]) + "\n"


def _page(findings: Sequence[Finding]) -> Iterator[str]:
    caught = [one for one in findings if one.caught]
    yield f"**{counted(findings)}**."
    if caught:
        checks = sorted(one.checks for one in caught)
        yield (
            f"Checks until caught: median {statistics.median(checks):g}, most {checks[-1]:,}. By verdict: "
            + ", ".join(f"{name} {number}" for name, number in Counter(one.verdict for one in caught).most_common())
            + ". `unsupported` names an operator in the coverage of a run, not as a failure."
        )
    yield from ("", "## By what goes wrong", "", "| code | what goes wrong | caught | exercised | total |")
    yield "|---|---|--:|--:|--:|"
    for code in sorted({one.code for one in findings}):
        of_code = [one for one in findings if one.code == code]
        numbers = (sum(one.caught for one in of_code), sum(one.exercised for one in of_code), len(of_code))
        yield f"| {code} | {CODES.get(code, '')} | {' | '.join(map(str, numbers))} |"
    if missed := [one for one in findings if not one.caught]:
        yield from ("", "## Missed", "", "| fault | code | what it does | checks | why |", "|---|---|---|--:|---|")
        for one in missed:
            yield f"| {one.fault} | {one.code} | {escape(one.summary)} | {one.checks:,} | {escape(_why(one), 400)} |"
    yield from (
        "",
        "## Caught",
        "",
        "| fault | code | checks | s | aspect | verdict | call |",
        "|---|---|--:|--:|---|---|---|",
    )
    for one in caught:
        yield (
            f"| {one.fault} | {one.code} | {one.checks:,} | {one.seconds:.0f} | {one.aspect} | {one.verdict} "
            f"| {escape(one.recipe)} |"
        )


def _why(finding: Finding) -> str:
    if not finding.fired:
        return f"not exercised by {', '.join(finding.operators)}"
    said = f": {finding.reason}" if finding.reason else ""
    return f"changed {count(finding.fired, 'call')} that agrees all the same, {finding.recipe}{said}"
