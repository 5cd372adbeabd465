from __future__ import annotations

import pytest

from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.tasks.results import ForceEstimate
from gaitdynamics.trial import Trial


@pytest.fixture(scope="session")
def walk_estimate(example_trial: Trial) -> ForceEstimate:
    """Forces of the example walk by the packaged network."""
    return estimate_forces(example_trial)
