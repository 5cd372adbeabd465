"""Checking a source of trials: what each trial tells of itself, as a table and a page of pictures."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gaitdynamics.dataset.audit import TrialAudit, audit_recording
from gaitdynamics.dataset.recordings import Source, Unreadable
from gaitdynamics.files.atomic import write_text

if TYPE_CHECKING:
    from rich.table import Table

#: Columns of check.csv, one row per trial; the names are those of `dataset.audit.TrialAudit`.
CSV_COLUMNS: Final = (
    *("study", "subject", "trial", "findings", "unreadable", "seconds", "rate_hz", "mass_kg", "model_mass_kg"),
    *("height_m", "surface", "slip_m_s", "demanded_bw", "has_forces", "valid_percent", "gain", "residual_vertical"),
    *("residual_horizontal", "cop_beside_percent", "other_foot_percent", "missing", "warnings"),
)

#: Trials on the page of pictures.
MOST_PICTURES: Final = 40


@dataclass(frozen=True)
class DataCheck:
    """What was found in a source.

    Attributes
    ----------
    source
        Where from.
    audits
        One per trial, in the order of the source; those on the page keep their curves.
    """

    source: Source
    audits: tuple[TrialAudit, ...]

    @property
    def unreadable(self) -> int:
        """Number of trials that cannot be read."""
        return sum(bool(audit.unreadable) for audit in self.audits)

    @property
    def nothing_readable(self) -> bool:
        """Whether no trial can be read."""
        return self.unreadable == len(self.audits)


def check_source(source: Source, progress: Callable[[int, int], None] | None = None) -> DataCheck:
    """Look at all trials of a source, one after the other.

    Only the curves of those trials stay in memory that will be on the page: those with most findings, and among
    these those whose forces differ most from the motion's.

    Parameters
    ----------
    source
        From `dataset.sources.open_source`.
    progress
        Called with the number of trials that are done, and of all.
    """
    audits: list[TrialAudit] = []
    shown: list[int] = []
    for number, recording in enumerate(source.recordings, start=1):
        audits.append(audit_recording(recording))
        if audits[-1].vertical is not None:
            shown.append(number - 1)
        if len(shown) > MOST_PICTURES:
            least = min(shown, key=lambda i: (_weight(audits[i]), -i))
            shown.remove(least)
            audits[least] = replace(audits[least], vertical=None)
        if progress is not None:
            progress(number, len(source.recordings))
    return DataCheck(source, tuple(audits))


def _weight(audit: TrialAudit) -> tuple[int, float]:
    return len(audit.findings), audit.residual_vertical or 0.0


def write_check(check: DataCheck, folder: Path) -> list[Path]:
    """Write check.csv and, where a trial could be read, check.png.

    Parameters
    ----------
    check
        From `check_source`.
    folder
        Which exists.

    Returns
    -------
    list of Path
        The files.
    """
    from gaitdynamics.files.atomic import atomic_path
    from gaitdynamics.plotting.data_check import plot_data_check
    from gaitdynamics.plotting.style import save_png

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(_cells(audit) for audit in check.audits)
    writer.writerows(_cells_of(part) for part in check.source.unreadable)
    files = [folder / "check.csv"]
    write_text(files[0], stream.getvalue())
    drawn = [audit for audit in check.audits if audit.vertical is not None]
    if drawn:
        left = f", the {len(drawn)} with most to say" if len(drawn) < len(check.audits) - check.unreadable else ""
        title = f"{check.source.path.name}: {len(check.audits)} trials{left}"
        files.append(folder / "check.png")
        figure = plot_data_check(drawn, title)
        with atomic_path(files[1]) as temporary:
            save_png(figure, temporary)
    return files


def _cells(audit: TrialAudit) -> list[str]:
    return [_cell(getattr(audit, name)) for name in CSV_COLUMNS]


def _cells_of(part: Unreadable) -> list[str]:
    known = {"trial": str(part.path), "findings": "unreadable: cannot be looked into", "unreadable": part.reason}
    return [known.get(name, "") for name in CSV_COLUMNS]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "; ".join(" ".join(str(part).split()) for part in value)
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def summary_table(check: DataCheck) -> Table:
    """Lay out for a terminal what was found, one row per subject."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{check.source.path.name} ({check.source.kind})", title_justify="left", box=SIMPLE)
    table.add_column(Text("study/subject"), overflow="fold", min_width=20)
    for head in ("trials", "Hz", "kg", "gain", "%BW", "wrong"):
        table.add_column(Text(head), justify="right", no_wrap=True)
    people: dict[tuple[str, str], list[TrialAudit]] = {}
    for audit in check.audits:
        people.setdefault((audit.study, audit.subject), []).append(audit)
    for (study, subject), audits in people.items():
        read = [audit for audit in audits if not audit.unreadable]
        cells = (
            *(f"{study}/{subject}", str(len(audits))),
            *(_span([getattr(a, name) for a in read], form) for name, form in _SHOWN),
            str(sum(bool(a.findings) for a in audits)),
        )
        table.add_row(*map(Text, cells))
    return table


#: What the table shows of each subject: mass, measured over demanded force, residual [%BW].
_SHOWN: Final = (*(("rate_hz", "{:.0f}"), ("mass_kg", "{:.1f}"), ("gain", "{:.2f}"), ("residual_vertical", "{:.0f}")),)


def _span(values: Sequence[float | None], form: str) -> str:
    """Tell a value, or the least and the largest where they differ."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    least, most = form.format(min(known)), form.format(max(known))
    return least if least == most else f"{least}-{most}"


def summary_lines(check: DataCheck) -> list[str]:
    """Tell in sentences what is wrong: each finding with the number of trials, most frequent first."""
    audits = check.audits
    wrong = [audit for audit in audits if audit.findings]
    forces = sum(audit.has_forces for audit in audits)
    lines = [f"{len(audits)} trials, {forces} with measured forces; {len(wrong)} with findings"]
    lines += [f"cannot be looked into: {part.path}: {part.reason}" for part in check.source.unreadable]
    counts = Counter(finding.kind for audit in audits for finding in audit.findings)
    for kind, count in counts.most_common():
        audit, finding = next((a, f) for a in audits for f in a.findings if f.kind == kind)
        lines.append(f"{count} x {kind}, for example {audit.label}: {audit.unreadable or finding.text}")
    return lines
