"""Made-up data in the layout of Gait2Hip-60: outputs follow from the angles by a rule, so that they can be learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gaitdynamics.features.hip import ANGLES, TARGETS, HipTask

CADENCES = ("slow", "med", "fast")


def gait_angles(trials: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    """(N, T, 10) [deg]: two harmonics per angle, the left leg half a cycle later."""
    phase = 2 * np.pi * np.linspace(0.0, 1.0, samples)
    size = {"hip_flexion": 20, "hip_adduction": 5, "hip_rotation": 6, "knee_angle": 25, "ankle_angle": 10}
    offset = {"knee_angle": 28.0, "hip_flexion": 8.0}
    angles = np.empty((trials, samples, len(ANGLES)))
    for column, name in enumerate(ANGLES):
        joint, shift = name[:-2], np.pi * (name[-1] == "l")
        first, second = rng.normal(1.0, 0.15, (2, trials, 1))
        wave = first * np.cos(phase + shift + len(joint)) + 0.4 * second * np.cos(2 * (phase + shift))
        angles[..., column] = offset.get(joint, 0.0) + size[joint] * wave + rng.normal(0.0, 1.0, (trials, 1))
    return angles


def outputs_of(angles: np.ndarray, task: HipTask) -> np.ndarray:
    """(N, T, outputs) per kg: each the rectified or signed sum of two angles and a change in time."""
    scaled = angles / 20.0
    speed = np.gradient(scaled, axis=1) * angles.shape[1] / 20.0
    count = len(TARGETS[task].names)
    mixed = np.stack(
        [scaled[..., k % 10] - 0.5 * scaled[..., (k + 3) % 10] + speed[..., k % 10] for k in range(count)], -1
    )
    return np.maximum(mixed, 0.0) if task == "muscle_forces" else 0.3 * mixed


def arrays(
    task: HipTask, *, people: int = 60, per_cadence: int = 1, samples: int = 180, seed: int = 0
) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    who = np.repeat([f"H{k:02}" for k in range(1, people + 1)], len(CADENCES) * per_cadence)
    angles = gait_angles(len(who), samples, rng)
    mass = np.repeat(rng.uniform(50, 90, people), len(CADENCES) * per_cadence)
    return {
        "X": angles.astype(np.float32),
        "Y": (outputs_of(angles, task) * mass[:, None, None]).astype(np.float32),
        # As pandas would have them saved: text as objects, which numpy pickles.
        "subject_id": who.astype(object),
        "height_m": np.full(len(who), 1.7),
        "weight_kg": mass,
        "speed_label": np.tile(np.repeat(CADENCES, per_cadence), people).astype(object),
        "in_cols": np.array(ANGLES, dtype=object),
        "out_cols": np.array(TARGETS[task].labels("r"), dtype=object),
    }


def save(path: Path, task: HipTask, **changes: Any) -> Path:
    sizes = {name: changes.pop(name) for name in ("people", "per_cadence", "samples", "seed") if name in changes}
    np.savez_compressed(path, **{**arrays(task, **sizes), **changes})
    return path
