"""The commands that generate motion: what was not measured, and whole new motions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from gaitdynamics.command_inputs import DEFAULT_OUT, NOBODY, Choices, Figures, Who, use_one_thread
from gaitdynamics.errors import UserInputError
from gaitdynamics.output_choices import USUAL

#: Most samples of one motion.
_MOST_SAMPLES = 100


def check_samples(samples: int, max_gap: float) -> None:
    """Check what is said about generating; raises UserInputError."""
    if not 1 <= samples <= _MOST_SAMPLES:
        raise UserInputError(f"{samples} samples are not possible", remedy=f"give --samples 1 to {_MOST_SAMPLES}")
    if not 0.0 <= max_gap <= 10.0:
        raise UserInputError(f"a longest gap of {max_gap:g} s is not possible", remedy="give --max-gap 0 to 10 in s")


def complete(
    *motions: Annotated[Path, Parameter(name="MOTION", required=True)],
    person: Who = NOBODY,
    out: Path = DEFAULT_OUT,
    weights: str | None = None,
    samples: int = 1,
    max_gap: float = 0.5,
    seed: int = 0,
    choices: Choices = USUAL,
) -> int:
    """Complete motions: generate coordinates that were not measured, and fill gaps in time.

    What was measured stays as it is. Cells that are NaN are gaps; coordinates that are absent, or NaN throughout, are
    generated as a whole.

    Parameters
    ----------
    motions
        Coordinates over time (.mot, .sto).
    out
        Folder for the results.
    weights
        Folder of a pair with a diffusion network, or the name of packaged weights.
    samples
        How many times to generate. The motion is made from the mean of the samples; their spread is written and shaded.
    max_gap
        Longest gap in time that is filled, in s.
    seed
        Seed of the random numbers.
    """
    from gaitdynamics.tasks.completion import complete_motion
    from gaitdynamics.tasks.completion_files import check_completion_replaceable, write_completion
    from gaitdynamics.tasks.outputs import output_folder

    check_samples(samples, max_gap)
    choices.check()
    person.check()
    failed = 0
    with output_folder(out):
        use_one_thread()
        for motion in motions:
            check_completion_replaceable(
                out, motion.stem, samples=samples, with_model=person.model is None, choices=choices
            )
        for motion in motions:
            try:
                trial = person.read(motion, allow_incomplete=True, max_gap=max_gap)
                result = complete_motion(trial, weights=weights, seed=seed, samples=samples)
                files = write_completion(result, out, choices=choices)
            except UserInputError as error:
                failed += 1
                _say(f"Error: {error}")
                continue
            for warning in result.warnings:
                _say(f"Warning: {motion.name}: {warning}")
            print(f"{motion.name}: " + "  ".join(path.name for path in files.paths()))
    print(f"Results in {out}")
    return 2 if failed else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def generate(
    *,
    speed: float,
    seconds: float = 6.0,
    count: int = 1,
    height: float = 1.75,
    mass: float = 70.0,
    gait: Literal["walking", "running"] | None = None,
    out: Path = DEFAULT_OUT,
    weights: str | None = None,
    seed: int = 0,
    figures: Figures = None,
) -> int:
    """Generate new motions of walking or running, with forces.

    For each motion its coordinates are written, the forces that are estimated from it, and those that were generated
    with it; and once the model, a table of how good the motions are, and a picture.

    Parameters
    ----------
    speed
        Mean forward speed in m/s.
    seconds
        Duration, which may be longer than what the network sees at once.
    count
        How many motions.
    height
        Height of the person in m, who has the generic skeleton.
    mass
        Mass in kg.
    gait
        Walking or running; by the speed unless told.
    out
        Folder for the results.
    weights
        Folder of a pair with a diffusion network, or the name of packaged weights.
    seed
        Seed of the random numbers.
    """
    from gaitdynamics.inference.generation import Wish
    from gaitdynamics.tasks.generation import check_wish, generate_motions
    from gaitdynamics.tasks.generation_files import PLOT, REPORT, TABLE, write_generation
    from gaitdynamics.tasks.outputs import output_folder

    running = None if gait is None else gait == "running"
    wish = Wish(speed, seconds, running, height, mass)
    check_wish(wish, count)
    with output_folder(out):
        use_one_thread()
        motions = generate_motions(wish, count=count, seed=seed, weights=weights)
        files = write_generation(motions, wish, seed, out, figures=figures)
    for motion in motions:
        quality = motion.quality
        note = "passes the quality rules" if quality.passes else quality.reason
        print(f"{motion.trial.name}.mot: {quality.speed_m_s:.2f} m/s, feet slide {quality.slide_m_s:.2f} m/s, {note}")
    print(f"{len(files.names)} files in {out}, see {REPORT}, {TABLE} and {PLOT}")
    return 0


def evaluate_completion(
    data_folder: Path,
    *,
    split: str = "test",
    weights: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    longest: float = 8.0,
    trials_per_person: int | None = None,
    processes: int = 1,
    out: Path = DEFAULT_OUT / "completion",
) -> int:
    """Hide joints and spans of time from the trials of a folder, generate them again, and compare.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv; its train split gives the medians and ranges to compare with.
    split
        Side of the split: train, val, test, or the name of one test side.
    weights
        NAME=FOLDER: a further diffusion network; may be given several times.
    longest
        So much of each trial is looked at, in s.
    trials_per_person
        At most so many trials of each person and activity; all by default.
    processes
        Number of processes that share the trials.
    out
        Folder for tables and figure.
    """
    from rich.console import Console

    from gaitdynamics.tasks.completion_evaluation import evaluate_completion_of_folder
    from gaitdynamics.tasks.outputs import output_folder

    named = {}
    for text in weights:
        name, separator, folder = text.partition("=")
        if not separator or not name or not folder:
            raise UserInputError(f"weights '{text}' have no name or no folder", remedy="write --weights NAME=FOLDER")
        named[name] = folder
    use_one_thread()
    with output_folder(out):
        files = evaluate_completion_of_folder(
            data_folder,
            out,
            split=split,
            weights=named,
            longest=longest,
            trials_per_person=trials_per_person,
            processes=processes,
            console=Console(stderr=True),
        )
    print((out / "summary.md").read_text(encoding="utf-8"))
    print(f"{len(files)} files in {out}")
    return 0
