"""Estimate ground reaction forces and centres of pressure of a walk, and write them for OpenSim.

python examples/estimate_forces.py [output folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

import gaitdynamics as gd

WALKING = Path(__file__).parent / "walking"


def main(folder: Path) -> None:
    """Read the shipped walk, estimate, write."""
    surface = gd.Surface("overground")
    trial = gd.read_trial(WALKING / "walking.mot", model=WALKING / "subject.osim", height_m=1.72, surface=surface)
    estimate = gd.estimate_forces(trial)
    peak = estimate.forces.force[:, :, 1].max(axis=0) / trial.body_weight
    print(f"peak vertical force: right {peak[0]:.2f}, left {peak[1]:.2f} body weights")
    files = estimate.to_files(folder)
    print(f"written: {', '.join(path.name for path in files.paths())} in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("walking_forces"))
