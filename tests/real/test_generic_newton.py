"""Newton's law with the generic skeleton: demanded against measured total force in real walks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gaitdynamics.body.dynamics import total_wrench
from gaitdynamics.body.generic import scaled_generic
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.dataset.manifest import read_records
from gaitdynamics.signals import differentiate
from gaitdynamics.trial import Trial

STUDIES = ("OpenSimGait2354", "Schreiber2019", "GaitEventsMoissenet")


def demanded(skeleton: Skeleton, trial: Trial) -> NDArray[np.float64]:
    columns = [trial.coordinates.index(name) for name in skeleton.coordinates]
    smooth = differentiate(trial.values[:, columns], trial.rate, 8.0)
    return total_wrench(skeleton, skeleton.motion(*map(torch.from_numpy, smooth)))[0].numpy()


def test_generic_skeleton_is_as_good_as_the_persons_own(data_folder: Path) -> None:
    """Mean absolute difference [% body weight] forward, up and to the side over 26 walks of 16 people."""
    records, _ = read_records(data_folder)
    errors = []
    for record in records:
        tall = record.height_m is not None and record.height_m > 1.6
        if record.split != "train" or record.activity != "walking" or record.study not in STUDIES or not tall:
            continue
        trial = record.load()
        assert trial.forces is not None
        assert trial.forces.valid is not None
        known = trial.forces.valid.all(axis=1)
        known[:6] = known[-6:] = False
        measured = trial.forces.force.sum(axis=1)
        generic = scaled_generic(record.height_m or 0.0, record.mass_kg)
        errors.append(
            [
                100.0 * np.abs(demanded(Skeleton(m), trial) - measured)[known].mean(axis=0) / trial.body_weight
                for m in (trial.subject.model, generic)
            ]
        )
    own, generic_error = np.mean(errors, axis=0)
    print(f"{len(errors)} walks, own model {own.round(1)}, generic skeleton {generic_error.round(1)}")
    assert len(errors) >= 20
    assert generic_error[1] < 6.0
    assert np.all(generic_error < own + 0.5)
