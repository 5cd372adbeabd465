"""What a worker does for a user: find out what a file holds, run a task on it, and pack what comes out."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gaitdynamics.app.choices import (
    ARCHIVE,
    REPORT_ENDING,
    RESULTS,
    UPLOADS,
    Choices,
    Contents,
    Order,
    Result,
    ResultFile,
)
from gaitdynamics.app.motions import Motions, open_motions
from gaitdynamics.app.runs import TASKS, Inputs, Tell
from gaitdynamics.command_inputs import example_files, use_one_thread
from gaitdynamics.errors import UserInputError

_PICTURE: Final = ".png"
#: Of the person whom the example's model was made for (examples/walking); a model does not hold it.
_EXAMPLE_HEIGHT: Final = 1.72


def inspect(order: Order) -> Contents:
    """Tell which motions an uploaded file holds, for the user to choose among.

    Raises
    ------
    UserInputError
        It cannot be read.
    """
    return _open(order).contents()


def run(order: Order, tell: Tell) -> Result:
    """Run a task on what was uploaded; all files of the result are then in the job's folder, and packed.

    Raises
    ------
    UserInputError
        As the command of the same name raises it.
    """
    use_one_thread()
    tell("Reading the motion", None)
    home = Path(order.folder)
    folder = home / RESULTS
    # What an earlier run of the same files left is no part of this one.
    shutil.rmtree(folder, ignore_errors=True)
    (home / ARCHIVE).unlink(missing_ok=True)
    folder.mkdir()
    inputs = _inputs(order, folder)
    found = TASKS[order.choices.task](inputs, order.choices, tell)
    tell("Packing the results", None)
    files = _list_results(folder)
    _pack(folder, files, home / ARCHIVE, inputs.motion.stem)
    warnings = tuple(dict.fromkeys(found.warnings))
    return Result(headline=found.headline, warnings=warnings, table=found.table, files=files)


def warm_up(folder: Path) -> None:
    """Load all that the first run would otherwise wait for, by estimating the forces of the example."""
    choices = Choices(example=True, surface="overground")
    run(
        Order(folder=str(folder), what="run", uploads={}, choices=choices, unpacked_bytes=0),
        lambda stage, fraction: None,
    )


def _open(order: Order) -> Motions:
    upload = order.uploads.get("motion")
    if upload is None:
        raise UserInputError("no motion is given", remedy="choose a motion file, or take the example walk")
    path = Path(order.folder) / UPLOADS / f"motion{upload.suffix}"
    return open_motions(path, upload, most_bytes=order.unpacked_bytes)


def _inputs(order: Order, folder: Path) -> Inputs:
    """Put motion and model into the folder of the results: packed together, set-up files find them."""
    choices = order.choices
    if choices.example:
        motion, model = (Path(shutil.copy(path, folder)) for path in example_files())
        return Inputs(folder, motion, model, choices.mass, choices.height or _EXAMPLE_HEIGHT)
    motions = _open(order)
    upload = order.uploads.get("model")
    given = None
    if upload is not None:
        given = folder / f"{upload.stem}{upload.suffix}"
        shutil.copy(Path(order.folder) / UPLOADS / f"model{upload.suffix}", given)
    # Who brings a model beside a file that has one means the model that was brought.
    motion, own = motions.extract(choices.trial, folder, with_model=given is None)
    known = motions.contents()
    return Inputs(folder, motion, given or own, choices.mass or known.mass, choices.height or known.height)


def _list_results(folder: Path) -> tuple[ResultFile, ...]:
    """List what a run has left: pages first, then pictures."""
    kinds: dict[str, list[ResultFile]] = {"report": [], "picture": [], "other": []}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        kind = "report" if name.endswith(REPORT_ENDING) else "picture" if name.endswith(_PICTURE) else "other"
        kinds[kind].append(ResultFile.model_validate({"name": name, "size": path.stat().st_size, "kind": kind}))
    return tuple(file for of_kind in kinds.values() for file in of_kind)


def _pack(folder: Path, files: Sequence[ResultFile], archive: Path, name: str) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as packed:
        for file in files:
            packed.write(folder / file.name, f"{name}_gaitdynamics/{file.name}")
