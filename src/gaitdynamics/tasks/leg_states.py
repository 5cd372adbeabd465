"""Posture, speed and joint moments of the legs in one motion, with what a coordinate drives gathered to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gaitdynamics.columns import canonical, leg
from gaitdynamics.signals import differentiate
from gaitdynamics.trial import Array

if TYPE_CHECKING:
    from gaitdynamics.tasks.moments import MomentsResult


class LegStates:
    """All coordinates of a motion over time, smoothed as for the joint moments, and the moments on them.

    Parameters
    ----------
    moments
        From `tasks.moments.compute_moments`.

    Attributes
    ----------
    names
        All coordinates of the model, the coupled ones too.
    locked
        Those that the model holds.
    """

    def __init__(self, moments: MomentsResult) -> None:
        import torch

        from gaitdynamics.body.skeleton import Skeleton

        trial = moments.trial
        skeleton = Skeleton(trial.subject.model)
        self._free = skeleton.coordinates
        self.locked = tuple(name for name, one in trial.subject.model.coordinates.items() if one.locked)
        smooth = map(torch.as_tensor, differentiate(trial.values, trial.rate, moments.cutoff)[:2])
        values, speeds = skeleton.with_coupled(*smooth)
        self.names = skeleton.all_coordinates
        self._values, self._speeds = values.numpy(), speeds.numpy()
        by_name = {
            label.rsplit("_", 1)[0]: column for label, column in zip(moments.names, moments.values.T, strict=True)
        }
        self._moments = np.stack([by_name[name] for name in self.names], axis=1)
        self._driven: dict[str, list[tuple[str, Array]]] = {}
        q = torch.as_tensor(self._values[:, [self.names.index(name) for name in skeleton.coordinates]])
        for coupler in trial.subject.model.couplers:
            if coupler.independent not in skeleton.coordinates:
                continue
            unit = torch.zeros_like(q)
            unit[:, skeleton.coordinates.index(coupler.independent)] = 1.0
            slope = skeleton.with_coupled(q, unit)[1][:, self.names.index(coupler.dependent)].numpy()
            self._driven.setdefault(coupler.independent, []).append((coupler.dependent, slope))

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self._values)

    def of_leg(self, side: str) -> tuple[str, ...]:
        """Name the free coordinates of a leg, hip to toes, as in the model."""
        names = {canonical(name): name for name in self._free}
        return tuple(names[name] for name in leg(side) if name in names)

    def values(self, coordinate: str) -> tuple[Array, Array]:
        """Give a coordinate and its rate over time, (T,) each [rad or m, and per s]."""
        place = self.names.index(coordinate)
        return self._values[:, place], self._speeds[:, place]

    def driven_by(self, coordinates: Sequence[str]) -> tuple[str, ...]:
        """Name what these coordinates drive."""
        return tuple(name for source in coordinates for name, _ in self._driven.get(source, ()))

    def at(self, frame: int) -> tuple[dict[str, float], dict[str, float]]:
        """Give value and speed of each coordinate in a frame."""
        values, speeds = self._values[frame], self._speeds[frame]
        return dict(zip(self.names, values, strict=True)), dict(zip(self.names, speeds, strict=True))

    def moment(self, coordinate: str) -> Array:
        """Give the joint moment (T,) [N.m] on a coordinate and what it drives."""
        moment = self._moments[:, self.names.index(coordinate)]
        for driven, slope in self._driven.get(coordinate, ()):
            moment = moment + slope * self._moments[:, self.names.index(driven)]
        return np.asarray(moment)

    def moments(self, coordinates: Sequence[str]) -> Array:
        """Give joint moments (T, J) [N.m] on these coordinates by themselves."""
        return self._moments[:, [self.names.index(name) for name in coordinates]]

    def gathering(self, free: Sequence[str], every: Sequence[str]) -> Array:
        """Give what turns moments (J,) on `every` coordinate into those on the `free` ones, (T, J, F).

        A coordinate that drives another one moves it, so that it feels that one's moment, times the slope.
        """
        matrix = np.zeros((len(self._values), len(every), len(free)))
        for j, name in enumerate(free):
            matrix[:, every.index(name), j] = 1.0
            for driven, slope in self._driven.get(name, ()):
                matrix[:, every.index(driven), j] = slope
        return matrix
