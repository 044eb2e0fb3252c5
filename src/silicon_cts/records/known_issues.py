"""What is already known to be wrong, and does it still happen?

``suites/known_issues.toml`` holds one ``[[issue]]`` for each cause, with the cases in which it shows: operator, aspect,
dtype and the op_db sample that shows it, which is then always among the samples asked. An issue applies while the
installed versions match its ``when``; outside of it nothing is expected.
"""

from __future__ import annotations

import json
import platform
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from silicon_cts.records.record import SCHEMA as RECORD_SCHEMA
from silicon_cts.records.record import Record
from silicon_cts.sampling.recipe import Recipe, RecipeError

if TYPE_CHECKING:
    from silicon_cts.records.run_folder import Run

KINDS: dict[str, str] = {
    "sum": "terms are added up one by one, or in fewer digits than the answer has",
    "rounding": "a step on the way is rounded to fewer digits than the answer has",
    "cancellation": "digits cancel on the way that the answer has",
    "range": "overflow or underflow on the way, or a number that an integer does not hold",
    "special": "NaN and infinities",
    "formula": "another function than the one that was asked for",
    "argument": "an argument is ignored, misread or missing",
    "type": "types are not promoted, or are converted where they should not be",
    "layout": "how an input or a gradient lies in memory is overlooked",
    "destination": "what is to be written to is not, or not where it lies",
    "memory": "in the answer is memory that nothing was written to, or that is another's",
    "empty": "tensors without elements",
    "rank": "tensors of rank 0, or without a batch",
    "shape": "broadcasting, and sizes that are not the usual ones",
    "conversion": "a front end fails on what it is documented to take",
}
"""What kinds of mistakes there are, each as what is wrong."""

