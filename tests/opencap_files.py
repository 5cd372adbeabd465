"""A session folder as OpenCap gives it, made from the example walk."""

from __future__ import annotations

import shutil
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"

METADATA = """\
calibrationSettings: {overwriteDeployedIntrinsics: false, saveSessionIntrinsics: false}
checkerBoard:
  black2BlackCornersHeight_n: 4
  mass_kg: 1.0
height_m: 1.72
iphoneModel:
  Cam0: iphone14,3
mass_kg: 68.5  # of the morning
openSimModel: LaiUhlrich2022
subjectID: 'anna'
"""


def write_session(folder: Path, motions: tuple[str, ...] = ("walk1",), metadata: str = METADATA) -> Path:
    """Write a session folder with some motions, all the example walk."""
    data = folder / "OpenSimData"
    (data / "Kinematics").mkdir(parents=True)
    (data / "Model" / "LaiUhlrich2022").mkdir(parents=True)
    for name in motions:
        shutil.copy(EXAMPLE / "walking.mot", data / "Kinematics" / f"{name}.mot")
    shutil.copy(EXAMPLE / "subject.osim", data / "Model" / "LaiUhlrich2022" / "LaiUhlrich2022_scaled.osim")
    (folder / "sessionMetadata.yaml").write_text(metadata, encoding="utf-8")
    return folder
