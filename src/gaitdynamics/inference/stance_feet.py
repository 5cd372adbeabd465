"""Feet that stand on the surface as they did, in a motion that was brought to another speed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from gaitdynamics.body.balance import balance, support_of
from gaitdynamics.columns import PELVIS_ROTATIONS, PELVIS_TRANSLATIONS, leg
from gaitdynamics.features.body_state import BodyState
from gaitdynamics.features.contact_rule import contact_by_rule
from gaitdynamics.trial import Array, Trial

#: What may move so that feet stand: all but the trunk and the toes.
_MOVING: Final = (*PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS, *leg("r")[:6], *leg("l")[:6])

#: Landmarks per foot in `Support.foot`: heel and toe joint.
_PER_FOOT: Final = 2


def stand_as_measured(motion: Trial, measured: Trial, state: BodyState, *, quicker: float, longer: float) -> Trial:
    """Let feet in stance move over the surface as they did in the measured motion.

    Parameters
    ----------
    motion
        The motion to correct.
    measured
        The one that it was made from.
    state
        What `body_state` gives for that.
    quicker
        Factor by which the strides of `motion` are quicker.
    longer
        Factor by which its contacts last longer.

    Returns
    -------
    Trial
        With its stances in the middle of those measured. In each, heel and toe joint follow their measured path over
        the surface, at the place where the motion has the foot in the mean.
    """
    paths = support_of(measured).foot
    surface = paths + _ride(measured, state, measured.time)[:, None]
    support = support_of(motion)
    ride = _ride(motion, state, motion.time)
    foot, weight = support.foot.copy(), np.zeros(support.foot.shape[:2])
    for side, start, end in _contacts(state):
        middle = (0.5 * (start + end) - measured.time[0]) / quicker + motion.time[0]
        half = 0.5 * (end - start) * longer
        frames = np.flatnonzero(np.abs(motion.time - middle) <= half)
        if len(frames) < 2:
            continue
        share = (motion.time[frames] - middle + half) / (2.0 * half)
        then = start + share * (end - start)
        for landmark in range(_PER_FOOT * side, _PER_FOOT * (side + 1)):
            path = np.stack([np.interp(then, measured.time, x) for x in surface[:, landmark].T], axis=-1)
            here = foot[frames, landmark] + ride[frames]
            shift = (here - path).mean(axis=0)
            # The height is that over the floor, which stays.
            shift[1] = 0.0
            foot[frames, landmark] = path + shift - ride[frames]
            weight[frames, landmark] = 1.0
    prescribed = replace(support, foot=foot, foot_weight=weight, point_weight=np.zeros(len(motion.time)))
    return balance(motion, prescribed, _MOVING, rounds=2)


def _ride(trial: Trial, state: BodyState, time: Array) -> Array:
    """Way (T, 3) [m] that the belt has carried away what stands on it."""
    heading = float(np.angle(np.exp(1j * state.heading).mean()))
    speed = trial.surface.belt_speed * np.array([np.cos(heading), 0.0, -np.sin(heading)])
    return np.asarray((time - time[0])[:, None] * speed)


def _contacts(state: BodyState) -> Iterator[tuple[int, float, float]]:
    """Give side, start and end [s] of each stance that begins and ends inside the motion or at its ends."""
    contact = contact_by_rule(state)
    for side in range(contact.shape[1]):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], contact[:, side].astype(np.int8), [0]])))
        for start, stop in edges.reshape(-1, 2):
            yield side, float(state.time[start]), float(state.time[stop - 1])