_TEXT = {"type": "string", "minLength": 1}
_VERDICTS = [name for name in RECORD_SCHEMA["properties"]["verdict"]["enum"] if name not in ("agrees", "unsupported")]

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "machine": _TEXT,
        "issue": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "backend", "verdict", "kind", "reason", "call", "got", "expected", "when", "cases"],
                "properties": {
                    "id": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                    "backend": _TEXT,
                    "verdict": {"enum": _VERDICTS},
                    "kind": {"enum": list(KINDS)},
                    "reason": _TEXT,
                    "call": _TEXT,
                    "got": _TEXT,
                    "expected": _TEXT,
                    "link": {"type": "string"},
                    "when": {"type": "object", "additionalProperties": {"type": "string"}},
                    "cases": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["operator", "aspect", "dtype", "sample"],
                            "properties": {
                                "operator": _TEXT,
                                "aspect": _TEXT,
                                "dtype": _TEXT,
                                "sample": {"type": "integer", "minimum": 0},
                                "seed": {"type": "integer", "minimum": 0},
                                "varied": {"type": "object"},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""JSON Schema of the file."""


class KnownIssuesError(ValueError):
    """The file cannot be used; the message names the line."""


@dataclass(frozen=True)
class KnownIssue:
    """One cause, seen on one backend."""

    id: str
    backend: str
    verdict: str
    """The verdict that is expected while it lasts."""
    kind: str
    """One of KINDS."""
    reason: str
    call: str
    """A minimal call that shows it."""
    got: str
    expected: str
    when: Mapping[str, str]
    """PEP 440 specifiers by package (``coreai-core = "==1.0.0b3"``): all must hold for the issue to apply."""
    cases: tuple[Mapping[str, Any], ...]
    """Operator, aspect, dtype, the op_db sample that shows it, the seed of that sample if it is not 0, and the other
    fields of the recipe if it is varied."""
    line: int
    link: str = ""
    strict: bool = True
    """Whether it must happen: this is the kind of machine on which it was seen."""

    def expects(self, verdict: str) -> bool:
        """Whether it expects this verdict. What is unstable may come out right, or twice the same wrong; what was seen
        on another kind of machine may not happen on this one."""
        if verdict == self.verdict or (verdict == "agrees" and not self.strict):
            return True
        return self.verdict == "unstable" and verdict in ("agrees", "disagrees")

    def applies(self, versions: Mapping[str, str]) -> bool:
        """Whether the installed versions are among those it was seen with."""
        return all(
            name in versions and SpecifierSet(specifier, prereleases=True).contains(versions[name].partition("+")[0])
            for name, specifier in self.when.items()
        )


@dataclass(frozen=True)
class Expectation:
    """What a known issue says about one check."""

    issue: KnownIssue
    recipe: Recipe
    """What shows it: op_db's sample with the seed of the run in which it did, varied or not."""


@dataclass(frozen=True)
class KnownIssues:
    """All issues of a file that apply to the installed versions."""

    path: Path
    issues: tuple[KnownIssue, ...]

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str, str], Expectation]:
        return {
            (case["operator"], case["aspect"], case["dtype"], issue.backend): Expectation(issue, _recipe(case))
            for issue in self.issues
            for case in issue.cases
        }

    def find(self, operator: str, aspect: str, dtype: str, backend: str) -> Expectation | None:
        """The expectation for exactly this check, or None."""
        return self._by_key.get((operator, aspect, dtype, backend))

    def find_of_kin(self, operator: str, aspect: str, dtype: str, backend: str) -> Expectation | None:
        """What is expected of another backend that has many of the same kernels: it may happen here, or not."""
        found = self.find(operator, aspect, dtype, backend)
        return found and replace(found, issue=replace(found.issue, strict=False))

    def fixed(self, records: Iterable[Record]) -> list[str]:
        """Those that agreed in a run, in the words in which they are to be removed."""
        found = []
        for record in records:
            expectation = self._by_key.get(record.key)
            if expectation is not None and record.verdict == "agrees" and not expectation.issue.expects("agrees"):
                found.append(
                    f"{record.backend} {record.operator_id} ({record.aspect}, {record.dtype}) agrees now: "
                    f"remove it from {expectation.issue.id}, {self.path.name}:{expectation.issue.line}"
                )
        return found

    def unmatched(self, records: Iterable[Record], backends: Iterable[str]) -> list[str]:
        """Cases on these backends that no check of a complete run asked about, though it asked others of that aspect
        in that dtype: what the budget leaves out is no gap."""
        asked = {record.key for record in records}
        kinds = {key[1:] for key in asked}
        return [
            f"{key[3]} {key[0]} ({key[1]}, {key[2]}): nothing was asked that matches {expectation.issue.id}, "
            f"{self.path.name}:{expectation.issue.line}"
            for key, expectation in self._by_key.items()
            if key not in asked and key[1:] in kinds and key[3] in set(backends)
        ]


def _recipe(case: Mapping[str, Any]) -> Recipe:
    """Raises RecipeError for one that no recipe can be."""
    named = {name: case[name] for name in ("operator", "dtype", "sample")}
    return Recipe.from_json({**named, "seed": case.get("seed", 0), **case.get("varied", {})})


_MACHINES = {"AMD64": "x86_64", "aarch64": "arm64"}
"""Other names of a kind of processor."""


def load(path: Path, versions: Mapping[str, str], machine: str = platform.machine()) -> KnownIssues:
    """The issues of a file that apply. A missing file is an empty one. Raises KnownIssuesError naming the line.

    Kernels differ from processor to processor: on another kind of ``machine`` than the file's own, an issue is expected
    where it happens, and is no news where it does not.
    """
    if not path.exists():
        return KnownIssues(path, ())
    text = path.read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnownIssuesError(f"{path.name}: not TOML: {error}") from error
    lines = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*issue\s*\]\]", line)]
    for problem in jsonschema.Draft202012Validator(SCHEMA).iter_errors(data):
        where = list(problem.absolute_path)
        index = where[1] if len(where) > 1 and where[0] == "issue" and isinstance(where[1], int) else None
        line = lines[index] if index is not None and index < len(lines) else 1
        raise KnownIssuesError(f"{path.name}:{line}: {'.'.join(map(str, where[2:])) or 'issue'}: {problem.message}")
    here = _MACHINES.get(machine, machine)
    strict = data.get("machine", here) == here
    issues = []
    for line, entry in zip(lines, data.get("issue", []), strict=True):
        issue = KnownIssue(**{**entry, "cases": tuple(entry["cases"])}, line=line, strict=strict)
        try:
            applies = issue.applies(versions)
            for case in issue.cases:
                _recipe(case)
        except RecipeError as error:
            raise KnownIssuesError(f"{path.name}:{line}: {error}") from error
        except InvalidSpecifier as error:
            raise KnownIssuesError(
                f"{path.name}:{line}: when: {error}; write for example torch = '>=2.13,<2.14'"
            ) from error
        if applies:
            issues.append(issue)
    _refuse_duplicates(path, issues)
    return KnownIssues(path, tuple(issues))


