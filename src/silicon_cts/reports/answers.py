"""What can this chip do with your model? From records to one table, and one sentence a backend; nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from silicon_cts.catalog.models.calls import task_of
from silicon_cts.catalog.models.table import MODELS, Task
from silicon_cts.records.machines import is_control
from silicon_cts.records.record import Record
from silicon_cts.records.run_folder import Run
from silicon_cts.reports import coverage, description, legend
from silicon_cts.reports.model_speed import Speeds, speeds

TASKS: Mapping[Task, tuple[str, str]] = {"inference": ("runs", "run"), "training": ("trains", "trained")}
"""What a backend does with a model: in the present, and as it was asked."""
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Answer:
    """What one backend makes of one model, in one task."""

    records: tuple[Record, ...]
    speed: float | None = None
    """How many times as fast as the CPU; None where it was not timed."""

    @property
    def is_right(self) -> bool:
        """Whether all agree that were asked, and some were."""
        return bool(self.records) and all(one.verdict == "agrees" for one in self.records)

    @property
    def mark(self) -> legend.Mark:
        """That of the worst record."""
        worst = min(self.records, key=lambda one: legend.severity(one.verdict))
        grades = [one.grade for one in self.records if one.verdict == worst.verdict]
        return legend.mark(worst.verdict, max(grades, key=[*legend.GRADES, ""].index))

    @property
    def placed(self) -> str:
        """``ane 12, cpu 3``: on how many operations each unit was planned; empty if no record says."""
        units = Counter(str(placed[1]) for one in self.records for placed in one.placement if placed[1])
        return ", ".join(f"{unit} {amount}" for unit, amount in units.most_common())

    def __str__(self) -> str:
        """``right, grade A; 2.1 x cpu``; or the verdicts of what is not, each with its number of all."""
        if not self.records:
            return NOT_MEASURED
        if self.is_right:
            told = "right, bit for bit" if self.mark.name == "exact" else f"right, grade {self.mark.name}"
        else:
            counts = Counter(one.verdict for one in self.records if one.verdict != "agrees")
            told = ", ".join(f"{verdict} {counts[verdict]}" for verdict in legend.VERDICTS if counts[verdict])
            told += f" of {len(self.records)}" if len(self.records) > 1 else ""
        return "; ".join(part for part in (told, self.heard, self.placed, self._timed) if part)

    @property
    def heard(self) -> str:
        """``64 dB, top-1 100 %``: the least signal-to-noise ratio, and share of right classes; empty if unknown."""
        ratios = [one.signal_to_noise for one in self.records if one.signal_to_noise is not None]
        shares = [one.top_1 for one in self.records if one.top_1 is not None]
        told = [f"{min(ratios):.0f} dB"] if ratios else []
        return ", ".join(told + ([f"top-1 {100 * min(shares):.3g} %"] if shares else []))

    @property
    def _timed(self) -> str:
        return "" if self.speed is None else f"{self.speed:.2g} x cpu"


@dataclass(frozen=True)
class Answers:
    """The table."""

    backends: tuple[str, ...]
    rows: Mapping[tuple[str, Task], Mapping[str, Answer]]
    """By model and task, then by backend."""
    sentences: Mapping[str, str]
    """By backend, absent ones too."""

    def __bool__(self) -> bool:
        """Whether any model was asked."""
        return bool(self.rows)


def answers(run: Run, records: Sequence[Record]) -> Answers:
    """The table of a run; empty if no model was asked."""
    asked = [(one, task) for one in records if (task := _task(one)) is not None]
    if not asked:
        return Answers((), {}, {})
    backends = tuple(dict.fromkeys(backend for backend, _, _ in coverage.columns(one for one, _ in asked)))
    found: dict[tuple[str, Task, str], list[Record]] = {}
    for one, task in asked:
        found.setdefault((_model(one), task, one.backend), []).append(one)
    timed = speeds(run)
    names = coverage.in_order((model for model, _, _ in found), MODELS)
    rows = {
        (model, task): {
            backend: Answer(tuple(found.get((model, task, backend), ())), timed.times.get((model, task, backend)))
            for backend in backends
        }
        for task in TASKS
        for model in names
        if any((model, task, backend) in found for backend in backends)
    }
    absent = {name: f"{NOT_MEASURED}: {reason}" for reason, names in description.absent(run).items() for name in names}
    told = {backend: _sentence(backend, rows) + _speed(backend, timed) for backend in backends}
    return Answers(backends, rows, {**told, **absent})


def _task(record: Record) -> Task | None:
    """What was asked of a model; None where something else was asked."""
    asked = task_of(record.operator)
    return None if asked == "modules" else asked


def _model(record: Record) -> str:
    return record.operator.split(".")[1]


def _sentence(backend: str, rows: Mapping[tuple[str, Task], Mapping[str, Answer]]) -> str:
    """``runs 8 of 10 models right, not gru (error) and lstm (unsupported); trains all 3 models right``."""
    parts = []
    for task, (does, done) in TASKS.items():
        asked = {model: row[backend] for (model, of), row in rows.items() if of == task and row[backend].records}
        wrong = [f"{model} ({answer.mark.name})" for model, answer in asked.items() if not answer.is_right]
        if not asked:
            parts.append(f"no model was {done}")
        elif not wrong:
            parts.append(f"{does} {_all(asked)} right")
        else:
            parts.append(f"{does} {len(asked) - len(wrong)} of {_models(len(asked))} right, not {_listed(wrong)}")
    return "; ".join(parts)


def _speed(backend: str, timed: Speeds) -> str:
    """``; times as fast as the CPU (20261122T175213Z-87a048): inference 0.8 to 3, training 0.5``; empty for the CPU."""
    if is_control(backend):
        return ""
    told = []
    for task in TASKS:
        times = sorted(one for (_, of, name), one in timed.times.items() if (of, name) == (task, backend))
        if times:
            told.append(f"{task} {' to '.join(dict.fromkeys(f'{one:.2g}' for one in (times[0], times[-1])))}")
    if not told:
        return f"; how fast against the CPU: {NOT_MEASURED}"
    return f"; times as fast as the CPU ({timed.measured_in}): {', '.join(told)}"


def _all(models: Mapping[str, Answer]) -> str:
    return f"all {_models(len(models))}" if len(models) > 1 else f"the one model asked, {next(iter(models))},"


def _models(number: int) -> str:
    return f"{number} model" + ("s" if number != 1 else "")


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
