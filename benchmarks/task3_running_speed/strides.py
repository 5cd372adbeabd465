"""How stride frequency and contact time go with running speed in the training runners.

python benchmarks/task3_running_speed/strides.py DATA_FOLDER

The coefficients of x = log(v / 3.5 m/s) and of its square, with a level of each person's own: those of
`gaitdynamics.features.stride_laws`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cyclopts import App

from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.stances import find_stances

app = App(help=__doc__)

#: Vertical force [body weights] from which a foot is on the ground.
_CONTACT = 0.1


@app.default
def main(data_folder: Path, *, study: str = "Fukuchi2017", split: str = "train") -> None:
    """Fit and print.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    study
        Runners at several speeds each.
    split
        Side of the split.
    """
    people: dict[str, list[tuple[float, float, float]]] = {}
    for record in Catalogue.read(data_folder).select(split=split, study=study, activity="running"):
        trial = record.load()
        assert trial.forces is not None
        assert record.speed is not None
        stances = find_stances(trial.forces.force[..., 1] >= _CONTACT * trial.body_weight)
        starts = [s.start for s in stances if s.start > 0]
        frequency = (len(starts) - 1) / (starts[-1] - starts[0]) * trial.rate / 2.0
        contact = float(np.median([s.stop - s.start for s in stances if s.complete])) / trial.rate
        people.setdefault(record.subject, []).append((record.speed, frequency, contact))
    x, levels, frequency, contact = [], [], [], []
    for number, trials in enumerate(people.values()):
        for speed, steps, lasts in trials:
            x.append(np.log(speed / 3.5))
            levels.append(np.eye(len(people))[number])
            frequency.append(np.log(steps))
            contact.append(np.log(lasts))
    design = np.column_stack([x, np.square(x), levels])
    for name, values in (("stride frequency", frequency), ("contact time", contact)):
        solution, *_ = np.linalg.lstsq(design, np.array(values), rcond=None)
        left = np.std(design @ solution - values)
        print(f"{name}: {solution[0]:+.3f} x {solution[1]:+.3f} x^2, {len(people)} people, left over {left:.3f}")


if __name__ == "__main__":
    app()