def _refuse_duplicates(path: Path, issues: Iterable[KnownIssue]) -> None:
    seen: dict[tuple[str, str, str, str], KnownIssue] = {}
    for issue in issues:
        for case in issue.cases:
            key = (case["operator"], case["aspect"], case["dtype"], issue.backend)
            if key in seen:
                raise KnownIssuesError(
                    f"{path.name}:{issue.line}: {key[0]} ({key[1]}, {key[2]}) on {key[3]} is already in "
                    f"{seen[key].id}, line {seen[key].line}"
                )
            seen[key] = issue


def propose(run: Run) -> str:
    """TOML for the failures of a run that no known issue expects, grouped by backend, verdict and reason.

    ``kind``, ``call``, ``got`` and ``expected`` are left for a person to write: the file's reader refuses them empty.
    """
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in run.records:
        if record.verdict in _VERDICTS and record.known_issue is None and record.recipe is not None:
            groups.setdefault((record.backend, record.verdict, _cause(record.reason)), []).append(record)
    if not groups:
        return "# nothing new: every failure of this run is a known issue\n"
    versions = run.description.get("fingerprint", {}).get("versions", {})
    return "\n".join(_entry(group, versions) for group in groups.values())


def _cause(reason: str) -> str:
    """What failures with one cause have in common: the words without counts, names and numbers."""
    text = re.sub(r"^\d+ of \d+ samples: ", "", reason)
    text = re.sub(r" \(\d+ more not tried\)$", "", text)
    text = re.sub(r"^(\w+: )\w+(\[\d+\]: )", r"\1\2", text)  # the name of the operation in front of its output
    return re.sub(r"[\d.eE+-]+|\[.*?\]|\(.*?\)|\bsi32\b|\bi1\b", "#", text)[:80]


def _case(record: Record) -> str:
    recipe = dict(record.recipe or {})
    varied = {name: recipe[name] for name in recipe if name not in ("operator", "dtype", "sample", "seed")}
    fields = {"operator": record.operator_id, "aspect": record.aspect, "dtype": record.dtype}
    fields |= {"sample": recipe["sample"]} | ({"seed": recipe["seed"]} if recipe.get("seed") else {})
    return _inline(fields | ({"varied": varied} if varied else {}))


def _inline(value: Any) -> str:
    """As TOML; JSON but for tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_inline(one)}" for name, one in value.items()) + " }"
    return f"[{', '.join(map(_inline, value))}]" if isinstance(value, list) else json.dumps(value)


def _entry(records: list[Record], versions: Mapping[str, str]) -> str:
    first = records[0]
    own = [name for name in ("coreai-core", "coreai-torch", "coremltools") if first.backend.startswith(name[:5])]
    packages = own or ["torch"]
    when = ", ".join(
        f"{name} = {json.dumps('==' + versions[name].partition('+')[0])}" for name in packages if name in versions
    )
    name = re.sub(r"[^a-z0-9]+", "-", f"{first.backend}-{first.operator_id}-{first.verdict}".lower()).strip("-")
    cases = "".join(f"    {_case(one)},\n" for one in records)
    return (
        f"[[issue]]\nid = {json.dumps(name)}\nbackend = {json.dumps(first.backend)}\n"
        f'verdict = {json.dumps(first.verdict)}\nkind = ""\n'
        f"reason = {json.dumps(first.reason, ensure_ascii=False)}\n"
        f'call = ""\ngot = ""\nexpected = ""\nlink = ""\nwhen = {{ {when} }}\ncases = [\n{cases}]\n'
    )
