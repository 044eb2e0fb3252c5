"""The command ``silicon-cts``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from silicon_cts import __version__, cli
from silicon_cts.backends import registry
from silicon_cts.records import known_issues
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run, RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with one new failure."""
    path = tmp_path / "run"
    made = RunFolder(path, {})
    made.append(
        Record(
            "std",
            "",
            "forward",
            "float32",
            "mps",
            "crashed",
            reason="SIGABRT",
            counts={"crashed": 1},
            script="import torch\n",
        )
    )
    made.finish(exit_status=1, seconds=3.0)
    return path


def test_report_renews_the_files_and_prints(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "mps  crashed  std (forward, float32): SIGABRT" in text
    assert "1 check, 1 record" in text
    assert (folder / "summary.md").is_file()
    assert (folder / "index.html").is_file()
    assert (folder / "repro" / "mps-std-float32-forward.py").read_text() == "import torch\n"


def test_report_takes_the_records_themselves(folder: Path) -> None:
    assert cli.main(["report", str(folder / "records.jsonl")]) == 0


def test_report_of_the_latest_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = folder.parent / "reports" / "runs"
    runs.mkdir(parents=True)
    folder.rename(runs / "one")
    (runs / "latest").symlink_to("one")
    monkeypatch.chdir(folder.parent)
    assert cli.main(["report"]) == 0
    assert "reports/runs/one/index.html" in capsys.readouterr().out


def test_report_of_an_unfinished_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    described = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**described, "finished": False, "end": None}))
    with (folder / "records.jsonl").open("a") as stream:
        stream.write('{"operator": "sin", ')
    assert cli.main(["report", str(folder)]) == 0
    assert "UNFINISHED" in capsys.readouterr().out
    assert "UNFINISHED" in (folder / "summary.md").read_text()
    assert "UNFINISHED" in (folder / "index.html").read_text()


def test_report_that_cannot_be_written_is_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(run: Run) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("silicon_cts.reports.write", refuse)
    assert cli.main(["report", str(folder)]) == 2
    captured = capsys.readouterr()
    assert "mps  crashed  std" in captured.out
    assert captured.err == f"silicon-cts: cannot write into {folder}: Permission denied\n"


@pytest.mark.parametrize("command", ["report", "known-issues"])
@pytest.mark.parametrize("where", ["nowhere", "", "a.txt"])
def test_a_path_that_is_no_run_is_one_sentence(
    command: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("text")
    assert cli.main([command, str(tmp_path / where)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "run" in captured.err


@pytest.mark.parametrize("arguments", [[], ["reprot"], ["report", "--nope"], ["report", "a", "b"]])
def test_wrong_arguments_are_one_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "--help" in captured.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"silicon-cts {__version__}\n"


@pytest.mark.parametrize(("names", "status"), [(("cpu",), 3), (("cpu", "made"), 0)])
def test_doctor_says_whether_an_accelerator_is_here(
    names: tuple[str, ...], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cpu = registry.get("cpu")
    monkeypatch.setattr(registry, "names", lambda: names)
    monkeypatch.setattr("silicon_cts.reports.doctor.examine.__defaults__", (lambda name: cpu,))
    assert cli.main(["doctor"]) == status
    text = capsys.readouterr().out
    assert "machine" in text
    assert ("No accelerator can be tested here" in text) == (status == 3)


def test_doctor_of_a_backend_that_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--backend", "mpss"]) == 2
    assert "unknown backend 'mpss'" in capsys.readouterr().err


def test_known_issues_prints_the_proposal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(known_issues, "propose", lambda run: f"# {len(run.records)} new\n")
    assert cli.main(["known-issues", str(folder)]) == 0
    assert capsys.readouterr().out == "# 1 new\n"


LISTED = """
[[issue]]
id = "cpu-{name}"
backend = "cpu"
verdict = "disagrees"
kind = "{kind}"
reason = "why"
call = "f(x)"
got = "1"
expected = "2"
when = {{ torch = "{when}" }}
cases = [{{ operator = "{name}", aspect = "forward", dtype = "float32", sample = 0 }}]
"""


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "known_issues.toml"
    rows = [("add", "range", ">=2"), ("cat", "sum", ">=2"), ("sub", "range", ">=2"), ("old", "range", "<2")]
    path.write_text("".join(LISTED.format(name=name, kind=kind, when=when) for name, kind, when in rows))
    return path


def test_known_issues_are_listed_by_kind(
    listed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert cli.main(["known-issues", "--list", str(listed), "--backend", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "cpu: 3 issues, 3 operators, 3 cases"
    assert [line.split(":")[0] for line in lines if line.startswith("  ") and line[2] != " "] == [
        "  sum 1",
        "  range 2",
    ]
    assert "    add  sub" in lines


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (None, [], "there is no"),
        ("[[issue]", [], "not TOML"),
        ("", ["--backend", "mps"], "expects nothing of mps"),
    ],
)
def test_known_issues_that_cannot_be_listed_are_one_sentence(
    text: str | None, arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "known_issues.toml"
    if text is not None:
        path.write_text(text)
    assert cli.main(["known-issues", "--list", str(path), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and message in captured.err


def test_a_backend_is_chosen_of_a_list_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["known-issues", str(folder), "--backend", "cpu"]) == 2
    assert "--list" in capsys.readouterr().err


def test_a_run_has_no_list_of_its_own(folder: Path, listed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["known-issues", str(folder), "--list", str(listed)]) == 2
    assert "give one of them" in capsys.readouterr().err


def test_the_control_s_known_issues_fit_on_one_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody can take in at a glance hides the next false alarm."""
    monkeypatch.setenv("COLUMNS", "100")
    path = Path(__file__).parents[1] / "suites" / "known_issues.toml"
    assert cli.main(["known-issues", "--list", str(path), "--backend", "cpu"]) == 0
    assert len(capsys.readouterr().out.splitlines()) <= 50


def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    command = f"{sys.executable} -m silicon_cts.cli report {folder} | true"
    assert "Traceback" not in subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False).stderr


def test_importing_the_command_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'numpy', 'jinja2', 'rich', 'psutil'}"
    code = f"import sys, silicon_cts.cli; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
