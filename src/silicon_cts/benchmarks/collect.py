"""How does one environment measure once, in a process of its own, and what is known of it before?"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from silicon_cts.benchmarks.baselines import BaselineError, Session, read_session
from silicon_cts.records.measurement import Measurement
from silicon_cts.records.run_folder import RUN

_NEEDED = ("torch", "silicon-cts", "pytest-benchmark")
_ASK = (
    "import json, sys\nfrom importlib.metadata import PackageNotFoundError, version\n"
    "found = {}\nfor name in json.loads(sys.argv[1]):\n"
    "    try: found[name] = version(name)\n    except PackageNotFoundError: found[name] = None\n"
    "print(json.dumps(found))\n"
)
_LAST_WORDS = 600
"""Characters of a process that failed."""


class CollectError(Exception):
    """An environment that cannot measure; the message says what to do."""


@dataclass(frozen=True)
class Environment:
    """One Python with what is installed beside it."""

    python: str
    arguments: tuple[str, ...] = ()
    """Given to pytest: the suite, ``-k`` and so on."""
    root: Path = Path()
    """Working directory: where the suites are."""
    variables: Mapping[str, str] | None = None
    """Environment variables that differ from this process's."""

    def versions(self) -> dict[str, str]:
        """Versions of what it needs. Raises CollectError if one is missing or it is no Python."""
        try:
            asked = subprocess.run(
                [self.python, "-c", _ASK, json.dumps(_NEEDED)],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
            )
            found = json.loads(asked.stdout)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise CollectError(f"{self.python} cannot be asked for its versions: {error}") from error
        missing = [name for name, version in found.items() if version is None]
        if missing:
            raise CollectError(f"{self.python} lacks {', '.join(missing)}: install them there, then compare")
        return found  # type: ignore[no-any-return]

    def measure(self, names: Sequence[str] | None = None, process: int = 0) -> Session:
        """Measure these benchmarks (None: all that the arguments select) once.

        A process that dies leaves what it had measured; the benchmarks that were asked for and have no line are then
        missing, which fails whatever compares them. Raises CollectError when it measured nothing at all.
        """
        with tempfile.TemporaryDirectory(prefix="silicon-cts-") as folder:
            chosen = []
            if names is not None:
                listed = Path(folder) / "names"
                listed.write_text("\n".join(names) + "\n", encoding="utf-8")
                chosen = [f"--benchmark-names={listed}"]
            run = Path(folder) / "run"
            command = [
                self.python, "-m", "pytest", *self.arguments, *chosen, "--benchmark-only", "--benchmark-quiet",
                "-q", "-p", "no:cacheprovider", f"--run-dir={run}",
            ]  # fmt: skip
            ended = subprocess.run(
                command,
                cwd=self.root,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            try:
                found = read_session(run)
            except BaselineError:
                words = ended.stdout.strip()[-_LAST_WORDS:]
                raise CollectError(
                    f"{self.python} measured nothing (exit status {ended.returncode}); its last words:\n{words}"
                ) from None
            return Session(found.name, found.described, tuple(replace(one, process=process) for one in found.measured))

    def _variables(self) -> dict[str, str]:
        """Without what belongs to a pytest that this process may run under."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        return {**kept, "PYTHONHASHSEED": "0", **(self.variables or {})}


def write(path: Path, sessions: Sequence[Session]) -> Path:
    """Keep the processes of one run in one run folder; returns it. Raises OSError where that cannot work."""
    path.mkdir(parents=True)
    first, last = sessions[0].described, sessions[-1].described
    described: dict[str, Any] = {
        **first,
        "end": last.get("end"),
        "seconds": sum(one.described.get("seconds") or 0.0 for one in sessions),
        "exit_status": max(int(one.described.get("exit_status") or 0) for one in sessions),
        "finished": all(one.described.get("finished") for one in sessions),
        "processes": len(sessions),
    }
    (path / RUN).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    lines: list[Measurement] = [one for session in sessions for one in session.measured]
    text = "".join(json.dumps(one.to_json(), allow_nan=False) + "\n" for one in lines)
    (path / "benchmarks.jsonl").write_text(text, encoding="utf-8")
    return path
