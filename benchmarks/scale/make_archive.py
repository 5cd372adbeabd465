"""A synthetic archive with the statistics of AddBiomechanics, made from real trials.

python benchmarks/scale/make_archive.py DATA_FOLDER --out ARCHIVE --trials 2000
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from cyclopts import App
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from gaitdynamics.body.generic import scale_model
from gaitdynamics.columns import LUMBAR
from gaitdynamics.dataset import Catalogue
from gaitdynamics.dataset.augmentation import add_joint_noise, change_rate
from gaitdynamics.dataset.mirroring import mirror_trial
from gaitdynamics.dataset.quality import PAPER, cut, judge
from gaitdynamics.files.b3d_writer import write_b3d
from gaitdynamics.files.osim_writer import osim_text
from gaitdynamics.model import Model
from gaitdynamics.trial import FootForces, Subject, Surface, Trial

#: Studies of AddBiomechanics with their share of its people and the rate [Hz] at which they recorded; treadmill studies
#: are made from long trials on a belt, the others from walks over a floor. Carter2023 is left out: its files need raw
#: force plates, which no trial here has. People: roughly as the studies tell; eight studies at 100 Hz, as in the paper.
STUDIES: Final[dict[str, tuple[int, float, bool]]] = {
    "Camargo2021": (22, 200.0, False),
    "Moore2015": (12, 100.0, True),
    "Santos2017": (49, 100.0, False),
    "Tan2021": (15, 200.0, True),
    "Tan2022": (17, 100.0, True),
    "vanderZee2022": (10, 120.0, True),
    "Wang2023": (58, 250.0, True),
    "Falisse2017": (1, 100.0, False),
    "Fregly2012": (6, 120.0, False),
    "Hamner2013": (10, 100.0, True),
    "Han2023": (7, 250.0, False),
    "Li2021": (1, 100.0, False),
    "Tiziana2019": (50, 100.0, False),
    "Uhlrich2023": (11, 100.0, False),
}

#: Trials per person of AddBiomechanics: 24,000 of 270 people.
TRIALS_PER_PERSON: Final = 90

#: Share of trials with each fault, as the paper counts them (Methods, quality checks).
FAULTS: Final = {"trunk_rotation": 0.005, "heading_change": 0.075, "length": 0.164, "cop_distance": 0.167}

#: Share of trials in which one frame is spoilt.
SPIKES: Final = 0.01

#: Shortest trial without the fault of being short, and shortest and longest with it [s].
_SHORTEST: Final = 1.6
_SHORT: Final = (0.4, 1.4)

#: Base trials have these coordinates and a known height.
_COORDINATES: Final = 23

app = App(help=__doc__)


@dataclass(frozen=True)
class Person:
    """A person of the archive: whose trials are its base, and how it differs from them."""

    study: str
    subject: str
    base: tuple[Trial, ...]
    length: float
    mass: float
    mirrored: bool
    rate: float


@app.default
def main(data: Path, *, out: Path, trials: int = 2000, seed: int = 0) -> None:
    """Write an archive, one .b3d file per person, and faults.csv, which tells what is wrong with which trial.

    Parameters
    ----------
    data
        Data folder; of split 'train' only.
    out
        New folder.
    trials
        How many; AddBiomechanics has 24,000.
    seed
        Of the random numbers: the same seed makes the same archive.
    """
    console = Console(stderr=True)
    bases = base_trials(data)
    people = invent_people(bases, trials, np.random.default_rng(seed))
    counts = np.full(len(people), trials // len(people))
    counts[: trials % len(people)] += 1
    out.mkdir(parents=True)
    rows: list[tuple[str, str, str, str, float]] = []
    frames = 0
    for number, (person, count) in enumerate(
        track(list(zip(people, counts, strict=True)), "writing people", console=console)
    ):
        rng = np.random.default_rng((seed, number))
        made = [invent_trial(person, f"trial{k:03d}", rng) for k in range(count)]
        folder = out / f"{person.study}_Formatted_No_Arm" / person.subject
        folder.mkdir(parents=True)
        first = made[0][0]
        write_b3d(
            folder / f"{person.subject}.b3d",
            [trial for trial, _ in made],
            model_text=osim_text(first.subject.model),
            notes="synthetic: mirrored, scaled and noisy copies of real trials",
        )
        for trial, fault in made:
            frames += len(trial.time)
            rows.append((person.study, person.subject, trial.name, fault, len(trial.time) / trial.rate))
    with (out / "faults.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("study", "subject", "trial", "fault", "seconds"))
        writer.writerows(rows)
    size = sum(path.stat().st_size for path in out.rglob("*.b3d"))
    hours = sum(row[-1] for row in rows) / 3600.0
    console.print(f"{len(rows)} trials of {len(people)} people, {hours:.2f} h, {frames} frames, {size / 1e9:.2f} GB")


def base_trials(data: Path) -> dict[bool, list[tuple[Trial, ...]]]:
    """Read sound trials of the training people; for belt and floor, those of each person."""
    found: dict[tuple[bool, str], list[Trial]] = {}
    for record in Catalogue.read(data).select(split="train"):
        if record.activity not in ("walking", "running") or record.height_m is None:
            continue
        trial = record.load()
        if len(trial.coordinates) != _COORDINATES or len(trial.time) < 2.0 * trial.rate:
            continue
        if not any(finding.reason for finding in judge(trial, PAPER).findings):
            found.setdefault((trial.surface.kind == "treadmill", record.person), []).append(trial)
    return {belt: [tuple(of) for (kind, _), of in found.items() if kind == belt] for belt in (True, False)}


def invent_people(bases: dict[bool, list[tuple[Trial, ...]]], trials: int, rng: np.random.Generator) -> list[Person]:
    """Invent people, in each study at least two and otherwise in proportion to its own."""
    whole = sum(count for count, _, _ in STUDIES.values())
    wanted = trials / TRIALS_PER_PERSON
    people = []
    for study, (count, rate, belt) in STUDIES.items():
        for number in range(1, max(2, round(wanted * count / whole)) + 1):
            base = bases[belt][rng.integers(len(bases[belt]))]
            length = float(np.clip(rng.normal(1.0, 0.05), 0.85, 1.15))
            mass = length**2 * float(np.clip(rng.normal(1.0, 0.1), 0.75, 1.3))
            people.append(Person(study, f"subject{number}", base, length, mass, bool(rng.random() < 0.5), rate))
    return people


def invent_trial(person: Person, name: str, rng: np.random.Generator) -> tuple[Trial, str]:
    """Invent a trial of a person, and tell what is wrong with it: the name of a rule, or nothing."""
    trial = person.base[rng.integers(len(person.base))]
    fault = str(rng.choice(["", *FAULTS], p=[1.0 - sum(FAULTS.values()), *FAULTS.values()]))
    if fault == "trunk_rotation" and trial.is_missing(*LUMBAR):
        fault = ""  # what was not measured is not judged
    spike = fault == "" and rng.random() < SPIKES
    trial = _piece(trial, _SHORT if fault == "length" else (_SHORTEST, np.inf), rng)
    if person.mirrored:
        trial = mirror_trial(trial)
    trial = scaled(trial, person.length, person.mass)
    trial = add_joint_noise(trial, float(rng.uniform(0.1, 0.5)), cutoff=4.0, seed=int(rng.integers(2**31)))
    trial = _at_rate(trial, person.rate)
    if spike:
        fault = "joint_speed"
    return replace(_spoilt(trial, fault, rng), name=name), fault


def _piece(trial: Trial, seconds: tuple[float, float], rng: np.random.Generator) -> Trial:
    """Take a random piece whose length [s] lies between two limits."""
    shortest, longest = (round(min(limit, len(trial.time) / trial.rate) * trial.rate) for limit in seconds)
    frames = int(rng.integers(shortest, max(longest, shortest) + 1))
    start = int(rng.integers(0, len(trial.time) - frames + 1))
    piece = cut(trial, start, start + frames)
    forces = piece.forces
    assert forces is not None
    time = piece.time - piece.time[0]
    return replace(piece, time=time, forces=replace(forces, time=time))


def scaled(trial: Trial, length: float, mass: float) -> Trial:
    """Make a trial of a dynamically similar person: lengths, masses and times in the ratio that gravity allows.

    Times go with the square root of lengths, so that forces go with mass: Newton's law holds as well as before.
    """
    model = trial.subject.model
    moves = [model.coordinates[name].motion == "translational" for name in trial.coordinates]
    values = trial.values.copy()
    values[:, moves] *= length
    forces = trial.forces
    assert forces is not None
    assert trial.subject.height_m is not None
    time = trial.time * np.sqrt(length)
    moment = forces.free_moment
    return replace(
        trial,
        time=time,
        values=values,
        subject=Subject(
            _scaled_model(model, length, mass), trial.subject.mass_kg * mass, trial.subject.height_m * length
        ),
        surface=Surface(trial.surface.kind, trial.surface.belt_speed * np.sqrt(length)),
        forces=FootForces(
            time,
            forces.force * mass,
            forces.cop * length,
            None if moment is None else moment * mass * length,
            forces.valid,
        ),
        provenance={},
    )


def _scaled_model(model: Model, length: float, mass: float) -> Model:
    return scale_model(model, length=length, mass_kg=model.mass * mass)


def _at_rate(trial: Trial, rate: float) -> Trial:
    """Sample motion and forces at another rate."""
    forces = trial.forces
    assert forces is not None
    changed = change_rate(trial, rate)
    time = changed.time

    def resampled(values: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = values.reshape(len(values), -1)
        columns = [np.interp(time, trial.time, column) for column in flat.T]
        return np.stack(columns, axis=-1).reshape(len(time), *values.shape[1:])

    nearest = np.round(np.interp(time, trial.time, np.arange(len(trial.time)))).astype(int)
    force = resampled(forces.force)
    # Between a point and the zero of swing there is no point.
    force[~(forces.force[nearest, :, 1] > 0.0)] = 0.0
    return replace(
        changed,
        forces=FootForces(
            time,
            force,
            forces.cop[nearest],
            None if forces.free_moment is None else forces.free_moment[nearest],
            None if forces.valid is None else forces.valid[nearest],
        ),
    )


def _spoilt(trial: Trial, fault: str, rng: np.random.Generator) -> Trial:
    """Put a fault into a trial that exactly one rule finds."""
    values = trial.values.copy()
    column = trial.coordinates.index
    if fault == "trunk_rotation":
        values[:, column("lumbar_rotation")] += 1.0
    elif fault == "heading_change":
        values[:, column("pelvis_rotation")] += np.linspace(0.0, np.radians(80.0), len(values))
    elif fault == "joint_speed":
        values[int(rng.integers(10, len(values) - 10)), column("knee_angle_r")] += 1.0
    elif fault == "cop_distance":
        forces = trial.forces
        assert forces is not None
        return replace(trial, forces=replace(forces, cop=forces.cop + np.array([0.0, 0.0, 0.8])))
    return trial.with_values(values)


if __name__ == "__main__":
    app()
