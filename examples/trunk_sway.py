"""What if this person swayed the trunk twice and three times as much? Knee adduction moments tell what it would spare.

python examples/trunk_sway.py [output folder]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import gaitdynamics as gd
from gaitdynamics.inference.motion_network import load_motion_network
from gaitdynamics.tasks.generated import measured_motion
from gaitdynamics.tasks.modification import Change, modify_motion
from gaitdynamics.tasks.what_if_files import write_modification

WALKING = Path(__file__).parent / "walking"


def main(folder: Path) -> None:
    """Take two seconds of the shipped walk, change them, write the last change."""
    surface = gd.Surface("overground")
    trial = gd.read_trial(WALKING / "walking.mot", model=WALKING / "subject.osim", height_m=1.72, surface=surface)
    trial = replace(trial, time=trial.time[:200], values=trial.values[:200])
    network, before = load_motion_network(), measured_motion(trial)
    for factor in (2.0, 3.0):
        result = modify_motion(trial, [Change("lumbar_bending", scale=factor)], network, before=before)
        was, now = before.refiner.knee_adduction(), result.after.refiner.knee_adduction()
        print(f"sway x {factor:g}: first peak {was[0].first:.2f} -> {now[0].first:.2f} % of body weight x height")
    files = write_modification(result, trial.name, folder)
    print(f"written: {', '.join(path.name for path in files)} in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("trunk_sway"))
