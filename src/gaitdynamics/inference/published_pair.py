"""The published refinement network at work: forces from complete kinematics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.published_checkpoint import PublishedWeights
from gaitdynamics.inference.windows import stitch

Array = NDArray[np.float64]

_KINEMATIC, _KINETIC = list(PUBLISHED_63.kinematic), list(PUBLISHED_63.kinetic)


def refine_columns(weights: PublishedWeights, values: Array, filled: NDArray[np.bool_] | None = None) -> Array:
    """Estimate the kinetic columns from complete kinematics by the refinement network.

    Parameters
    ----------
    weights
        The pair.
    values
        (N, 63) columns of a trial, not scaled; the kinematic ones are read.
    filled
        (63,) which of them were filled, not measured; None where none was.

    Returns
    -------
    (N, 12) kinetic columns, not scaled.

    Notes
    -----
    Differences from the published code: windows overlap by half and are faded into each other, and the network gets
    values on its own scale, not on that of the other one. One that learnt from motions without some columns gets zeros
    for those.
    """
    scaled = weights.refinement_scaled(weights.diffusion_scaler.to_scaled(values))
    if filled is not None:
        scaled[:, filled & np.isin(PUBLISHED_63.names, weights.description.refinement.zeroed)] = 0.0

    def forces(columns: Tensor) -> Tensor:
        result: Tensor = weights.refinement(columns)
        return result

    kinetic = stitch(forces, scaled[:, _KINEMATIC].astype(np.float32))
    return weights.refinement_scaler.select(_KINETIC).from_scaled(kinetic)
