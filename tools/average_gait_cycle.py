"""Average the steps of many walkers into one symmetric gait cycle and keep its Fourier coefficients.

Reads training-split walking trials only (manifest.csv of the folder named by GAITDYNAMICS_DATA) of people
taller than 1.5 m, and writes `examples/walking/mean_gait_cycle.json`: aggregate statistics, from which no
person's motion can be told. A step, from one foot's strike to the other's, holds both halves of a symmetric
cycle.

    GAITDYNAMICS_DATA=folder python tools/average_gait_cycle.py
"""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import LUMBAR, PELVIS_ROTATIONS, SIDES, leg
from gaitdynamics.dataset.manifest import read_records
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.trial import Trial

Array = NDArray[np.float64]

STUDIES = ("OpenSimGait2354", "Rajagopal2016", "Schreiber2019", "GaitEventsMoissenet", "SimuMarcheSanchez")
SPEEDS = (0.95, 1.65)  # m/s, preferred walking
SHORTEST_M = 1.5
POINTS = 100  # per half cycle
HARMONICS = 8
TARGET = Path(__file__).parents[1] / "examples" / "walking" / "mean_gait_cycle.json"

#: Coordinates of the trunk that change sign from one half of the cycle to the other; the rest repeats.
CHANGES_SIGN = ("pelvis_list", "pelvis_rotation", "lumbar_bending", "lumbar_rotation")
LEG = tuple(name.removesuffix("_r") for name in leg("r")[:6])


def is_wanted(record: TrialRecord) -> bool:
    """Tell whether a trial is preferred or fast walking of a grown person, and for training."""
    return (
        record.split == "train"
        and record.activity == "walking"
        and record.condition in ("normal", "fast")
        and record.study in STUDIES
        and SPEEDS[0] <= (record.speed or 0.0) <= SPEEDS[1]
        and (record.height_m is None or record.height_m > SHORTEST_M)
    )


def strikes(trial: Trial) -> list[tuple[float, str]]:
    """Find when the force under each foot begins, where its record is complete; in order of time."""
    assert trial.forces is not None
    assert trial.forces.valid is not None
    found = []
    for side, name in enumerate(SIDES):
        loaded = trial.forces.force[:, side, 1] > 0.0
        known = trial.forces.valid[:, side]
        onset = loaded[1:] & ~loaded[:-1] & known[1:] & known[:-1]
        found += [(float(time), name) for time in trial.time[1:][onset]]
    return sorted(found)


def heading(trial: Trial) -> float:
    """Direction of travel, an angle [degrees] to the right of the X axis."""
    if trial.surface.kind == "treadmill":
        return 0.0
    forward, aside = (trial.column(name)[-1] - trial.column(name)[0] for name in ("pelvis_tx", "pelvis_tz"))
    return float(np.degrees(np.arctan2(aside, forward)))


def steps(trial: Trial) -> list[dict[str, Array]]:
    """Cut a trial into steps, each as if it began with the right foot; angles in degrees."""
    found = []
    for (start, first), (stop, second) in pairwise(strikes(trial)):
        if first == second or not 0.35 < stop - start < 0.8:
            continue
        at = np.linspace(start, stop, POINTS + 1)
        step = {"duration": np.array(stop - start)}
        for name in (*PELVIS_ROTATIONS, *LUMBAR):
            if not trial.is_missing(name):
                values = np.interp(at, trial.time, np.degrees(trial.column(name)))
                # A turn to the left counts positive, the heading to the right.
                values = values + (heading(trial) if name == "pelvis_rotation" else 0.0)
                step[name] = -values if name in CHANGES_SIGN and first == "l" else values
        for name in LEG:
            for side, role in ((first, "leading"), (second, "trailing")):
                if not trial.is_missing(f"{name}_{side}"):
                    values = np.degrees(trial.column(f"{name}_{side}"))
                    step[f"{name}_{role}"] = np.interp(at, trial.time, values)
        found.append(step)
    return found


def fourier(cycle: Array) -> dict[str, list[float]]:
    """Cosine and sine coefficients of a cycle (N samples over one period, the last point not repeated)."""
    spectrum = np.fft.rfft(cycle) / len(cycle)
    cos = 2.0 * spectrum.real[: HARMONICS + 1]
    cos[0] /= 2.0
    sin = -2.0 * spectrum.imag[: HARMONICS + 1]
    return {"cos": [round(float(v), 4) + 0.0 for v in cos], "sin": [round(float(v), 4) + 0.0 for v in sin]}


def whole_cycle(name: str, mean: dict[str, Array]) -> Array:
    """Put two half cycles together; a jump where they meet is spread over the cycle."""
    if name in LEG:
        halves = mean[f"{name}_leading"], mean[f"{name}_trailing"]
    else:
        halves = mean[name], mean[name] * (-1.0 if name in CHANGES_SIGN else 1.0)
    cycle = []
    for own, other in (halves, halves[::-1]):
        gap_after = other[0] - own[-1]  # each half should end where the other one begins
        gap_before = other[-1] - own[0]
        ramp = np.linspace(0.0, 1.0, POINTS + 1)
        cycle.append((own + gap_before / 2 * (1 - ramp) ** 4 + gap_after / 2 * ramp**4)[:-1])
    return np.concatenate(cycle)


def average(folder: Path) -> dict[str, object]:
    """Mean over persons of the means over their steps."""
    people: dict[str, list[dict[str, Array]]] = {}
    records, _ = read_records(folder)
    for record in filter(is_wanted, records):
        people.setdefault(record.person, []).extend(steps(record.load()))
    people = {person: found for person, found in people.items() if found}
    per_person = []
    for found in people.values():
        names = set.intersection(*(set(step) for step in found))
        per_person.append({name: np.mean([step[name] for step in found], axis=0) for name in names})
    names = set.union(*(set(person) for person in per_person))
    mean = {name: np.mean([p[name] for p in per_person if name in p], axis=0) for name in names}
    averaged = (*PELVIS_ROTATIONS, *LEG, *LUMBAR)
    counts = {n: sum(n in p or f"{n}_leading" in p for p in per_person) for n in averaged}
    return {
        "what": "mean gait cycle of healthy walkers, symmetric; phase 0 is the strike of the right foot",
        "unit": "degrees; value = sum over n of cos[n] cos(2 pi n phase) + sin[n] sin(2 pi n phase)",
        "studies": sorted({person.split("/")[0] for person in people}),
        "people": len(people),
        "steps": sum(len(found) for found in people.values()),
        "people_per_coordinate": counts,
        "stride_time_s": round(2.0 * float(mean["duration"]), 3),
        "coordinates": {name: fourier(whole_cycle(name, mean)) for name in averaged},
    }


if __name__ == "__main__":
    data = os.environ.get("GAITDYNAMICS_DATA")
    if not data:
        raise SystemExit("set GAITDYNAMICS_DATA to the folder with manifest.csv")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(average(Path(data)), indent=1) + "\n")
    print(f"wrote {TARGET}")
