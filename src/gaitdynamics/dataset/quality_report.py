"""The report on the quality of a data folder: what each rule checks and removes, per study and per trial."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gaitdynamics.dataset.quality import Rule, judge
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import GaitError
from gaitdynamics.files.atomic import write_text

#: Columns of quality.csv, one row per trial and rule.
CSV_COLUMNS: Final = (
    *("study", "subject", "trial", "split", "activity", "rule", "value", "threshold", "unit"),
    *("removes_trial", "frames", "removed_frames", "reason"),
)

_UNREADABLE: Final = "readable"


@dataclass(frozen=True)
class Check:
    """One rule on one trial.

    `value` is None where the rule does not apply. `removed_frames` are those of a frame rule, or all of a trial that
    the rule removes. A trial that cannot be read has one check only, of the rule 'readable'.
    """

    study: str
    subject: str
    trial: str
    split: str
    activity: str
    rule: str
    value: float | None
    threshold: float | None
    unit: str
    removes_trial: bool
    frames: int
    removed_frames: int
    reason: str

    def row(self) -> list[str]:
        """Give the cells of quality.csv."""
        values = (getattr(self, name) for name in CSV_COLUMNS)
        return ["" if v is None else f"{v:.6g}" if isinstance(v, float) else str(v).replace("\n", " ") for v in values]


def check_trials(
    records: Sequence[TrialRecord], rules: Sequence[Rule], progress: Callable[[int, int], None] | None = None
) -> list[Check]:
    """Apply rules to trials, one after the other."""
    checks: list[Check] = []
    for number, record in enumerate(records, start=1):
        checks += _check_trial(record, rules)
        if progress is not None:
            progress(number, len(records))
    return checks


def _check_trial(record: TrialRecord, rules: Sequence[Rule]) -> Iterator[Check]:
    place = (record.study, record.subject, record.trial, record.split, record.activity)
    try:
        trial = record.load()
        findings = judge(trial, rules).findings
    except GaitError as error:
        yield Check(*place, _UNREADABLE, None, None, "", True, 0, 0, str(error))
        return
    frames = len(trial.time)
    for f in findings:
        removed = frames if f.removes_trial else f.bad_frames
        yield Check(*place, f.rule, f.value, f.threshold, f.unit, f.removes_trial, frames, removed, f.reason)


def write_report(folder: Path, checks: Sequence[Check], rules: Sequence[Rule], title: str) -> list[Path]:
    """Write quality.csv and quality.md.

    Parameters
    ----------
    folder
        Which exists.
    checks
        From `check_trials`.
    rules
        Those that were applied.
    title
        What was looked at, for the head of the report.

    Returns
    -------
    list of Path
        The two files.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(check.row() for check in checks)
    files = [folder / "quality.csv", folder / "quality.md"]
    write_text(files[0], stream.getvalue())
    write_text(files[1], _markdown(checks, rules, title))
    return files


def summary_rows(checks: Sequence[Check], rules: Sequence[Rule]) -> list[tuple[str, str, str, str, str]]:
    """Count per rule: its name, trials checked, trials removed, frames removed, and removed by no earlier rule."""
    removed_before: set[tuple[str, str, str]] = set()
    rows = []
    for rule in rules:
        of_rule = [c for c in checks if c.rule == rule.name]
        removed = {(c.study, c.subject, c.trial) for c in of_rule if c.removes_trial}
        rows.append((rule.name, *_counts(of_rule), str(len(removed - removed_before))))
        removed_before |= removed
    return rows


def _counts(checks: Sequence[Check]) -> tuple[str, str, str]:
    checked = [c for c in checks if c.value is not None]
    frames, removed = sum(c.frames for c in checked), sum(c.removed_frames for c in checked)
    share = f" ({100.0 * removed / frames:.1f} %)" if frames else ""
    return str(len(checked)), str(sum(c.removes_trial for c in checked)), f"{removed} of {frames}{share}"


def _markdown(checks: Sequence[Check], rules: Sequence[Rule], title: str) -> str:
    trials = {(c.study, c.subject, c.trial): False for c in checks}
    for c in checks:
        trials[c.study, c.subject, c.trial] |= c.removes_trial
    lines = [
        f"# Quality of {title}",
        "",
        f"{len(trials)} trials, of which {sum(trials.values())} are removed by some rule. A rule that needs what a "
        "trial does not have (a trunk, a foot in stance) does not check it.",
        "",
        "| rule | what is measured | kept | from |",
        "|---|---|---|---|",
        *(f"| {r.name} | {r.quantity} | {r.limit} | {r.source} |" for r in rules),
        "",
        "## All studies",
        "",
        *_table(
            ("rule", "trials checked", "trials removed", "frames removed", "removed by no rule above"),
            summary_rows(checks, rules),
        ),
        "",
        "## By study",
        "",
    ]
    by_study = (
        (study, rule.name, *_counts([c for c in checks if c.study == study and c.rule == rule.name]))
        for study in sorted({c.study for c in checks})
        for rule in rules
    )
    lines += _table(("study", "rule", "trials checked", "trials removed", "frames removed"), by_study)
    lines += ["", "## What is removed", ""]
    removed = [c for c in checks if c.reason]
    place = (f"{c.study}/{c.subject}/{c.trial}" for c in removed)
    what = (
        (p, c.rule, "trial" if c.removes_trial else f"{c.removed_frames} frames", _one_line(c.reason))
        for p, c in zip(place, removed, strict=True)
    )
    lines += _table(("trial", "rule", "removed", "why"), what) if removed else ["Nothing."]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "/")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
