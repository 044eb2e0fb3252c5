"""How do verdicts reach the run folder, whichever process they were found in?

The record travels with pytest's report of the test, so it is written by the one process that prints the verdict, before
it prints it: with pytest-xdist and without.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from silicon_cts.plugin import each
from silicon_cts.plugin.session import Session
from silicon_cts.records import exercise, regressions, run_folder
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run, RunFolder, RunFolderError
from silicon_cts.reports import legend, reproduction

PROPERTY = "silicon_cts_record"
"""Name of the report property that carries the record, as JSON, to the process that writes it."""


class Recorder:
    """Writes the run folder of a run; registered in the process that prints."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._folder: RunFolder | None = None
        self._records: list[Record] = []
        self._promoted: list[str] = []
        self._machines: dict[str, Any] = {}
        self._begin = time.monotonic()
        self.finished_run: Run | None = None

    def prepare(self) -> None:
        """Make the run folder before anything runs. Raises pytest.UsageError where it cannot be written."""
        options = self._session.options
        try:
            path = options.run_dir or run_folder.new_path(self._session.run_dir_root())
            self._folder = RunFolder(path, self._session.describe())
        except RunFolderError as error:
            raise pytest.UsageError(str(error)) from None
        if options.run_dir is None:
            run_folder.point_latest(self._folder.path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the record of a test that has one, before the terminal prints its outcome."""
        found = dict(report.user_properties).get(PROPERTY) if report.when == "call" else None
        if found is None:
            return
        if self._folder is None:
            self.prepare()
        assert self._folder is not None
        record = Record.from_json(json.loads(str(found)))
        written = each.of_machine(record, report)
        self._folder.append(written)
        self._records.append(record)
        reproduction.write(self._folder.path, [written])
        if self._session.options.promote and legend.fails(record) and record.known_issue is None and record.recipe:
            self._promote(record)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Of workers that were each asked everything, ``run.json`` says which is which."""
        if self._folder is not None and each.is_each(node.config):
            self._machines |= each.described(node)
            self._folder.describe(machines=self._machines)

    def _promote(self, record: Record) -> None:
        folder = self._session.regressions_folder
        try:
            path = regressions.write(folder, record, self._session.versions["torch"])
        except OSError as error:
            raise pytest.UsageError(f"--promote cannot write to {folder}: {error.strerror or error}") from None
        if path is not None:
            inside = path.is_relative_to(self._session.root)
            self._promoted.append(str(path.relative_to(self._session.root) if inside else path))

    def finish(self, exit_status: int) -> None:
        """Close the run and write its reports. Nothing was recorded: nothing is written."""
        if self._folder is None:
            return
        from silicon_cts import reports
        from silicon_cts.catalog.operators import operators

        known, session = self._session.known_issues, self._session
        catalog = operators()
        self._folder.finish(
            operators=len(catalog),
            unchecked={one.id: one.unchecked for one in catalog.values() if one.unchecked},
            fixed=known.fixed(self._records),
            unmatched=known.unmatched(self._records, session.present) if session.options.complete else [],
            not_exercised=exercise.not_exercised(self._records, session.present),
            promoted=self._promoted,
            exit_status=exit_status,
            seconds=round(time.monotonic() - self._begin, 1),
        )
        self.finished_run = run_folder.read(self._folder.path)
        reports.write(self.finished_run)
