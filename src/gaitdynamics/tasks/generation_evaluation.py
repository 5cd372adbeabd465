"""Generated motions against the data: gait, forces, physics and novelty per speed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.console import Console

from gaitdynamics.columns import SIDES
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.errors import GaitError
from gaitdynamics.evaluation.novelty import nearest_distances, windows_of_samples, windows_of_trials
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.generation import Wish
from gaitdynamics.tasks.completion import loaded_network
from gaitdynamics.tasks.completion_evaluation import markdown
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.tasks.generation import GeneratedMotion, generate_motions, judge_motion
from gaitdynamics.tasks.generation_files import quality_table
from gaitdynamics.training.published_data import PublishedData, load_published_data
from gaitdynamics.trial import Trial

#: Recorded trials belong to a speed if theirs is this near [m/s].
_NEAR: Final = 0.25
_JOINTS: Final = ("hip_flexion", "knee_angle", "ankle_angle")


def evaluate_generation(
    data_folder: Path,
    out: Path,
    *,
    speeds: Sequence[float],
    count: int,
    seconds: float,
    split: str = "val",
    trials: int = 6,
    weights: str | None = None,
    seed: int = 0,
    console: Console | None = None,
) -> tuple[Path, ...]:
    """Generate motions at several speeds and compare them with recorded ones.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv; memorised copies are looked for in its train split.
    out
        Where to write.
    speeds, count, seconds
        What to generate: so many motions of each speed [m/s] and duration [s].
    split, trials
        Recorded trials to compare with: at most so many per speed of this side of the split.
    weights, seed
        As of `generate_motions`.
    console
        Where progress is shown.

    Returns
    -------
    tuple of Path
        The files; the one for reading is `summary.md`.
    """
    catalogue = Catalogue.read(data_folder)
    quiet = console or Console(quiet=True)
    rows: list[dict[str, Any]] = []
    motions: list[GeneratedMotion] = []
    for speed in speeds:
        made = generate_motions(Wish(speed, seconds), count=count, seed=seed, weights=weights)
        motions += made
        rows += [_row(speed, "generated", motion) for motion in made]
        rows += [_row(speed, "recorded", motion) for motion in _recorded(catalogue, speed, split, trials, seconds)]
    train, val = (load_published_data(catalogue, side, quiet) for side in ("train", "val"))
    novelty = _novelty([motion.trial for motion in motions], train, val, weights)
    table = pd.DataFrame(rows)
    summary = table.groupby(["speed", "kind"], sort=False).agg(["mean", "std"]).reset_index()
    summary.columns = pd.Index(["_".join(filter(None, name)) for name in summary.columns])
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "motions.csv", table.to_csv(index=False, float_format="%.4f"))
    write_text(out / "quality.csv", quality_table(motions).to_csv(index=False, float_format="%.4f"))
    write_text(out / "novelty.csv", novelty.to_csv(index=False, float_format="%.4f"))
    write_text(out / "summary.md", _page(summary, novelty, motions))
    return tuple(out / name for name in ("motions.csv", "quality.csv", "novelty.csv", "summary.md"))


def _row(speed: float, kind: str, motion: GeneratedMotion) -> dict[str, Any]:
    quality, trial = motion.quality, motion.trial
    ranges = {
        f"{joint}_range_deg": float(np.mean([np.degrees(np.ptp(trial.column(f"{joint}_{side}"))) for side in SIDES]))
        for joint in _JOINTS
    }
    return {
        "speed": speed,
        "kind": kind,
        "speed_m_s": quality.speed_m_s,
        "cadence": np.nan if quality.cadence_steps_per_min is None else quality.cadence_steps_per_min,
        "stride_m": np.nan if quality.stride_length_m is None else quality.stride_length_m,
        "peak_v_bw": np.nan if quality.peak_vertical_bw is None else quality.peak_vertical_bw,
        **ranges,
        "slide_m_s": quality.slide_m_s,
        "newton_refined": quality.newton_refined,
        "newton_own": quality.newton_generated,
        "passes": float(quality.passes),
    }


def _recorded(catalogue: Catalogue, speed: float, split: str, most: int, seconds: float) -> list[GeneratedMotion]:
    """Judge recorded trials of about a speed in the same way; their own forces are the measured ones."""
    found: list[GeneratedMotion] = []
    for record in catalogue.select(split=split):
        told = record.speed
        if record.activity not in ("walking", "running") or told is None or abs(told - speed) > _NEAR:
            continue
        try:
            trial = _start(record.load(), seconds)
            estimate = estimate_forces(trial)
            assert trial.forces is not None
            found.append(GeneratedMotion(estimate, trial.forces, judge_motion(estimate, trial.forces)))
        except GaitError:
            continue
        if len(found) == most:
            break
    return found


def _start(trial: Trial, seconds: float) -> Trial:
    from gaitdynamics.dataset.quality import cut

    return cut(trial, 0, min(len(trial.time), round(seconds * trial.rate)))


def _novelty(trials: Sequence[Trial], train: PublishedData, val: PublishedData, weights: str | None) -> pd.DataFrame:
    """Compare distances to the nearest training window: of generated motions, of other people, and among training."""
    scaler = loaded_network(weights).scaler
    known, others = (windows_of_samples(side.samples, scaler) for side in (train, val))
    made = windows_of_trials(trials, scaler)
    kinds = {
        "generated motions": nearest_distances(made, known),
        "people of val": nearest_distances(others, known),
        "training windows, nearest other": nearest_distances(known[::20], np.delete(known, np.s_[::20], axis=0)),
        "generated motions among each other": nearest_distances(made, made, not_itself=True),
        "people of val among each other": nearest_distances(others, others, not_itself=True),
    }
    rows = []
    for name, distances in kinds.items():
        low, median, high = np.percentile(distances, (5, 50, 95))
        rows.append(
            {
                "windows": name,
                "count": len(distances),
                "least": distances.min(),
                "p5": low,
                "median": median,
                "p95": high,
            }
        )
    return pd.DataFrame(rows)


def _page(summary: pd.DataFrame, novelty: pd.DataFrame, motions: Sequence[GeneratedMotion]) -> str:
    passes = 100.0 * float(np.mean([motion.quality.passes for motion in motions]))
    slide = float(np.median([motion.quality.slide_m_s for motion in motions]))
    walks = [m.quality.slide_m_s for m in motions if "walk" in m.trial.name]
    parts = [
        "# Generated motions",
        f"{len(motions)} motions; {passes:.0f} % pass the paper's quality rules; median sliding of feet {slide:.3f} m/s"
        + (f" ({np.median(walks):.3f} in walking)." if walks else "."),
        markdown(summary),
        "Distance to the nearest window (0.6 s), root mean square over its cells in scaled units (range 20):",
        markdown(novelty),
    ]
    return "\n\n".join(parts) + "\n"
