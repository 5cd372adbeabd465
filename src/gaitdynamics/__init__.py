"""Ground reaction forces, centres of pressure and joint moments of human gait, from motion alone.

>>> import gaitdynamics as gd
>>> trial = gd.read_trial("walk.mot", model="subject.osim", surface=gd.Surface("overground"))  # doctest: +SKIP
>>> result = gd.estimate_forces(trial)  # doctest: +SKIP
>>> result.to_files("results")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gaitdynamics._version import __version__

if TYPE_CHECKING:
    from gaitdynamics.errors import GaitError, UserInputError
    from gaitdynamics.files.forces import read_forces
    from gaitdynamics.files.motion import read_trial
    from gaitdynamics.files.osim import read_osim
    from gaitdynamics.tasks.forces import estimate_forces, estimate_treadmill
    from gaitdynamics.tasks.html_report import report_page
    from gaitdynamics.tasks.moments import MomentsResult, compute_moments
    from gaitdynamics.tasks.results import ForceEstimate
    from gaitdynamics.trial import FootForces, Subject, Surface, Trial

#: Public names and the modules they live in. They are imported when first used, so that the command line answers
#: at once where it does not need torch.
_HOMES = {
    "FootForces": "trial",
    "ForceEstimate": "tasks.results",
    "GaitError": "errors",
    "MomentsResult": "tasks.moments",
    "Subject": "trial",
    "Surface": "trial",
    "Trial": "trial",
    "UserInputError": "errors",
    "compute_moments": "tasks.moments",
    "estimate_forces": "tasks.forces",
    "estimate_treadmill": "tasks.forces",
    "read_forces": "files.forces",
    "read_osim": "files.osim",
    "read_trial": "files.motion",
    "report_page": "tasks.html_report",
}

__all__ = [
    "FootForces",
    "ForceEstimate",
    "GaitError",
    "MomentsResult",
    "Subject",
    "Surface",
    "Trial",
    "UserInputError",
    "__version__",
    "compute_moments",
    "estimate_forces",
    "estimate_treadmill",
    "read_forces",
    "read_osim",
    "read_trial",
    "report_page",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"gaitdynamics.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gaitdynamics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
