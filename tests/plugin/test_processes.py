"""The same verdicts with pytest-xdist and without, and every printed verdict on disk when the run is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from silicon_cts import cli
from silicon_cts.records import fingerprint

OPTIONS = ["--backend", "cpu", "--backend", "fake", "--op", "s[iu]*", "--run-dir"]


def verdicts(folder: Path) -> dict[tuple, tuple]:
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    return {
        (one["operator"], one["variant"], one["aspect"], one["dtype"], one["backend"]): (one["verdict"], one["grade"])
        for one in lines
    }


def test_xdist_gives_the_same_verdicts(project: pytest.Pytester):
    project.runpytest_subprocess(*OPTIONS, "alone")
    project.runpytest_subprocess(*OPTIONS, "shared", "-n", "2")
    alone, shared = verdicts(project.path / "alone"), verdicts(project.path / "shared")
    assert len(alone) > 40
    assert alone == shared


WITNESS = """
import torch
from silicon_cts.sampling import plan

drawn = plan.own

def own(question):
    print("drawn on", torch.get_num_threads(), "of two threads")
    return drawn(question)

torch.set_num_threads(2)
plan.own = own
"""


def test_samples_are_drawn_as_the_yardstick_computes(project: pytest.Pytester):
    """On one thread: which calls are taken, and so which are drawn, must not depend on the machine's."""
    project.makepyfile(witness=WITNESS)
    run = project.runpytest_subprocess("-p", "witness", "-s", "--backend", "cpu", "--op", "neg", "--dtype", "float32")
    run.stdout.fnmatch_lines(["*drawn on 1 of two threads*"])
    run.stdout.no_fnmatch_line("*drawn on 2*")


def test_each_worker_has_records_of_its_own_where_each_is_asked_everything(project: pytest.Pytester):
    options = ["--backend", "cpu", "--op", "neg", "--dtype", "float32", "--run-dir"]
    project.runpytest_subprocess(*options, "alone")
    project.runpytest_subprocess(*options, "each", "--dist=each", "--tx", "2*popen")
    alone, each = verdicts(project.path / "alone"), verdicts(project.path / "each")
    assert alone
    assert each == {
        (*key[:-1], f"{worker}/{key[-1]}"): verdict for key, verdict in alone.items() for worker in ("gw0", "gw1")
    }
    described = json.loads((project.path / "each" / "run.json").read_text())["machines"]
    assert [(name, about["fingerprint"]["chip"], about["state"]) for name, about in sorted(described.items())] == [
        ("gw0", fingerprint.chip(), ""),
        ("gw1", fingerprint.chip(), ""),
    ]


def test_after_kill_9_every_printed_verdict_is_in_the_file_and_can_be_reported(project: pytest.Pytester, capsys):
    command = [sys.executable, "-m", "pytest", "-v", "--backend", "cpu", "--op", "a*", "--run-dir", "run"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project.path)
    printed = []
    for line in process.stdout:
        if "test_forward[" in line and "PASSED" in line:
            printed.append(line.split("[")[1].split("]")[0])
        if len(printed) >= 20:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.1)
    kept = {f"{'.'.join(filter(None, key[:2]))}-{key[3]}-{key[4]}" for key in verdicts(project.path / "run")}
    assert set(printed) <= kept
    assert cli.main(["report", str(project.path / "run")]) == 0
    assert "unfinished" in capsys.readouterr().out.lower()


def test_two_runs_at_once_do_not_mix(project: pytest.Pytester):
    command = [sys.executable, "-m", "pytest", "-q", "--backend", "cpu", "--dtype", "float32", "--op"]
    runs = [subprocess.Popen([*command, glob], cwd=project.path, stdout=subprocess.DEVNULL) for glob in ("sub", "tan")]
    assert [run.wait() for run in runs] == [0, 0]
    folders = sorted(folder for folder in (project.path / "reports" / "runs").iterdir() if not folder.is_symlink())
    assert sorted(next(iter(verdicts(folder)))[0] for folder in folders) == ["sub", "tan"]
    assert (project.path / "reports" / "runs" / "latest").resolve() in [folder.resolve() for folder in folders]
