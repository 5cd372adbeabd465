"""What each difference from the published code changes, measured on recorded trials.

python benchmarks/published_differences/run.py DATA_FOLDER --weights PAIR --out results/published_differences
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
import torch
from cyclopts import App
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from gaitdynamics._version import __version__
from gaitdynamics.columns import FULL_BODY, canonical
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.diffusion.inpainting import inpaint
from gaitdynamics.diffusion.sampling import FAST_PLAN, FILLING_PLAN, PUBLISHED_PLAN, SamplingPlan, WindowNoise
from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.features.published.clock import linear
from gaitdynamics.features.published.rotations import find_alignment
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import (
    PublishedColumns,
    columns_of_trial,
    forces_of_columns,
    trial_of_columns,
)
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.motion_network import motion_network
from gaitdynamics.inference.published_checkpoint import PublishedWeights, load_published
from gaitdynamics.inference.published_pair import refine_columns
from gaitdynamics.inference.samples import complete_with_samples
from gaitdynamics.inference.windows import WINDOW, stitch
from gaitdynamics.networks.denoiser import SteppedDenoiser
from gaitdynamics.signals import resample
from gaitdynamics.trial import FootForces, Mask, Trial

Array = NDArray[np.float64]

#: Body height [m] where it is not known: the way there and back uses the same number.
SOME_HEIGHT: Final = 1.72

KINEMATIC, KINETIC = list(PUBLISHED_63.kinematic), list(PUBLISHED_63.kinetic)

#: Range of a scaled column over the training data.
RANGE: Final = 20.0

#: What is taken away and filled.
GROUPS: Final = {
    "knees": ("knee_angle_r", "knee_angle_l"),
    "hips": tuple(f"hip_{angle}_{side}" for side in "rl" for angle in ("flexion", "adduction", "rotation")),
}

app = App(help=__doc__)


@dataclass(frozen=True)
class Effect:
    """One difference on one trial: a measure, in a unit, as published and as here."""

    difference: str
    measure: str
    unit: str
    trial: str
    published: float
    here: float


@dataclass(frozen=True)
class Case:
    """A trial in the published columns."""

    label: str
    trial: Trial
    columns: PublishedColumns


@app.default
def main(
    data: Path,
    *,
    weights: Path,
    out: Path | None = None,
    split: str = "val",
    shortest: float = 3.1,
    longest: float = 10.0,
) -> None:
    """Measure every difference.

    Parameters
    ----------
    data
        Folder with `manifest.csv`.
    weights
        Folder of a pair: imported, or trained (`gaitdynamics train denoiser`, `train refiner --network published`).
    out
        Folder for summary.md and effects.csv; without it the table is printed only.
    split
        Trials to use.
    shortest
        Trials of this length [s] and more show what happens between windows; shorter ones serve for the rest.
    longest
        Of longer ones the first so many seconds go through the networks.
    """
    torch.set_num_threads(1)
    console = Console(stderr=True)
    cases = list(_cases(data, split, console))
    pair = load_published(weights)
    effects = [effect for case in cases for effect in without_networks(case)]
    long = [cut(case, longest) for case in cases if case.trial.time[-1] - case.trial.time[0] >= shortest]
    for case in track(long, description="running the networks", console=console):
        effects += [*windowing(case, pair), *filling(case, pair)]
    text = table(effects, split, len(cases), len(long))
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "summary.md", text)
        write_text(out / "effects.csv", as_csv(effects))


def _cases(data: Path, split: str, console: Console) -> Iterator[Case]:
    records = [r for r in Catalogue.read(data).select(split=split) if r.activity in ("walking", "running")]
    for record in track(records, description=f"reading {split}", console=console):
        trial = record.load()
        trial = replace(trial, subject=replace(trial.subject, height_m=record.height_m or SOME_HEIGHT))
        yield Case(record.label, trial, columns_of_trial(trial))


def cut(case: Case, seconds: float) -> Case:
    """Keep the first seconds."""
    trial = case.trial
    frames = int(np.searchsorted(trial.time, trial.time[0] + seconds))
    forces = trial.forces
    if forces is not None and len(trial.time) > frames:
        arrays = {f.name: value[:frames] for f in fields(forces) if (value := getattr(forces, f.name)) is not None}
        trial = replace(trial, time=trial.time[:frames], values=trial.values[:frames], forces=FootForces(**arrays))
    return Case(case.label, trial, columns_of_trial(trial))


def without_networks(case: Case) -> Iterator[Effect]:
    """Differences on the way into the columns and back."""
    trial, columns = case.trial, case.columns

    def effect(difference: str, measure: str, unit: str, published: float, here: float) -> Effect:
        return Effect(difference, measure, unit, case.label, published, here)

    # Somebody who walks the other way: the pelvis' yaw lies around 180 degrees.
    state = np.zeros((len(trial.time), len(FULL_BODY) + 12))
    yaw = trial.column("pelvis_rotation")
    state[:, FULL_BODY.index("pelvis_rotation")] = (yaw - np.median(yaw) + 2.0 * np.pi) % (2.0 * np.pi) - np.pi
    refused = [float(find_alignment(state, published=p).span > np.radians(45.0)) for p in (True, False)]
    yield effect(
        "yaw unwrapped", "share of trials facing -X that seem to turn", "%", 100 * refused[0], 100 * refused[1]
    )

    there_and_back = {p: trial_of_columns(columns.values, columns, trial, published=p) for p in (True, False)}
    measured = np.stack([trial.column(f"pelvis_t{axis}") for axis in "xyz"], axis=-1)
    paths = {
        p: np.stack([there_and_back[p].column(f"pelvis_t{axis}") for axis in "xyz"], axis=-1) for p in (True, False)
    }
    off = {p: 1e3 * np.linalg.norm(paths[p] - measured, axis=1).max() for p in (True, False)}
    yield effect(
        "path of the pelvis as measured", "largest distance from the measured path", "mm", off[True], off[False]
    )
    angles = [
        i
        for i, n in enumerate(trial.coordinates)
        if canonical(n) in FULL_BODY and not n.startswith("pelvis_t") and not trial.missing[i]
    ]
    worst = {p: np.degrees(np.abs(there_and_back[p].values - trial.values)[:, angles]).max() for p in (True, False)}
    yield effect("measured coordinates kept", "largest change of a measured angle", "deg", worst[True], worst[False])

    forces = trial.forces
    assert forces is not None
    assert forces.valid is not None
    loaded = forces.valid & (forces.force[..., 1] > 50.0)
    if loaded.any():
        back = {
            p: forces_of_columns(columns.values, columns, there_and_back[p] if p else trial, published=p)
            for p in (True, False)
        }
        distance = {
            p: 1e3 * np.linalg.norm((back[p].cop - forces.cop)[..., [0, 2]], axis=-1)[loaded].mean()
            for p in (True, False)
        }
        yield effect(
            "CoP relative to the motion put in",
            "CoP error of measured forces, there and back",
            "mm",
            distance[True],
            distance[False],
        )
    # Every second frame is given; those between are what resampling a slower recording must find.
    given, between = slice(0, None, 2), slice(1, len(trial.time) - 1, 2)
    knee = trial.column("knee_angle_r")[:, None]
    found = [way(knee[given], trial.time[given], trial.time[between]) for way in (linear, resample)]
    error = [float(np.degrees(np.sqrt(np.mean((x - knee[between]) ** 2)))) for x in found]
    yield effect("cubic resampling", "RMS error of the knee angle from half the rate", "deg", *error)


def published_windows(network: Callable[[torch.Tensor], torch.Tensor], columns: Array) -> Array:
    """Cut end to end and pad the last window with zeros, as the published code does."""
    frames = len(columns)
    count = -(-frames // WINDOW)
    padded = np.zeros((count * WINDOW, columns.shape[1]), dtype=np.float32)
    padded[:frames] = columns
    with torch.inference_mode():
        result = network(torch.from_numpy(padded.reshape(count, WINDOW, -1)))
    return np.asarray(result.reshape(count * WINDOW, -1)[:frames].double().numpy())


def windowing(case: Case, pair: PublishedWeights) -> Iterator[Effect]:
    """Borders of windows, the last window, and forces in swing, with complete kinematics."""
    trial, columns = case.trial, case.columns
    scaled = pair.refinement_scaler.to_scaled(columns.values)
    # Columns that were not measured must not be seen; with the published networks that is a zero.
    scaled[:, columns.missing] = 0.0
    inputs = scaled[:, KINEMATIC].astype(np.float32)
    kinetic = {True: published_windows(pair.refinement, inputs), False: stitch(pair.refinement, inputs)}
    values = {p: pair.refinement_scaler.select(KINETIC).from_scaled(kinetic[p]) for p in kinetic}
    forces = {p: forces_of_columns(values[p], columns, trial, published=p) for p in values}

    def effect(difference: str, measure: str, unit: str, published: float, here: float) -> Effect:
        return Effect(difference, measure, unit, case.label, published, here)

    border = np.arange(WINDOW, len(inputs), WINDOW)
    specific = {p: values[p][:, [1, 7]] * trial.subject.mass_kg for p in values}
    jump = {p: np.abs(np.diff(specific[p], n=2, axis=0)) for p in specific}
    at_border = {p: max(jump[p][b - 2 : b + 1].max() for b in border) for p in jump}
    yield effect(
        "overlap and cross-fade",
        "largest second difference of vertical force at borders",
        "N",
        at_border[True],
        at_border[False],
    )
    everywhere = {p: _profile_error(forces[p], trial) for p in forces}
    yield effect("overlap and cross-fade", "vertical error, whole trial", "%BW", everywhere[True], everywhere[False])
    padded = slice(border[-1], None)  # what the last, padded window covers
    last = {p: _profile_error(forces[p], trial, since=columns.time[padded.start]) for p in forces}
    if np.isfinite(last[True]):
        yield effect("last window shifted, not padded", "vertical error, last window", "%BW", last[True], last[False])
    swing = {p: _swing_force(forces[p], trial) for p in forces}
    if np.isfinite(swing[True]):
        measure = "mean absolute vertical force in measured swing"
        yield effect("no force in swing", measure, "N", swing[True], swing[False])


def _profile_error(forces: FootForces, trial: Trial, since: float = -np.inf) -> float:
    measured = trial.forces
    assert measured is not None
    assert measured.valid is not None
    use = measured.valid & (trial.time >= since)[:, None]
    error = np.abs(forces.force - measured.force)[..., 1][use]
    return float(100.0 * error.mean() / trial.body_weight) if use.any() else float("nan")


def _swing_force(forces: FootForces, trial: Trial) -> float:
    measured = trial.forces
    assert measured is not None
    assert measured.valid is not None
    swing = measured.valid & (measured.force[..., 1] == 0.0)
    return float(np.abs(forces.force[..., 1][swing]).mean()) if swing.any() else float("nan")


def filling(case: Case, pair: PublishedWeights) -> Iterator[Effect]:
    """Missing joints: how they are filled; a missing path of the pelvis: what follows for the forces."""
    columns = case.columns
    scaled = pair.diffusion_scaler.to_scaled(columns.values)
    schedule = Schedule(pair.description.schedule)

    def fill(plan: SamplingPlan, missing: Mask, *, dropout: bool = False, published_end: bool = False) -> Array:
        stepped = SteppedDenoiser(pair.denoiser, plan.times(schedule))
        known = torch.from_numpy(~missing)
        count = iter(range(1_000_000))

        def with_dropout(x: torch.Tensor, t: int) -> torch.Tensor:
            return pair.denoiser(x, torch.tensor([t]))

        def windows(x: torch.Tensor) -> torch.Tensor:
            noise = WindowNoise([next(count) for _ in range(len(x))])
            denoise = with_dropout if dropout else stepped
            return inpaint(denoise, x, known.expand(x.shape), schedule, noise, plan, published=published_end)

        torch.manual_seed(0)
        pair.denoiser.train(dropout)
        try:
            return stitch(windows, scaled.astype(np.float32))
        finally:
            pair.denoiser.eval()

    def effect(difference: str, measure: str, unit: str, published: float, here: float) -> Effect:
        return Effect(difference, measure, unit, case.label, published, here)

    path = [f"pelvis_t{axis}" for axis in "xyz"]
    lost = case.trial.missing | np.isin(case.trial.coordinates, path)
    completion = complete_with_samples(
        replace(case.trial, missing=lost, forces=None),
        motion_network(pair.denoiser, pair.description),
        plant=False,
    ).middle
    kinetics = refine_columns(pair, completion.columns.values, completion.filled)
    forces = forces_of_columns(kinetics, completion.columns, completion.trial)
    yield effect(
        "pelvis translation missing", "vertical error", "%BW", float("nan"), _profile_error(forces, case.trial)
    )

    for name, coordinates in GROUPS.items():
        taken = PUBLISHED_63.unknown(coordinates)
        if (columns.missing & taken).any():
            continue
        missing = columns.missing | taken
        missing[KINETIC] = True

        def error(filled: Array, taken: Mask = taken) -> float:
            return 100.0 * float(np.sqrt(np.mean((filled - scaled)[:, taken] ** 2))) / RANGE

        plain = fill(PUBLISHED_PLAN, missing)
        measure = f"RMS error of the filled columns of both {name}"
        noisy = fill(PUBLISHED_PLAN, missing, dropout=True)
        yield effect("dropout off", measure, "% of range", error(noisy), error(plain))
        yield effect("steps repeated", measure, "% of range", error(plain), error(fill(FILLING_PLAN, missing)))
        yield effect("fewer steps", measure, "% of range", error(plain), error(fill(FAST_PLAN, missing)))
        if name == "knees":
            loose = fill(PUBLISHED_PLAN, missing, published_end=True)
            change = [100.0 * float(np.abs(x - scaled)[:, ~missing].mean()) / RANGE for x in (loose, plain)]
            yield effect("known cells given back", "mean change of known columns", "% of range", *change)


def table(effects: list[Effect], split: str, trials: int, long: int) -> str:
    """Lay out the means over trials as Markdown."""
    lines = [
        f"gaitdynamics {__version__}, torch {torch.__version__}; split '{split}', {trials} trials, {long} of them long "
        "enough for several windows.",
        "",
        "| difference | measure (mean over trials) | unit | trials | as published | here |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    for difference, measure, unit in dict.fromkeys((e.difference, e.measure, e.unit) for e in effects):
        rows = [e for e in effects if (e.difference, e.measure) == (difference, measure)]
        published, here = (float(np.mean([getattr(e, side) for e in rows])) for side in ("published", "here"))
        # The published code stops where a number is missing.
        there = f"{published:.3g}" if np.isfinite(published) else "fails"
        lines.append(f"| {difference} | {measure} | {unit} | {len(rows)} | {there} | {here:.3g} |")
    return "\n".join([*lines, ""])


def as_csv(effects: list[Effect]) -> str:
    """Write every effect as one row."""
    text = StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Effect)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(effect) for effect in effects)
    return text.getvalue()


if __name__ == "__main__":
    app()
