"""How far a completed motion is from the one that was measured, and how still its feet stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaitdynamics.columns import PELVIS_TRANSLATIONS, canonical
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.footing import measure_footing
from gaitdynamics.trial import Array, Mask, Trial


def motion_errors(truth: Trial, hidden: Trial, completed: Trial) -> dict[str, object]:
    """Compare the hidden cells of a motion with what they were completed with; see `CompletionEvaluation.motions`."""
    angles, shares, path = [], [], []
    for index, name in enumerate(truth.coordinates):
        rows = _hidden_rows(truth, hidden, index)
        if not rows.any():
            continue
        off = completed.values[rows, index] - truth.values[rows, index]
        if canonical(name) in PELVIS_TRANSLATIONS:
            path.append(off - off.mean() if hidden.gaps is None else off)
        else:
            angles.append(off)
            span = float(np.ptp(truth.values[:, index]))
            if span > 0.0:
                shares.append(float(np.sqrt(np.mean(off**2))) / span)
    footing = measure_footing(body_state(completed))
    return {
        "angle_deg": _root_mean_square(angles) * float(np.degrees(1.0)),
        "range_percent": 100.0 * float(np.mean(shares)) if shares else float("nan"),
        "path_mm": 1000.0 * _root_mean_square(path),
        "slide_m_s": footing.slide,
        "sink_mm": 1000.0 * footing.sink,
        "seconds": float(np.ptp(truth.time)),
    }


def _hidden_rows(truth: Trial, hidden: Trial, index: int) -> Mask:
    if truth.missing[index]:
        return np.zeros(len(truth.time), dtype=bool)
    if hidden.gaps is not None:
        return np.asarray(hidden.gaps[:, index])
    return np.full(len(truth.time), bool(hidden.missing[index]))


def _root_mean_square(parts: Sequence[Array]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2))) if parts else float("nan")
