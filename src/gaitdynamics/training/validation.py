"""How well forces are estimated, as every training run reports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_AXES = ("vertical", "fore_aft", "medio_lateral")


def profile_errors(errors: Mapping[str, Sequence[NDArray[np.floating[Any]]]]) -> dict[str, Any]:
    """Summarise absolute errors of forces.

    Parameters
    ----------
    errors
        Study -> per trial (n, 3) absolute errors [% body weight] over trusted frames: forward, up, sideways.

    Returns
    -------
    dict
        'studies': study -> mean absolute error [% body weight] of vertical, fore-aft and medio-lateral force; 'mean':
        the same averaged over studies.
    """
    studies = {study: np.concatenate(parts).mean(0)[[1, 0, 2]] for study, parts in sorted(errors.items())}
    mean = np.mean(list(studies.values()), axis=0) if studies else np.full(3, np.nan)

    def named(values: NDArray[np.floating[Any]]) -> dict[str, float]:
        return {axis: round(float(value), 3) for axis, value in zip(_AXES, values, strict=True)}

    return {"studies": {study: named(values) for study, values in studies.items()}, "mean": named(mean)}
