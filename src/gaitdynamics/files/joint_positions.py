"""Joint positions over time from motion generators (`.npy`): plain numbers only, nothing is unpickled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import FileFormatError

Array = NDArray[np.float64]

#: Layouts of joints. Both are those of SMPL (Loper et al. 2015), of which HumanML3D leaves the hands out.
LayoutName = Literal["humanml22", "smpl24"]

#: Number of joints of each layout.
JOINTS: Final[dict[str, int]] = {"humanml22": 22, "smpl24": 24}

#: Places of the joints that gait is measured by, the same in both layouts.
PELVIS: Final = 0
LEG: Final = {"l": (1, 4, 7, 10), "r": (2, 5, 8, 11)}  # hip, knee, ankle, ball of the foot

#: Fewer frames hold no stride.
SHORTEST: Final = 10


@dataclass(frozen=True)
class JointMotions:
    """Generated motions of one file.

    Attributes
    ----------
    name
        Of the file, without its ending.
    positions
        (M, T, J, 3) [m], Y up; cells may be NaN where a generation went wrong.
    rate
        Frames per second.
    """

    name: str
    positions: Array
    rate: float


def read_joint_positions(path: Path, layout: LayoutName, rate: float) -> JointMotions:
    """Read joint positions.

    Parameters
    ----------
    path
        An array of (frames, joints, 3), of several motions (motions, frames, joints, 3), or as motion diffusion models
        write it (motions, joints, 3, frames). In metres, Y up.
    layout
        What the joints are.
    rate
        Frames per second.

    Raises
    ------
    FileFormatError
        The file cannot be read, holds Python objects, or its shape does not fit the layout.
    """
    try:
        values = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise FileFormatError("no such file", file=path) from error
    except (OSError, ValueError, EOFError) as error:
        raise FileFormatError(
            f"not an array of plain numbers ({error})",
            file=path,
            remedy="save the joint positions alone: numpy.save(path, array)",
        ) from error
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
        raise FileFormatError("not an array of plain numbers", file=path, remedy="save the joint positions alone")
    joints = JOINTS[layout]
    values = values.astype(np.float64)
    if values.ndim == 3 and values.shape[1:] == (joints, 3):
        values = values[None]
    elif values.ndim == 4 and values.shape[1:3] == (joints, 3):
        values = np.moveaxis(values, 3, 1)
    if values.ndim != 4 or values.shape[2:] != (joints, 3):
        fitting = [name for name, count in JOINTS.items() if count in values.shape]
        raise FileFormatError(
            f"its shape {values.shape} is not (frames, {joints}, 3) or that of several motions, as layout '{layout}' "
            "asks for",
            file=path,
            remedy=f"give --layout {fitting[0]}" if fitting else "give positions of joints of one of the layouts",
        )
    if values.shape[1] < SHORTEST:
        raise FileFormatError(f"{values.shape[1]} frames hold no stride", file=path, remedy="give longer motions")
    return JointMotions(path.stem, values, rate)
