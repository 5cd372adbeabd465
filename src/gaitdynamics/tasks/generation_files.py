"""Writing generated motions: motions, forces, their numbers and a picture, all or none of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from gaitdynamics._version import __version__
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.coordinates import write_motion
from gaitdynamics.files.forces import write_forces
from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.inference.generation import Wish
from gaitdynamics.output_choices import FigureFormat, OutputChoices
from gaitdynamics.tasks.generation import GeneratedMotion
from gaitdynamics.tasks.outputs import all_or_none, output_folder
from gaitdynamics.tasks.report_records import WeightsRecord

#: Files beside those of single motions.
REPORT, TABLE, MODEL, PLOT = "generation.json", "generation.csv", "generated_model.osim", "generation.png"


@dataclass(frozen=True)
class GenerationFiles:
    """Files of a set of generated motions, all in one folder."""

    folder: Path
    names: tuple[str, ...]


class GenerationReport(BaseModel):
    """What was asked for, by what it was generated, and how good it is.

    `motions` holds for each motion the fields of `tasks.generation.MotionQuality`. Of each motion there are two kinds
    of forces: `_grf.mot` estimated from the motion by the foot-view network, `_grf_generated.mot` generated with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["generation"] = "generation"
    gaitdynamics: str
    wish: dict[str, Any]
    seed: int
    network: WeightsRecord
    forces_by: WeightsRecord
    motions: dict[str, dict[str, Any]]
    pass_quality_rules_percent: float
    files: list[str]


def generation_names(names: Sequence[str], figures: FigureFormat | None = None) -> tuple[str, ...]:
    """Name all files of motions of these names."""
    vector = () if figures is None else (Path(PLOT).with_suffix(f".{figures}").name,)
    ends = (".mot", "_grf.mot", "_grf_generated.mot")
    return (*(name + end for name in names for end in ends), MODEL, TABLE, PLOT, REPORT, *vector)


def check_generation_replaceable(folder: Path, files: Sequence[str]) -> None:
    """Refuse to overwrite those of these files that `generate` has not written; raises UserInputError."""
    try:
        report = GenerationReport.model_validate_json((folder / REPORT).read_text(encoding="utf-8"))
        ours = set(report.files)
    except (OSError, ValidationError, UnicodeDecodeError):
        ours = set()
    for name in files:
        if (folder / name).exists() and name not in ours:
            raise UserInputError(
                "the file exists and was not written by 'gaitdynamics generate'; it is left as it is",
                file=folder / name,
                remedy="name another folder with --out, or move the file away",
            )


def write_generation(
    motions: Sequence[GeneratedMotion], wish: Wish, seed: int, folder: Path, *, figures: FigureFormat | None = None
) -> GenerationFiles:
    """Write generated motions; the picture in the format `figures` too, where one is named.

    Raises
    ------
    UserInputError
        The folder cannot be written to, or holds files of these names that are not ours.
    """
    from gaitdynamics.plotting.generation import plot_generation
    from gaitdynamics.plotting.style import save_figure

    names = [motion.trial.name for motion in motions]
    with output_folder(folder):
        files = generation_names(names, figures)
        check_generation_replaceable(folder, files)
        with all_or_none(folder) as draft:
            for motion in motions:
                write_motion(draft / f"{motion.trial.name}.mot", motion.trial)
                write_forces(draft / f"{motion.trial.name}_grf.mot", motion.estimate.forces)
                write_forces(draft / f"{motion.trial.name}_grf_generated.mot", motion.generated_forces)
            write_osim(draft / MODEL, motions[0].trial.subject.model)
            write_text(draft / TABLE, quality_table(motions).to_csv(index=False, float_format="%.4f"))
            vector = OutputChoices(figures=figures).figure(draft / PLOT)
            save_figure(plot_generation(motions), draft / PLOT, vector)
            write_text(draft / REPORT, _report(motions, wish, seed, files).model_dump_json(indent=1) + "\n")
    return GenerationFiles(folder, files)


def quality_table(motions: Sequence[GeneratedMotion]) -> pd.DataFrame:
    """Put the quality of each motion into a row."""
    return pd.DataFrame([{"motion": motion.trial.name, **asdict(motion.quality)} for motion in motions])


def _report(motions: Sequence[GeneratedMotion], wish: Wish, seed: int, files: Sequence[str]) -> GenerationReport:
    first = motions[0].estimate
    assert first.generator is not None
    return GenerationReport(
        gaitdynamics=__version__,
        wish={**asdict(wish), "running": wish.runs},
        seed=seed,
        network=WeightsRecord(**asdict(first.generator)),
        forces_by=WeightsRecord(**asdict(first.weights)),
        motions={motion.trial.name: _plain(asdict(motion.quality)) for motion in motions},
        pass_quality_rules_percent=100.0 * float(np.mean([motion.quality.passes for motion in motions])),
        files=list(files),
    )


def _plain(numbers: dict[str, Any]) -> dict[str, Any]:
    """Round for a report; what is not a number becomes None."""
    return {
        key: (round(value, 5) if np.isfinite(value) else None) if isinstance(value, float) else value
        for key, value in numbers.items()
    }
