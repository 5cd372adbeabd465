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
    trial = gd.read_trial(WALKING / "walking.mot", model=WALKING / "subject.osim", height_m=1.72)
    result = gd.estimate_forces(trial)
    result.to_files(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("walking_forces"))
