"""From motion alone to joint moments: estimate the forces, then inverse dynamics with them.

python examples/joint_moments.py [output folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import gaitdynamics as gd

WALKING = Path(__file__).parent / "walking"


def main(folder: Path) -> None:
    """Read the shipped walk, estimate forces, compute moments, write both."""
    surface = gd.Surface("overground")
    trial = gd.read_trial(WALKING / "walking.mot", model=WALKING / "subject.osim", height_m=1.72, surface=surface)
    estimate = gd.estimate_forces(trial)
    moments = gd.compute_moments(trial, estimate.forces)
    for joint in ("hip_flexion", "knee_angle", "ankle_angle"):
        values = moments.column(f"{joint}_r") / trial.subject.mass_kg
        print(f"{joint}_r: {values.min():+.2f} to {values.max():+.2f} N.m/kg")
    estimate.to_files(folder)
    moments.to_files(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("walking_moments"))
