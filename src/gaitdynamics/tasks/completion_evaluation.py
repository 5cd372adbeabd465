"""How well motions of a data folder are completed: tables, a figure, and the settings used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict
from rich.console import Console

from gaitdynamics._version import __version__
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.evaluation.completion import (
    Completer,
    CompletionPlan,
    evaluate_completion,
    force_table,
    motion_table,
)
from gaitdynamics.evaluation.masks import interpolated_by_spline
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.tasks.completion_methods import ByConstants, ByDiffusion, BySubstitutes, ForcesOfCompleted
from gaitdynamics.training.published_data import fit_scaler, load_published_data

#: Names of the methods.
DIFFUSION, MEDIAN, MID_RANGE, ALONE, SPLINE = "diffusion", "median", "mid-range", "refiner alone", "cubic spline"


class CompletionSettings(BaseModel):
    """What was evaluated, as it is written beside the results."""

    model_config = ConfigDict(frozen=True)

    version: str
    manifest_sha256: str
    split: str
    weights: dict[str, str | None]
    longest_s: float
    trials_per_person: int | None


def choose_trials(catalogue: Catalogue, split: str, most: int | None) -> list[TrialRecord]:
    """List the walking and running trials of a side of the split: at most so many per person and activity, evenly."""
    people: dict[tuple[str, str, str], list[TrialRecord]] = {}
    for record in catalogue.select(split=split):
        if record.activity in ("walking", "running"):
            people.setdefault((record.study, record.subject, record.activity), []).append(record)
    chosen = []
    for records in people.values():
        count = len(records) if most is None else min(most, len(records))
        chosen += [records[i] for i in np.unique(np.linspace(0, len(records) - 1, count).astype(int))]
    return chosen


def evaluate_completion_of_folder(
    data_folder: Path,
    out: Path,
    *,
    split: str = "test",
    weights: Mapping[str, str] | None = None,
    constants: bool = True,
    longest: float = 8.0,
    trials_per_person: int | None = None,
    processes: int = 1,
    console: Console | None = None,
) -> tuple[Path, ...]:
    """Hide joints and spans of time from the trials of a folder, complete them by several methods, and compare.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    out
        Where to write; made if it does not exist.
    split
        Side of the split; 'test' means held-out people and unseen studies.
    weights
        Further diffusion networks by the name of the method: folders of pairs.
    constants
        Whether to fill with medians and mid-ranges of the training frames too, which the folder must then hold.
    longest
        So much of each trial is looked at, from its middle [s].
    trials_per_person
        At most so many trials of each person and activity, evenly chosen; None takes all.
    processes, console
        As of `evaluation.completion.evaluate_completion`.

    Returns
    -------
    tuple of Path
        The files; the one for reading is `summary.md`.

    Raises
    ------
    UserInputError
        The folder, split or weights do not exist, or nothing could be judged.
    """
    catalogue = Catalogue.read(data_folder)
    further = dict(weights or {})
    networks: dict[str, Completer] = {name: ByDiffusion(folder) for name, folder in further.items()}
    completers: dict[str, Completer] = {DIFFUSION: ByDiffusion(), **networks}
    if constants:
        median, middle = training_constants(catalogue, console)
        completers |= {MEDIAN: ByConstants(median), MID_RANGE: ByConstants(middle)}
    completers[ALONE] = BySubstitutes()
    plan = CompletionPlan(
        completers,
        ForcesOfCompleted(),
        {DIFFUSION: ByDiffusion(), **networks, SPLINE: interpolated_by_spline},
        longest=longest,
    )
    records = choose_trials(catalogue, split, trials_per_person)
    found = evaluate_completion(records, plan, processes=processes, console=console)
    settings = CompletionSettings(
        version=__version__,
        manifest_sha256=file_sha256(data_folder / "manifest.csv"),
        split=split,
        weights={DIFFUSION: None, **further},
        longest_s=longest,
        trials_per_person=trials_per_person,
    )
    out.mkdir(parents=True, exist_ok=True)
    motions, forces = motion_table(found), force_table(found)
    tables = {"motions.csv": found.motions, "forces.csv": found.forces, "failures.csv": found.failures}
    for name, table in tables.items():
        write_text(out / name, table.to_csv(index=False, float_format="%.5g"))
    write_text(out / "summary.md", completion_page(motions, forces, f"Completed motions, split '{split}'"))
    write_text(out / "configuration.json", settings.model_dump_json(indent=1) + "\n")
    from gaitdynamics.plotting.style import save_for_papers
    from gaitdynamics.plotting.task1_masks import plot_masks

    pictures = save_for_papers(plot_masks(motions, forces), out / "masks.png")
    return (*(out / name for name in (*tables, "summary.md", "configuration.json")), *pictures)


def training_constants(
    catalogue: Catalogue, console: Console | None = None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Find the median of each column over the training frames in which it is known, and the middle of its range."""
    samples = load_published_data(catalogue, "train", console or Console(quiet=True)).samples
    known = np.concatenate([np.where(s.known, s.values, np.nan) for s in samples])
    middle = fit_scaler(samples).from_scaled(np.zeros(known.shape[1]))
    return tuple(map(float, np.nanmedian(known, axis=0))), tuple(map(float, middle))


def completion_page(motions: pd.DataFrame, forces: pd.DataFrame, title: str) -> str:
    """Lay out both tables as a page to read."""
    columns = ["activity", "mask", "method", "trials", "studies"]
    kept = ["angle_deg", "range_percent", "path_mm", "slide_m_s", "sink_mm"]
    changes = ["peak_vertical", "peak_vertical_change", "profile_vertical", "profile_vertical_change"]
    parts = [
        f"# {title}",
        "Angles: root mean square error of the hidden ones [deg], and in % of their range. Path: of the pelvis, without"
        " its mean [mm]. Slide: median speed of the stiller end of a foot that is down [m/s].",
        markdown(motions[[*columns, *kept]]),
        "Forces by the foot-view network on the completed motion [%BW]; change: from the same trials with nothing"
        " hidden.",
        markdown(forces[[*columns, *changes]]),
    ]
    return "\n\n".join(parts) + "\n"


def markdown(table: pd.DataFrame) -> str:
    """Lay out a table in Markdown, numbers with two decimals."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return "-" if np.isnan(value) else f"{value:.2f}"
        return str(value)

    rows = [list(table.columns), ["---"] * len(table.columns)]
    rows += [[cell(value) for value in row] for row in table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
