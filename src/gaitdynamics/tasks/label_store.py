"""A folder of labels: one file per trial, made by a pool of processes and kept when interrupted, then put together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.hip_label_quality import judge_cycle
from gaitdynamics.dataset.hip_labels import TrialLabels, cut_labelled_cycles, load_trial_labels, write_gait2hip
from gaitdynamics.dataset.manifest import MANIFEST
from gaitdynamics.engines.in_order import run_parallel
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.markdown import markdown_table
from gaitdynamics.features.hip import SAMPLES
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.tasks.labels import LabelSettings, describe, labeller

if TYPE_CHECKING:
    from rich.console import Console

STORE_FILE: Final = "labels.json"
TRIALS: Final = "trials"
FORCES_FILE: Final = "labels_MF.npz"
MOMENTS_FILE: Final = "labels_JM.npz"


@dataclass(frozen=True)
class StoreSummary:
    """What was made: trials with labels, trials left out, cycles that passed and that did not; and the page."""

    labelled: int
    left_out: int
    cycles: int
    refused: int
    page: str


def build_labels(
    catalogue: Catalogue,
    out: Path,
    settings: LabelSettings,
    *,
    processes: int = 1,
    samples: int = SAMPLES,
    console: Console | None = None,
) -> StoreSummary:
    """Label all trials of a catalogue and put the gait cycles that pass together.

    Parameters
    ----------
    catalogue
        The trials.
    out
        Folder of the store. With a store of the same settings in it, only what is missing is computed.
    settings
        How labels are made.
    processes
        Number of processes that share the trials.
    samples
        Length of the sequences.
    console
        Where progress is shown.

    Returns
    -------
    StoreSummary
        After writing `labels_MF.npz` and `labels_JM.npz` in the layout of Gait2Hip-60, `quality.csv` (one row per gait
        cycle), `left_out.csv` and `labels.md`.

    Raises
    ------
    MissingExtraError
        OpenSim is not installed.
    UserInputError
        The folder holds labels of other settings or of another folder of data.
    """
    from gaitdynamics.body.opensim_muscles import load_opensim

    load_opensim("labelling trials with muscle forces")
    about = describe(settings, file_sha256(catalogue.folder / MANIFEST))
    _check_store(out, about)
    (out / TRIALS).mkdir(parents=True, exist_ok=True)
    write_text(out / STORE_FILE, json.dumps(about, indent=1) + "\n")
    outcomes = list(
        run_parallel(
            labeller(out / TRIALS, settings),
            list(catalogue),
            processes=processes,
            title="static optimisation",
            console=console,
        )
    )
    files = [outcome.file for outcome in outcomes if outcome.file is not None]
    trials = [load_trial_labels(file) for file in files]
    cycles = cut_labelled_cycles(trials, samples)
    judged = [judge_cycle(cycle) for cycle in cycles]
    passed = [cycle for cycle, found in zip(cycles, judged, strict=True) if not found["reason"]]
    write_gait2hip(out / FORCES_FILE, passed, moments=False)
    write_gait2hip(out / MOMENTS_FILE, passed, moments=True)
    quality = pd.DataFrame(judged)
    write_text(out / "quality.csv", quality.to_csv(index=False))
    left_out = [{"trial": o.label, "side": "", "reason": str(o.reason)} for o in outcomes if o.file is None]
    left_out += _without_cycles(trials)
    write_text(out / "left_out.csv", pd.DataFrame(left_out, columns=["trial", "side", "reason"]).to_csv(index=False))
    page = _page(settings, trials, quality, left_out)
    write_text(out / "labels.md", page)
    failed = sum(outcome.file is None for outcome in outcomes)
    return StoreSummary(len(files), failed, len(passed), len(cycles) - len(passed), page)


def load_labels(store: Path) -> list[TrialLabels]:
    """Read the records of all trials of a store.

    Raises
    ------
    UserInputError
        It is no store of labels.
    """
    files = sorted((store / TRIALS).glob("*.npz"))
    if not (store / STORE_FILE).is_file() or not files:
        raise UserInputError("no labels in it", file=store, remedy="name a folder that 'gaitdynamics labels' made")
    return [load_trial_labels(file) for file in files]


def _check_store(out: Path, about: dict[str, Any]) -> None:
    file = out / STORE_FILE
    if not file.is_file():
        return
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = None
    if known != about:
        raise UserInputError(
            "holds labels of other settings or data, or of another version",
            file=out,
            remedy="give the same options and data to go on with it, or name a new folder with --out",
        )


def _without_cycles(trials: Sequence[TrialLabels]) -> list[dict[str, str]]:
    reason = "instants only: no gait cycle with a complete force of that foot"
    return [
        {"trial": trial.label, "side": side, "reason": reason}
        for trial in trials
        for side, leg in trial.legs.items()
        if not len(leg.cycles)
    ]


def _page(
    settings: LabelSettings, trials: Sequence[TrialLabels], quality: pd.DataFrame, left_out: Sequence[dict[str, Any]]
) -> str:
    rows = []
    counts = quality.assign(study=quality["trial"].str.split("/").str[0]) if len(quality) else quality
    keys = sorted({(t.study, t.split, t.activity) for t in trials})
    for study, split, activity in keys:
        mine = [t for t in trials if (t.study, t.split, t.activity) == (study, split, activity)]
        if len(counts):
            found = counts[(counts["study"] == study) & (counts["split"] == split) & (counts["activity"] == activity)]
            passed = int((found["reason"] == "").sum())
            share = f"{100 * found['reserve_share'].median():.2f}" if len(found) else "-"
        else:
            found, passed, share = counts, 0, "-"
        people, instants = len({t.person for t in mine}), sum(len(leg.time) for t in mine for leg in t.legs.values())
        rows.append([study, split, activity, people, len(mine), instants, passed, len(found) - passed, share])
    reasons = pd.Series([str(item["reason"]) for item in left_out], dtype=str).value_counts()
    head = ["study", "split", "activity", "people", "trials", "instants", "cycles", "refused", "reserve share [%]"]
    lines = [
        "# Labels: joint moments and hip muscle forces by OpenSim's muscles",
        "",
        f"Forces on the feet: {settings.forces}. At least {settings.rate:g} instants per second were solved (every",
        f"n-th frame), at most {settings.seconds:g} s per leg and trial; sequences follow by interpolation. Low-pass",
        f"on the coordinates: {', '.join(f'{k} {v:g} Hz' for k, v in settings.cutoff.items())}.",
        "",
        markdown_table(head, rows),
        "Cycles: of either leg, the left one mirrored. Reserve share: median over cycles, reserves over joint moments",
        "of hip and knee, root mean squares.",
        "",
        "## Left out",
        "",
        markdown_table(["reason", "trials or legs"], [[name, int(count)] for name, count in reasons.items()]),
    ]
    if len(quality):
        why = quality["reason"][quality["reason"] != ""].str.replace(r"\d+", "N", regex=True).value_counts()
        lines += ["## Gait cycles refused", "", markdown_table(["reason", "cycles"], list(why.items()))]
    return "\n".join(lines)
