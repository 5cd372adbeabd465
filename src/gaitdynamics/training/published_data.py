"""Trials of a data folder in the columns of the published networks, ready to be drawn from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.body.stature import estimate_height
from gaitdynamics.columns import SIDES
from gaitdynamics.dataset.augmentation import change_tempo
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.engines.in_order import run_parallel
from gaitdynamics.errors import GaitError, UserInputError
from gaitdynamics.features.published.rotations import LARGEST_TURN
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import BALL_JOINTS, HINGES, KINETICS, PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.training.draws import LENGTHS
from gaitdynamics.trial import Trial

if TYPE_CHECKING:
    from rich.console import Console

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Trials with fewer trusted frames of a foot do not teach forces.
_FEWEST_VALID: Final = 20

_KINETIC_OF_FOOT: Final = np.array(PUBLISHED_63.kinetic).reshape(len(SIDES), -1)


@dataclass(frozen=True)
class PublishedSample:
    """One trial in the 63 columns.

    Attributes
    ----------
    study, label
        Where it comes from.
    values
        (N, 63), not scaled.
    known
        (N, 63) True where a column was measured: not of a joint without markers, nor of a foot whose force cannot be
        trusted then.
    height_estimated
        Whether the body height is that of the skeleton's proportions.
    height_m, running
        Body height [m], and whether the person runs; NaN and None where that is not known.
    tempo
        How many times longer than recorded the movement takes.
    """

    study: str
    label: str
    values: Array
    known: Mask
    height_estimated: bool = False
    height_m: float = np.nan
    running: bool | None = None
    tempo: float = 1.0

    @property
    def facts(self) -> tuple[float, float]:
        """Body height [m] and whether the person runs (1) or walks (0); NaN where unknown."""
        return self.height_m, np.nan if self.running is None else float(self.running)

    def cut(self, part: slice) -> PublishedSample:
        """Take some frames."""
        return replace(self, values=self.values[part], known=self.known[part])

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.values)

    @property
    def teaches_forces(self) -> bool:
        """Tell whether enough trusted frames of forces are there."""
        return bool(self.known[:, PUBLISHED_63.kinetic].any(1).sum() >= _FEWEST_VALID)


def sample_of(study: str, label: str, trial: Trial, *, published: bool = False) -> PublishedSample:
    """Turn a trial into columns.

    Parameters
    ----------
    study, label
        Where it comes from.
    trial
        With measured forces, if it has any; without a body height that of its skeleton is taken.
    published
        As of `columns_of_trial`.

    Raises
    ------
    UserInputError
        The trial is shorter than the shortest window, turns by more than 45 degrees, or its model does not fit.

    Notes
    -----
    Differences from the published code: the belt speed is the one on record, not what the feet tell.
    """
    estimated = trial.subject.height_m is None
    if estimated:
        height = estimate_height(trial.subject.model)
        trial = replace(trial, subject=replace(trial.subject, height_m=height))
    columns = columns_of_trial(trial, published=published)
    if len(columns.time) < min(LENGTHS):
        raise UserInputError(f"shorter than {min(LENGTHS)} frames at {PUBLISHED_63.rate:g} Hz")
    if columns.alignment.span > LARGEST_TURN:
        raise UserInputError(f"the person turns by {np.degrees(columns.alignment.span):.0f} degrees")
    known = np.repeat(~columns.missing[None], len(columns.time), axis=0)
    for foot, kinetic in enumerate(_KINETIC_OF_FOOT):
        known[:, kinetic] &= columns.kinetics_valid[:, foot, None]
    return PublishedSample(study, label, columns.values, known, estimated, columns.height_m)


@dataclass(frozen=True)
class PublishedData:
    """Samples of one side of a split, and why the other trials are left out."""

    samples: tuple[PublishedSample, ...]
    left_out: dict[str, str]

    def with_forces(self) -> PublishedData:
        """Keep those from which forces can be learnt."""
        kept = tuple(sample for sample in self.samples if sample.teaches_forces)
        without = {s.label: "hardly a trusted frame of forces" for s in self.samples if not s.teaches_forces}
        return PublishedData(kept, self.left_out | without)


def load_published_data(
    catalogue: Catalogue, split: str, console: Console, tempos: Sequence[float] = (), workers: int = 1
) -> PublishedData:
    """Read all walking and running trials of a split; none if the catalogue has no such split.

    Walks come once more for each of `tempos`, as if they had taken that many times as long (`change_tempo`), where that
    can be. Runs do not: in flight no tempo but the own one obeys gravity. `workers` processes share the reading.
    """
    samples: list[PublishedSample] = []
    left_out: dict[str, str] = {}
    records = [r for r in catalogue if r.split == split and r.activity in ("walking", "running")]
    read_one = partial(_read, tempos=tempos)
    found = run_parallel(read_one, records, processes=workers, title=f"reading {split}", console=console)
    for record, read in zip(records, found, strict=True):
        if isinstance(read, str):
            left_out[record.label] = read
        else:
            samples.extend(read)
    return PublishedData(tuple(samples), left_out)


def _read(record: TrialRecord, tempos: Sequence[float]) -> list[PublishedSample] | str:
    """Read a trial in all its tempos; says why where it cannot be used."""
    try:
        trial = record.load()
        sample = replace(sample_of(record.study, record.label, trial), running=record.activity == "running")
    except GaitError as error:
        return error.problem if isinstance(error, UserInputError) else str(error)
    return [sample] if sample.running else [sample, *_at_other_tempos(sample, trial, tempos)]


def _at_other_tempos(sample: PublishedSample, trial: Trial, tempos: Sequence[float]) -> Iterator[PublishedSample]:
    """Vary the tempo of a trial with forces; what is then too short is left out."""
    forces = trial.forces
    if forces is None or len(forces.time) != len(trial.time) or not np.allclose(forces.time, trial.time):
        return
    for tempo in tempos:
        with contextlib.suppress(UserInputError):
            varied = sample_of(sample.study, sample.label, change_tempo(trial, tempo))
            yield replace(varied, running=sample.running, tempo=tempo)


def fit_scaler(samples: Sequence[PublishedSample]) -> ColumnScaler:
    """Fit the scaling to [-10, 10] to what is known in all frames, and to its mirror image.

    Notes
    -----
    Differences from the published code: cells that are unknown do not count, and left and right are alike. A column
    that is known nowhere keeps its unit.
    """
    # One sample after the other: those of a store are many times what memory holds.
    ends_of = [_ends(np.where(sample.known, sample.values, np.nan)) for sample in samples]
    least = np.fmin.reduce([ends[0] for ends in ends_of])
    greatest = np.fmax.reduce([ends[1] for ends in ends_of])
    ends = np.stack([least, greatest])
    ends = np.concatenate([ends, mirror_columns(ends)])
    ends = np.stack([np.fmin.reduce(ends), np.fmax.reduce(ends)])
    return ColumnScaler.fit(PUBLISHED_63.names, np.nan_to_num(ends, nan=0.0))


def _ends(values: Array) -> Array:
    return np.stack([np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)])


def _mirror() -> tuple[list[int], Array]:
    """Find where each column of the mirror image comes from, and its sign.

    Reflection at the plane in which the person walks turns a rotation R into M R M with M = diag(1, 1, -1): elements
    with one index 2 change sign, and an angular velocity keeps only its Z component. The left hip's rotation is built
    from coordinates that are positive as those of the right one, so the two hips change places as they are.
    """
    sign = dict.fromkeys(PUBLISHED_63.names, 1.0)
    source = {name: name for name in PUBLISHED_63.names}
    flipped = ["pelvis_tz"]
    for joint in BALL_JOINTS:
        if joint.startswith("hip"):
            other = "hip_l" if joint == "hip_r" else "hip_r"
            source |= {name: name.replace(joint, other) for name in source if name.startswith(joint)}
        else:
            flipped += [f"{joint}_2", f"{joint}_5", f"{joint}_x_angular_vel", f"{joint}_y_angular_vel"]
    swapped = {"_r": "_l", "_l": "_r"}
    for name in HINGES:
        other = name[:-2] + swapped[name[-2:]]
        source |= {name: other, f"{name}_vel": f"{other}_vel"}
    for name in KINETICS:
        body, quantity = name[: len("calcn_r")], name[len("calcn_r") :]
        source[name] = body[:-2] + swapped[body[-2:]] + quantity
        if name.endswith("z"):
            flipped.append(name)
    sign |= dict.fromkeys(flipped, -1.0)
    return PUBLISHED_63.indices(source.values()), np.array(list(sign.values()))


MIRROR_SOURCE, MIRROR_SIGN = _mirror()


def mirror_columns(values: Array) -> Array:
    """Give the columns (..., 63), not scaled, of the same motion with left and right exchanged."""
    return np.asarray(values[..., MIRROR_SOURCE] * MIRROR_SIGN)


def mirror_sample(sample: PublishedSample) -> PublishedSample:
    """Give the trial with left and right exchanged."""
    return replace(sample, values=mirror_columns(sample.values), known=sample.known[:, MIRROR_SOURCE])
