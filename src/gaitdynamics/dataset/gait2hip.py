"""Data files in the layout of Gait2Hip-60 (`Gait2Hip_MF60.npz`, `Gait2Hip_JM60.npz`), and who is in which part.

A file holds X (N, 180, 10) joint angles [deg], Y (N, 180, outputs) [N or N.m], subject_id, height_m, weight_kg and
speed_label (N,), and the names in_cols and out_cols. Which task it is of follows from out_cols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.hip import ANGLES, TARGETS, HipTarget
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.files.npz import read_npz
from gaitdynamics.files.plausibility import MASS_RANGE

Array = NDArray[np.float64]
Frames = NDArray[np.int64]

#: Metronome of each condition [steps/min].
CADENCES: Final = {"slow": 78, "med": 115, "fast": 135}

#: Share of the people who are tested, and the seed of their draw.
TEST_SHARE: Final = 0.2
SPLIT_SEED: Final = 42
FOLDS: Final = 5

_MEMBERS: Final = ("X", "Y", "subject_id", "weight_kg", "speed_label", "in_cols", "out_cols")
#: No hip, knee or ankle turns further [deg].
_LARGEST_ANGLE: Final = 200.0


@dataclass(frozen=True)
class HipData:
    """Trials of one task.

    Attributes
    ----------
    angles
        (N, T, 10) [deg], in the order of `features.hip.ANGLES`.
    outputs
        (N, T, outputs) [N/kg or N.m/kg], in the order of the target.
    subject, cadence
        (N,) who, and "slow", "med" or "fast" (or what else the file says).
    target
        What the outputs are.
    file, sha256
        Where they come from.
    """

    angles: Array
    outputs: Array
    subject: NDArray[np.str_]
    cadence: NDArray[np.str_]
    target: HipTarget
    file: str
    sha256: str

    def __len__(self) -> int:
        return len(self.angles)

    def people(self) -> tuple[str, ...]:
        """Name the people, sorted."""
        return tuple(map(str, np.unique(self.subject)))

    def of(self, people: Sequence[str]) -> HipData:
        """Give the trials of some people."""
        return self.take(np.isin(self.subject, list(people)))

    def take(self, chosen: NDArray[Any]) -> HipData:
        """Give some trials, by mask or index."""
        return replace(
            self,
            angles=self.angles[chosen],
            outputs=self.outputs[chosen],
            subject=self.subject[chosen],
            cadence=self.cadence[chosen],
        )

    def resampled(self, samples: int) -> HipData:
        """Give the same trials with another number of samples, by straight lines between them.

        How the authors of the benchmark thinned out sequences is not known.
        """
        if samples == self.angles.shape[1]:
            return self
        return replace(self, angles=at_samples(self.angles, samples), outputs=at_samples(self.outputs, samples))


def at_samples(values: Array, samples: int) -> Array:
    """Sample (N, T, C) at other, evenly spaced times; the first and the last stay."""
    frames = values.shape[1]
    place = np.linspace(0.0, frames - 1.0, samples)
    low = np.minimum(place.astype(np.int64), frames - 2)
    share = (place - low)[None, :, None]
    return np.asarray(values[:, low] * (1.0 - share) + values[:, low + 1] * share)


def read_gait2hip(path: Path) -> HipData:
    """Read a data file; arrays of objects in it are read as text, never run.

    Raises
    ------
    FileFormatError
        It is not of this layout, or its numbers cannot be what they should be.
    """
    arrays = read_npz(path, _MEMBERS)
    inputs, outputs = (_names(arrays[name], name, path) for name in ("in_cols", "out_cols"))
    if sorted(inputs) != sorted(ANGLES):
        raise FileFormatError(
            f"in_cols are {', '.join(inputs[:12])}; expected are {', '.join(ANGLES)}", file=path, column="in_cols"
        )
    target = next((t for t in TARGETS.values() if sorted(t.labels("r")) == sorted(outputs)), None)
    if target is None:
        raise FileFormatError(
            f"out_cols are {', '.join(outputs[:20])}; expected are those of the muscle forces "
            f"({', '.join(TARGETS['muscle_forces'].labels('r'))}) or moments",
            file=path,
            column="out_cols",
        )
    count = len(arrays["X"])
    angles = _numbers(arrays["X"], "X", (count, None, len(ANGLES)), path)
    frames = angles.shape[1]
    values = _numbers(arrays["Y"], "Y", (count, frames, len(outputs)), path)
    mass = _numbers(arrays["weight_kg"], "weight_kg", (count,), path)
    if count == 0 or frames < 2:
        raise FileFormatError("there are no trials in it", file=path, column="X")
    _check_values(angles, mass, path)
    subject, cadence = (_labels(arrays[name], name, count, path) for name in ("subject_id", "speed_label"))
    return HipData(
        angles=angles[..., [inputs.index(name) for name in ANGLES]],
        outputs=values[..., [outputs.index(name) for name in target.labels("r")]] / mass[:, None, None],
        subject=subject,
        cadence=cadence,
        target=target,
        file=path.name,
        sha256=file_sha256(path),
    )


def hold_out(people: Sequence[str]) -> tuple[str, ...]:
    """Draw the people who are only tested, as the benchmark does: 12 of H01 to H60.

    Raises
    ------
    UserInputError
        There are too few for a test and `FOLDS` folds.
    """
    drawn = np.array(sorted(set(people)))
    np.random.default_rng(SPLIT_SEED).shuffle(drawn)
    count = round(TEST_SHARE * len(drawn))
    if count < 1 or len(drawn) - count < FOLDS:
        raise UserInputError(
            f"{len(drawn)} people are too few for a test and {FOLDS} folds",
            remedy="give a data file with more people; the benchmark has 60",
        )
    return tuple(map(str, drawn[:count]))


def folds(subject: NDArray[np.str_]) -> list[tuple[Frames, Frames]]:
    """Divide trials into `FOLDS` folds by person, of about equal size.

    Returns
    -------
    list
        Per fold the indices of training and of validation. The folds are those of GroupKFold of scikit-learn (1.9,
        which sorts stably): people in order of their number of trials, most first, each to the fold that has
        fewest.
    """
    _, who, trials = np.unique(subject, return_inverse=True, return_counts=True)
    sizes = np.zeros(FOLDS, dtype=np.int64)
    fold_of = np.zeros(len(trials), dtype=np.int64)
    for person in np.argsort(trials, kind="stable")[::-1]:
        lightest = int(np.argmin(sizes))
        sizes[lightest] += trials[person]
        fold_of[person] = lightest
    fold = fold_of[who]
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]


def _names(array: NDArray[Any], name: str, path: Path) -> list[str]:
    if array.dtype.kind not in "US" or array.ndim != 1:
        raise FileFormatError("no list of names", file=path, column=name)
    return [_text(item) for item in array]


def _labels(array: NDArray[Any], name: str, count: int, path: Path) -> NDArray[np.str_]:
    if array.dtype.kind not in "US" or array.shape != (count,):
        raise FileFormatError(f"no list of {count} names", file=path, column=name)
    texts = [_text(item) for item in array]
    for row, text in enumerate(texts, start=1):
        if not text:
            raise FileFormatError("the name is empty", file=path, row=row, column=name)
    return np.array(texts, dtype=np.str_)


def _text(item: Any) -> str:
    return (item.decode("latin1") if isinstance(item, bytes) else str(item)).strip()


def _numbers(array: NDArray[Any], name: str, shape: tuple[int | None, ...], path: Path) -> Array:
    fits = array.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if array.dtype.kind not in "fiu" or not fits:
        expected = " x ".join("any" if n is None else str(n) for n in shape)
        raise FileFormatError(
            f"has the shape {' x '.join(map(str, array.shape))} and type {array.dtype}; expected are {expected} "
            "numbers",
            file=path,
            column=name,
        )
    values = array.astype(np.float64)
    odd = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    if odd.size:
        raise FileFormatError("has values that are not finite", file=path, row=int(odd[0]) + 1, column=name)
    return values


def _check_values(angles: Array, mass: Array, path: Path) -> None:
    odd = np.flatnonzero((mass < MASS_RANGE[0]) | (mass > MASS_RANGE[1]))
    if odd.size:
        raise FileFormatError(
            f"the body mass is {mass[odd[0]]:g} kg", file=path, row=int(odd[0]) + 1, column="weight_kg"
        )
    largest = np.abs(angles).max(axis=(1, 2))
    if largest.max() > _LARGEST_ANGLE:
        row = int(np.argmax(largest))
        raise FileFormatError(
            f"an angle is {largest[row]:.0f} degrees, which no joint can reach", file=path, row=row + 1, column="X"
        )
    if np.median(largest) < np.pi:
        raise FileFormatError("the angles look like radians; degrees are expected", file=path, column="X")
