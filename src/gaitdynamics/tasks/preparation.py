"""From whatever holds trials to a store of training samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from gaitdynamics.dataset.b3d_source import B3dRecording, study_of
from gaitdynamics.dataset.quality import RULES
from gaitdynamics.dataset.recordings import Recording, Source
from gaitdynamics.dataset.sources import open_source
from gaitdynamics.dataset.store_building import build_store
from gaitdynamics.dataset.store_manifest import LeftOut
from gaitdynamics.dataset.store_parts import Recipe, side_of
from gaitdynamics.dataset.study_map import StudyMap
from gaitdynamics.dataset.window_store import WindowStore
from gaitdynamics.engines.engine import Engine
from gaitdynamics.errors import UserInputError

#: What is trained on a store.
Purpose = Literal["refiner", "denoiser"]

#: Steps of reading, before any rule: points of application of the raw plates where those of the pass are broken; marks
#: of missing forces that change too often are not believed (rules 'published' only); body masses of the study map;
#: the speed of treadmills from the loaded feet.
READING_STEPS: Final = ("plate_cop", "missing_marks", "body_mass", "belt_speed")


@dataclass(frozen=True)
class Preparation:
    """What to make of a source.

    Attributes
    ----------
    purpose
        What the store is for: 'refiner' for the features of the foot-view network, 'denoiser' for the 63 columns of the
        published networks.
    study_map
        What is known of the studies; None where the source says it all, or everything is to be learnt from.
    splits
        Sides of the split.
    rules
        Name of a list of quality rules; None for none.
    without
        Steps that are left out: names of rules, or of `READING_STEPS`.
    """

    purpose: Purpose = "refiner"
    study_map: StudyMap | None = None
    splits: tuple[str, ...] = ("train", "val")
    rules: str | None = None
    without: tuple[str, ...] = ()

    def recipe(self) -> Recipe:
        """Say how samples are made; raises UserInputError where there are no such rules or steps."""
        from gaitdynamics.training.stored_columns import column_recipe
        from gaitdynamics.training.stored_samples import refiner_recipe

        rules = [name for name in self.without if name not in READING_STEPS]
        known = [rule.name for rule in RULES.get(self.rules or "", ())]
        unknown = sorted(set(rules) - set(known))
        if unknown and (self.rules is None or self.rules in RULES):
            raise UserInputError(
                f"there is no step {', '.join(unknown)} with the rules '{self.rules or 'none'}'",
                remedy=f"choose among: {', '.join((*READING_STEPS, *known))}",
            )
        make = column_recipe if self.purpose == "denoiser" else refiner_recipe
        recipe = make(self.rules, rules)
        reading = [name for name in READING_STEPS if name not in self.without]
        return replace(recipe, settings={**recipe.settings, "reading": reading})

    def choose(self, source: Source) -> list[Recording]:
        """Give the recordings of the sides that are asked for, with what the study map knows of them.

        Raises
        ------
        UserInputError
            There is no recording, none is on such a side, or the study map does not know a study.
        """
        if not source.recordings:
            first = "".join(f"; the first: {part.path.name}: {part.reason}" for part in source.unreadable[:1])
            raise UserInputError(
                "no trial in it can be looked into",
                file=source.path,
                remedy=f"look at the reasons with `gaitdynamics data check`{first}",
            )
        recordings: Sequence[Recording] = [self._reading(recording) for recording in source.recordings]
        if self.study_map is not None:
            recordings = self.study_map.apply(
                recordings, masses="body_mass" not in self.without, belt_speed="belt_speed" not in self.without
            )
        sides = Counter(side_of(recording)[0] for recording in recordings)
        if not set(self.splits) & set(sides):
            raise UserInputError(
                f"no trial has split {', '.join(map(repr, self.splits)) or 'of the kind asked for'}",
                file=source.path,
                remedy=f"choose among: {', '.join(sorted(sides))}",
            )
        chosen = [recording for recording in recordings if side_of(recording)[0] in self.splits]
        # The refiner learns of gait alone; the paper's networks of everything.
        return chosen if self.purpose == "denoiser" else [r for r in chosen if side_of(r)[1] != "other"]

    def _reading(self, recording: Recording) -> Recording:
        if not isinstance(recording, B3dRecording):
            return recording
        reading = recording.reading
        if "plate_cop" in self.without:
            reading = replace(reading, cop="pass")
        if self.rules == "published" and "missing_marks" not in self.without:
            reading = replace(reading, missing="published")
        return replace(recording, reading=reading)


def prepare(
    source: str | Path,
    out: str | Path,
    preparation: Preparation,
    *,
    engine: Engine | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[WindowStore, bool]:
    """Make a store of training samples, or find that it is there already.

    Parameters
    ----------
    source
        Anything that `open_source` opens.
    out
        Folder of the store.
    preparation
        What to make of it.
    engine, overwrite, progress
        As of `build_store`.

    Returns
    -------
    store, made
        The open store, and False if it was there already.

    Raises
    ------
    UserInputError
        The source, the steps or the place cannot be used, or no trial can.
    MissingExtraError
        pyarrow is not installed.
    """
    recipe = preparation.recipe()
    opened = open_source(source)
    recordings = preparation.choose(opened)
    return build_store(
        out,
        recipe,
        recordings,
        engine=engine,
        overwrite=overwrite,
        progress=progress,
        unreadable=_unreadable(opened),
    )


def _unreadable(source: Source) -> list[LeftOut]:
    return [
        LeftOut(
            study_of(part.path, source.path) if part.path.suffix.lower() == ".b3d" else part.path.parent.name,
            part.path.stem,
            "",
            "",
            "",
            None,
            "readable",
            part.reason,
        )
        for part in source.unreadable
    ]
