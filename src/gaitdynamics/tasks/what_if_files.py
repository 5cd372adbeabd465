"""Writing motions that no one performed: motion, forces of both origins, moments, report and picture, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from gaitdynamics._version import __version__
from gaitdynamics.columns import SIDES
from gaitdynamics.errors import UserInputError
from gaitdynamics.evaluation.knee_adduction import StanceCurve
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.coordinates import write_motion
from gaitdynamics.files.external_loads import write_external_loads
from gaitdynamics.files.forces import write_forces
from gaitdynamics.files.storage import TIME, write_storage
from gaitdynamics.output_choices import USUAL, OutputChoices
from gaitdynamics.tasks.generated import GeneratedMotion, Kinetics
from gaitdynamics.tasks.modification import Modification
from gaitdynamics.tasks.outputs import all_or_none, outdated_files, output_folder
from gaitdynamics.tasks.speeds import SpeedChange
from gaitdynamics.trial import Trial

MEANING = {
    "refiner": "forces by the packaged network on the generated motion; the ones to use",
    "diffusion": "forces that the diffusion network generated together with the motion, as in the paper",
    "newton": (
        "root mean square of what forces and motion leave unexplained [% of body weight]: vertical component, and "
        "vector; that of the measured motion tells what to expect"
    ),
    "knee_adduction": "external, positive adduction, % of body weight times height; first and second half of stance",
}


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WhatIfReport(_Record):
    """What was asked and what came out; `files` are those of the run, the report included."""

    gaitdynamics: str
    motion: str
    asked: dict[str, Any]
    network: str
    seed: int
    before: dict[str, Any]
    after: dict[str, Any]
    meaning: dict[str, str]
    warnings: list[str]
    files: list[str]


def modification_files(folder: Path, stem: str, choices: OutputChoices = USUAL) -> dict[str, Path]:
    """Name the files of a modified motion."""
    endings = {
        "motion": "modified.mot",
        "forces": "modified_grf.mot",
        "diffusion_forces": "modified_grf_diffusion.mot",
        "external_loads": "modified_external_loads.xml",
        "knee_adduction": "modified_knee_adduction.sto",
        "plot": "modified.png",
        "report": "modified_report.json",
    }
    named = {role: folder / f"{stem}_{ending}" for role, ending in endings.items()}
    return named | _chosen(choices, folder, {"": f"{stem}_modified"}, named["plot"])


def speed_files(folder: Path, stem: str, speeds: Sequence[float], choices: OutputChoices = USUAL) -> dict[str, Path]:
    """Name the files of a motion at other speeds."""
    files = {"table": "speeds.csv", "plot": "speeds.png", "report": "speeds_report.json"}
    named = {role: folder / f"{stem}_{ending}" for role, ending in files.items()}
    for speed in speeds:
        for role, ending in (("motion", ""), ("forces", "_grf"), ("diffusion_forces", "_grf_diffusion")):
            named[f"{role}_{speed:.2f}"] = folder / f"{stem}_{speed:.2f}mps{ending}.mot"
    stems = {f"_{speed:.2f}": f"{stem}_{speed:.2f}mps" for speed in speeds}
    return named | _chosen(choices, folder, stems, named["plot"])


def _chosen(choices: OutputChoices, folder: Path, stems: dict[str, str], plot: Path) -> dict[str, Path]:
    """Name what is written besides, by role and key of the motion."""
    named = {"figure": choices.figure(plot)}
    for key, stem in stems.items():
        named[f"page{key}"], named[f"animation{key}"] = choices.page(folder, stem), choices.animation(folder, stem)
    return {role: path for role, path in named.items() if path is not None}


def check_ours(files: dict[str, Path]) -> None:
    """Refuse to overwrite what no report of ours beside it lists.

    Raises
    ------
    UserInputError
        A file of that name exists and was not written by this package.
    """
    try:
        ours = set(_files_of(files["report"].read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        ours = set()
    for path in files.values():
        if path.exists() and path.name not in ours:
            raise UserInputError(
                "the file exists and was not written by gaitdynamics; it is left as it is",
                file=path,
                remedy="name another folder with --out, or move the file away",
            )


def _files_of(report: str) -> list[str]:
    return WhatIfReport.model_validate_json(report).files


def write_modification(result: Modification, stem: str, folder: Path, *, choices: OutputChoices = USUAL) -> list[Path]:
    """Write a modified motion and all that goes with it.

    Parameters
    ----------
    result
        Of `modify_motion`.
    stem
        Beginning of the names.
    folder
        Made where it does not exist.
    choices
        What to write besides. The report page shows the measured motion as a ghost.

    Raises
    ------
    UserInputError
        The folder cannot be written to, or holds files of these names that are not ours.
    """
    from gaitdynamics.plotting.style import save_figure
    from gaitdynamics.plotting.what_if import plot_modification

    files = modification_files(folder, stem, choices)
    check_ours(files)
    outdated = outdated_files(files.values(), files["report"], _files_of)
    with output_folder(folder), all_or_none(folder, outdated=outdated) as draft:
        _write_motion(draft, files, result.after, "")
        write_external_loads(draft / files["external_loads"].name, datafile=files["forces"].name, naming="opensim")
        _write_knee_adduction(draft / files["knee_adduction"].name, result.after)
        save_figure(plot_modification(result), *_pictures(draft, files))
        _write_page(draft, files, result.after, result.before, "")
        report = WhatIfReport(
            gaitdynamics=__version__,
            motion=result.before.trial.name,
            asked={
                "changes": [asdict(change) for change in result.changes],
                "margin": result.margin,
                "balanced": result.balanced,
            },
            network=result.network,
            seed=result.seed,
            before=_measures(result.before),
            after=_measures(result.after),
            meaning=MEANING,
            warnings=_warnings(result.after),
            files=[path.name for path in files.values()],
        )
        write_text(draft / files["report"].name, report.model_dump_json(indent=1) + "\n")
    return list(files.values())


def write_speeds(result: SpeedChange, stem: str, folder: Path, *, choices: OutputChoices = USUAL) -> list[Path]:
    """Write a motion at other speeds: a motion and forces for each, one table, one picture, one report.

    Raises
    ------
    UserInputError
        As `write_modification`.
    """
    from gaitdynamics.plotting.style import save_figure
    from gaitdynamics.plotting.what_if import plot_speeds

    files = speed_files(folder, stem, [variant.speed for variant in result.variants], choices)
    check_ours(files)
    outdated = outdated_files(files.values(), files["report"], _files_of)
    with output_folder(folder), all_or_none(folder, outdated=outdated) as draft:
        for variant in result.variants:
            _write_motion(draft, files, variant.motion, f"_{variant.speed:.2f}")
            _write_page(draft, files, variant.motion, result.before, f"_{variant.speed:.2f}")
        speed_table(result).to_csv(draft / files["table"].name, index=False, float_format="%.5g")
        save_figure(plot_speeds(result), *_pictures(draft, files))
        report = WhatIfReport(
            gaitdynamics=__version__,
            motion=result.before.trial.name,
            asked={"speeds": [v.speed for v in result.variants], "margin": result.margin},
            network=result.network,
            seed=result.seed,
            before=_measures(result.before),
            after={f"{v.speed:.2f}": _measures(v.motion) for v in result.variants},
            meaning=MEANING,
            warnings=[note for v in result.variants for note in _warnings(v.motion)],
            files=[path.name for path in files.values()],
        )
        write_text(draft / files["report"].name, report.model_dump_json(indent=1) + "\n")
    return list(files.values())


def speed_table(result: SpeedChange) -> pd.DataFrame:
    """One row for the measured motion, and one for each speed."""
    rows = [{"speed_asked": result.seed_speed, "what": "measured", **asdict(result.measures), **_newton(result.before)}]
    for v in result.variants:
        rows.append({"speed_asked": v.speed, "what": "generated", **asdict(v.measures), **_newton(v.motion)})
    return pd.DataFrame(rows)


def _newton(motion: GeneratedMotion) -> dict[str, float]:
    other = float("nan") if motion.diffusion is None else motion.diffusion.newton.total
    return {"newton_percent_bw": motion.refiner.newton.total, "newton_diffusion_percent_bw": other}


def _write_motion(draft: Path, files: dict[str, Path], motion: GeneratedMotion, key: str) -> None:
    assert motion.diffusion is not None
    write_motion(draft / files[f"motion{key}"].name, motion.trial)
    write_forces(draft / files[f"forces{key}"].name, motion.refiner.forces)
    write_forces(draft / files[f"diffusion_forces{key}"].name, motion.diffusion.forces)


def _pictures(draft: Path, files: dict[str, Path]) -> tuple[Path, Path | None]:
    return draft / files["plot"].name, draft / files["figure"].name if "figure" in files else None


def _write_page(draft: Path, files: dict[str, Path], after: GeneratedMotion, before: GeneratedMotion, key: str) -> None:
    """Write the report page and the animated file of a motion where they were asked for."""
    page, animation = files.get(f"page{key}"), files.get(f"animation{key}")
    if page is None and animation is None:
        return
    from gaitdynamics.tasks.html_report import Compared, write_animation, write_report_page

    if page is not None:
        compared = Compared(before.estimate, before.refiner.moments, label="generated", other_label="measured motion")
        write_report_page(draft / page.name, after.estimate, moments=after.refiner.moments, compare=compared)
    if animation is not None:
        write_animation(draft / animation.name, after.estimate)


def _write_knee_adduction(path: Path, motion: GeneratedMotion) -> None:
    labels, columns = [TIME], [motion.trial.time]
    for origin, kinetics in (("refiner", motion.refiner), ("diffusion", motion.diffusion)):
        assert kinetics is not None
        percent = kinetics.moments.knee_adduction_percent
        assert percent is not None
        labels += [f"knee_adduction_{side}_percent_BW_BH_{origin}" for side in SIDES]
        columns.append(percent)
    write_storage(path, labels, np.column_stack(columns), name="Knee adduction moment", in_degrees=False)


def _measures(motion: GeneratedMotion) -> dict[str, Any]:
    kinds = {"refiner": motion.refiner, "diffusion": motion.diffusion, "measured": motion.measured}
    return {name: _kinetics(kinetics, motion.trial) for name, kinetics in kinds.items() if kinetics is not None}


def _kinetics(kinetics: Kinetics, trial: Trial) -> dict[str, Any]:
    return {
        "newton": {"vertical": _rounded(kinetics.newton.vertical), "total": _rounded(kinetics.newton.total)},
        "knee_adduction": [_stance(curve, trial) for curve in kinetics.knee_adduction()],
    }


def _stance(curve: StanceCurve, trial: Trial) -> dict[str, Any]:
    start = float(trial.time[curve.start])
    return {
        "side": curve.side,
        "start_s": _rounded(start),
        "first_peak": _rounded(curve.first),
        "second_peak": _rounded(curve.second),
    }


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 3)


def _warnings(motion: GeneratedMotion) -> list[str]:
    return list(dict.fromkeys((*motion.trial.warnings, *motion.estimate.warnings)))
