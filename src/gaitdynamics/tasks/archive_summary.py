"""The table of an archive: one row per trial as CSV, and what they come to as Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gaitdynamics.dataset.recordings import Unreadable
from gaitdynamics.evaluation.markdown import markdown_table
from gaitdynamics.files.atomic import write_text
from gaitdynamics.tasks.archive import ArchiveResult
from gaitdynamics.tasks.archive_journal import Finished

#: Names of the two files.
TABLE, SUMMARY = "summary.csv", "summary.md"

#: What is told of a trial that has a result.
FIGURES: Final = (
    *("seconds", "rate_hz", "mass_kg", "surface", "belt_speed_m_s", "speed_m_s", "cadence_steps_per_min"),
    *("peak_vertical_r_bw", "peak_vertical_l_bw", "difference_from_newton_vertical_bw", "generated", "processor_s"),
    "warnings",
)

#: Columns of summary.csv.
COLUMNS: Final = ("trial", "status", "reason", "results", *FIGURES)

#: In a reason: the file in which and the place at which it was found; names and numbers.
_PLACE: Final = re.compile(r"^\S.*?\.\w+(, row \d+)?(, column '[^']*')?: ")
_PARTICULARS: Final = re.compile(r"'[^']*'|-?\d+(\.\d+)?")

#: Reasons that the summary lists, the most frequent first.
_MOST_REASONS: Final = 20


def write_summary(result: ArchiveResult, folder: Path) -> tuple[Path, Path]:
    """Write summary.csv and summary.md; gives their paths."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(trial) for trial in result.trials)
    writer.writerows(_row_of(part) for part in result.source.unreadable)
    table, page = folder / TABLE, folder / SUMMARY
    write_text(table, stream.getvalue())
    write_text(page, "\n".join(_page(result)).rstrip() + "\n")
    return table, page


def _row(trial: Finished) -> list[str]:
    place = f"{trial.place}_grf.mot" if trial.status == "done" else ""
    told = (_cell(trial.figures.get(name)) for name in FIGURES)
    return [trial.label, trial.status, _one_line(trial.reason), place, *told]


def _row_of(part: Unreadable) -> list[str]:
    return [str(part.path), "failed", _one_line(part.reason), "", *("" for _ in FIGURES)]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(_one_line(str(part)) for part in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def headline(result: ArchiveResult) -> str:
    """Tell in one line how many trials have results and how fast that went."""
    failed, wrong = result.count("failed"), result.count("error", "lost")
    parts = [f"{len(result.source.recordings)} trials: {result.count('done')} with results, {failed} with reasons"]
    if wrong:
        parts.append(f"{wrong} with errors of the program or lost processes, which another run tries again")
    if result.unfinished:
        parts.append(f"{result.unfinished} not begun")
    if result.already:
        parts.append(f"{result.already} of them by an earlier run")
    return ", ".join(parts)


def throughput(result: ArchiveResult) -> str:
    """Tell how fast the trials of this run were, on the clock and per core; empty where there were none."""
    done = [trial.figures for trial in result.trials if trial.status == "done"]
    motion, work = (sum(float(figures[name]) for figures in done) for name in ("seconds", "processor_s"))
    if not done or not work:
        return ""
    text = (
        f"{_duration(motion)} of motion in {_duration(work)} of processor time: {len(done) / work:.2f} trials per "
        f"second and core, {motion / work:.0f} times real time"
    )
    new = len(result.trials) - result.already
    return f"{text}; this run: {new} trials in {result.wall_s:.0f} s" if new else text


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 3600.0 else f"{seconds / 3600.0:.1f} h"


def _page(result: ArchiveResult) -> list[str]:
    lines = [f"# Forces of {result.source.path.name}", "", f"{headline(result)}.", ""]
    if throughput(result):
        lines += [f"{throughput(result)}.", ""]
    lines += [f"{TABLE} has one row per trial.", "", _studies(result.trials)]
    told = [_one_line(trial.reason) for trial in result.trials if trial.status != "done"]
    told += [_one_line(part.reason) for part in result.source.unreadable]
    reasons = Counter(map(_kind, told))
    if reasons:
        example = {_kind(reason): reason for reason in reversed(told)}
        rows = [(count, example[kind]) for kind, count in reasons.most_common(_MOST_REASONS)]
        lines += ["## Reasons", "", markdown_table(["trials", "reason, or the first of its kind"], rows)]
        if len(reasons) > _MOST_REASONS:
            lines += [f"and {len(reasons) - _MOST_REASONS} other reasons", ""]
    return lines


def _kind(reason: str) -> str:
    """Give what reasons have in common that differ in file, place and numbers only."""
    return _PARTICULARS.sub("#", _PLACE.sub("", reason))


def _studies(trials: Sequence[Finished]) -> str:
    studies: dict[str, list[Finished]] = {}
    for trial in trials:
        studies.setdefault(trial.label.split("/", 1)[0], []).append(trial)
    rows = []
    for study, members in sorted(studies.items()):
        done = [trial.figures for trial in members if trial.status == "done"]
        rows.append(
            [
                study,
                str(len(members)),
                str(len(done)),
                str(len(members) - len(done)),
                f"{sum(float(figures['seconds']) for figures in done):.0f}",
                _span(done, "speed_m_s", "{:.1f}"),
                _span(done, "peak_vertical_r_bw", "{:.2f}"),
                _span(done, "difference_from_newton_vertical_bw", "{:.3f}"),
                str(sum(bool(figures["generated"]) for figures in done)),
            ]
        )
    heads = ["study", "trials", "results", "reasons", "seconds", "speed [m/s]", "right peak [BW]", "off Newton [BW]"]
    return markdown_table([*heads, "completed"], rows)


def _span(figures: Sequence[Mapping[str, Any]], name: str, form: str) -> str:
    """Tell the least and the largest of a figure."""
    known = [float(row[name]) for row in figures if row[name] is not None]
    return f"{form.format(min(known))} to {form.format(max(known))}" if known else "-"
