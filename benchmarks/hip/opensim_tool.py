"""Our static optimisation beside OpenSim's own tool: how far forces differ, and the time that each way takes."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.files.leg_angles import read_leg_angles
from gaitdynamics.inference.hip_checkpoint import HipNetwork
from gaitdynamics.inference.hip_cycles import cut_cycles, cycles_between, starts_by_motion
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.tasks.hip_muscles import estimate_hip_muscles
from gaitdynamics.tasks.moments import compute_moments
from gaitdynamics.tasks.muscles import compute_muscles

sys.path.append(str(Path(__file__).parents[2] / "tests"))
from static_optimisation_oracle import opensim_static_optimisation

Result = TypeVar("Result")
#: Instants per second at which both are timed.
RATE = 60.0
#: Frames that OpenSim's tool solves of each trial.
FRAMES = 5


def agreement(records: Sequence[TrialRecord]) -> pd.DataFrame:
    """Solve a few frames of each trial both ways; forces [N] and the time of each way per instant of both legs [s]."""
    rows = []
    for record in records:
        trial = record.load()
        assert trial.forces is not None
        assert trial.forces.valid is not None
        known = np.flatnonzero(trial.forces.valid.all(axis=1))
        start = int(known[len(known) // 3])
        stop = min(start + 4 * FRAMES, int(known[-1]))
        span = (float(trial.time[start]), float(trial.time[stop]))
        moments = compute_moments(trial, trial.forces)
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            frames, table = opensim_static_optimisation(trial, trial.forces, Path(folder), span=span, step=4)
            theirs_s = (time.perf_counter() - began) / len(frames)
        chosen = np.array(frames)
        began = time.perf_counter()
        ours = compute_muscles(moments, model_file=record.model_file, frames={"r": chosen, "l": chosen})
        ours_s = (time.perf_counter() - began) / len(frames)
        theirs = np.hstack([[table.column(name) for name in leg.names] for leg in ours.legs]).ravel()
        forces = np.hstack([leg.force.T for leg in ours.legs]).ravel()
        reserves = np.hstack([[table.column(f"{n}_reserve") for n in leg.coordinates] for leg in ours.legs]).ravel()
        mine = np.hstack([leg.reserve.T for leg in ours.legs]).ravel()
        rows.append(
            {
                "trial": record.label,
                "instants": len(frames),
                "rms_force_n": _rms(theirs),
                "rms_difference_n": _rms(forces - theirs),
                "largest_difference_n": float(np.abs(forces - theirs).max()),
                "largest_reserve_difference_nm": float(np.abs(mine - reserves).max()),
                "opensim_s": theirs_s,
                "ours_s": ours_s,
            }
        )
    return pd.DataFrame(rows)


def run_times(record: TrialRecord, hip: HipNetwork | None, muscles: Path | None, opensim_s: float) -> pd.DataFrame:
    """Time each step from motion to muscle forces of one trial [s]; `opensim_s` of its tool per instant."""
    trial = record.load()
    seconds = float(trial.time[-1] - trial.time[0])
    instants = int(seconds * RATE)
    estimate_forces(trial)  # loads the network
    rows: dict[str, float] = {}
    estimate = _timed(rows, "forces on the feet, estimated", lambda: estimate_forces(trial))
    moments = _timed(rows, "joint moments, inverse dynamics", lambda: compute_moments(trial, estimate.forces))
    _timed(rows, "muscle forces, our network, every frame", lambda: estimate_hip_muscles(moments, weights=muscles))
    if hip is not None:

        def by_hip_network() -> None:
            angles = read_leg_angles(record.motion_file, hip.description.angles)
            cycles, _ = cycles_between(starts_by_motion(angles, "r"), angles.rate)
            hip.predict(cut_cycles(angles.values, cycles, hip.description.architecture.frames))

        _timed(rows, "muscle forces of one leg, transformer of Gait2Hip-60", by_hip_network)
    name = f"muscle forces, our static optimisation, {RATE:g} instants per second"
    _timed(rows, name, lambda: compute_muscles(moments, model_file=record.model_file, rate=RATE))
    rows[f"muscle forces, OpenSim's StaticOptimization, {RATE:g} per second (extrapolated)"] = opensim_s * instants
    return pd.DataFrame({"step": list(rows), "seconds": list(rows.values())})


def _timed(rows: dict[str, float], name: str, function: Callable[[], Result]) -> Result:
    began = time.perf_counter()
    result = function()
    rows[name] = time.perf_counter() - began
    return result


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
