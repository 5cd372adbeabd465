"""Make the shipped example: a subject and ten seconds of overground walking, from the mean gait cycle.

Joint angles follow `examples/walking/mean_gait_cycle.json` with small seeded variation from stride to stride;
the pelvis is placed so that the foot that carries the body stays where it is.
`examples/walking/README.md` says more.

    python tools/make_example.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gaitdynamics.body.generic import scaled_generic
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.columns import FULL_BODY, PELVIS_TRANSLATIONS, SIDES
from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.files.storage import write_storage
from gaitdynamics.signals import low_pass

Array = NDArray[np.float64]

HEIGHT_M, MASS_KG = 1.72, 68.0
RATE, SECONDS = 100.0, 10.0
STRIDE_S = 1.04  # near the mean of the walkers; makes 1.3 m/s with their angles and this leg length
SEED = 20
SOLE_M = 0.01  # sole below the heel and ball of the bones

STANCE = 0.62  # share of the stride
STRIDE_VARIATION = 0.015  # of the stride time
ANGLE_VARIATION = 0.5  # degrees
VARIATION_HZ = 0.7  # variation is slower than the stride
SMOOTH_HZ = {"pelvis_tx": 4.0, "pelvis_ty": 6.0, "pelvis_tz": 3.0}
MARGIN_S = 2.0  # made and cut off again at both ends, so that filters have no ends inside

FOLDER = Path(__file__).parents[1] / "examples" / "walking"


def smooth_step(x: Array) -> Array:
    """Rise from 0 to 1 between x = 0 and 1 with continuous acceleration."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def slow_noise(random: np.random.Generator, frames: int) -> Array:
    """Smooth random signal with unit standard deviation."""
    noise = low_pass(random.standard_normal(frames), RATE, VARIATION_HZ)
    return np.asarray((noise - noise.mean()) / noise.std())


def evaluate(coefficients: dict[str, list[float]], phase: Array) -> Array:
    """Value of a Fourier series at a phase (1 = one stride)."""
    angle = 2.0 * np.pi * np.outer(phase, np.arange(len(coefficients["cos"])))
    return np.asarray(np.cos(angle) @ coefficients["cos"] + np.sin(angle) @ coefficients["sin"])


def joint_angles(phase: Array, random: np.random.Generator) -> Array:
    """Coordinates (T, 23) [rad] over the phase; pelvis translations and toes are still zero."""
    series = json.loads((FOLDER / "mean_gait_cycle.json").read_text())["coordinates"]
    values = np.zeros((len(phase), len(FULL_BODY)))
    for column, name in enumerate(FULL_BODY):
        stem = name.removesuffix("_r").removesuffix("_l")
        if stem in series:
            shift = 0.5 if name.endswith("_l") else 0.0
            noise = ANGLE_VARIATION * slow_noise(random, len(phase))
            values[:, column] = np.radians(evaluate(series[stem], phase + shift) + noise)
    return values


def heel_and_ball(skeleton: Skeleton, values: Array) -> tuple[Array, Array]:
    """Origins of calcn and toes (T, 2, 3) [m]; sides right, left."""
    position = skeleton.pose(torch.from_numpy(values)).position.numpy()
    heel = [position[:, skeleton.body_index(f"calcn_{s}")] for s in SIDES]
    ball = [position[:, skeleton.body_index(f"toes_{s}")] for s in SIDES]
    return np.stack(heel, 1), np.stack(ball, 1)


def bend_toes(skeleton: Skeleton, values: Array, phase: Array) -> None:
    """Keep the toes flat on the floor while the heel rises; recordings have no toe angle to average.

    In this model family extension of the toes is negative.
    """
    heel, ball = heel_and_ball(skeleton, values)
    foot = phase % 1.0
    pushing = smooth_step((foot - 0.30) / 0.15) * (1.0 - smooth_step((foot - 0.54) / 0.14))
    along = ball - heel
    pitch = np.arcsin(-along[..., 1] / np.linalg.norm(along, axis=-1))
    for side, s in enumerate(SIDES):
        values[:, FULL_BODY.index(f"mtp_angle_{s}")] = -pushing[:, side] * np.maximum(pitch[:, side], 0.0)


def place_pelvis(skeleton: Skeleton, values: Array, phase: Array) -> None:
    """Move the pelvis so that the point of the foot that carries the body rests on the floor.

    The load passes from foot to foot during double support, and in each foot from heel to ball while it is
    flat.
    """
    heel, ball = heel_and_ball(skeleton, values)
    foot = phase % 1.0
    double = STANCE - 0.5
    load = smooth_step(foot / double) * (1.0 - smooth_step((foot - 0.5) / double))
    to_ball = smooth_step((foot - 0.05) / 0.35)[..., None]
    velocity = (1.0 - to_ball) * np.gradient(heel, 1.0 / RATE, axis=0) + to_ball * np.gradient(ball, 1.0 / RATE, axis=0)
    pelvis = np.cumsum(-(load[..., None] * velocity).sum(1), axis=0) / RATE
    height = ((1.0 - to_ball) * heel + to_ball * ball)[..., 1]
    pelvis[:, 1] = SOLE_M - (load * height).sum(1)
    # Small turns of the stance foot add up to a slow walk to the side; the example goes straight on.
    time = np.arange(len(phase)) / RATE
    pelvis[:, 2] -= np.polyval(np.polyfit(time, pelvis[:, 2], 1), time)
    for axis, name in enumerate(PELVIS_TRANSLATIONS):
        values[:, FULL_BODY.index(name)] = low_pass(pelvis[:, axis], RATE, SMOOTH_HZ[name])


def make_walk(skeleton: Skeleton) -> tuple[Array, Array]:
    """Walk; gives time (T,) [s] and coordinates (T, 23) [rad, m] in the order of `FULL_BODY`."""
    assert skeleton.coordinates == FULL_BODY
    random = np.random.default_rng(SEED)
    frames = round((SECONDS + 2 * MARGIN_S) * RATE) + 1
    cadence = (1.0 + STRIDE_VARIATION * slow_noise(random, frames)) / STRIDE_S
    phase = np.cumsum(cadence) / RATE
    values = joint_angles(phase, random)
    both = np.stack([phase, phase + 0.5], axis=1)
    bend_toes(skeleton, values, both)
    place_pelvis(skeleton, values, both)
    inside = slice(round(MARGIN_S * RATE), frames - round(MARGIN_S * RATE))
    values = values[inside]
    values[:, FULL_BODY.index("pelvis_tx")] -= values[0, FULL_BODY.index("pelvis_tx")]
    return np.arange(len(values)) / RATE, values


def write_walk(path: Path, time: Array, values: Array) -> None:
    """Write the motion: rotations in degrees, translations in metres."""
    table = np.column_stack([time, values])
    for column, name in enumerate(FULL_BODY, start=1):
        if name not in PELVIS_TRANSLATIONS:
            table[:, column] = np.degrees(table[:, column])
    table[:, 1:] = table[:, 1:].round(7) + 0.0  # smaller files; 0.1 um is far below what moves a force
    write_storage(path, ["time", *FULL_BODY], table, name="walking", in_degrees=True)


if __name__ == "__main__":
    model = scaled_generic(HEIGHT_M, MASS_KG)
    write_osim(FOLDER / "subject.osim", model)
    write_walk(FOLDER / "walking.mot", *make_walk(Skeleton(model)))
    print(f"wrote {FOLDER}/subject.osim and walking.mot")
