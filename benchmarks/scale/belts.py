"""How well belt speeds are found from loaded feet, on treadmills whose speed is on record.

python benchmarks/scale/belts.py DATA_FOLDER
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from cyclopts import App

from gaitdynamics.dataset import Catalogue
from gaitdynamics.dataset.belt import find_belt_speed
from gaitdynamics.trial import Surface

app = App(help=__doc__)


@app.default
def main(data: Path) -> None:
    """Print the errors, found minus on record, by study and speed; of splits 'train' and 'val'."""
    errors: dict[tuple[str, float], list[float]] = {}
    for record in Catalogue.read(data).select(split=("train", "val")):
        if record.surface.kind == "treadmill" and record.activity in ("walking", "running"):
            trial = replace(record.load(), surface=Surface())
            belt = record.surface.belt_speed
            errors.setdefault((record.study, round(belt, 1)), []).append(find_belt_speed(trial) - belt)
    print("| study | belt [m/s] | trials | mean error [m/s] | standard deviation | largest |")
    print("|---|---|---|---|---|---|")
    every = [error for of in errors.values() for error in of]
    for (study, belt), of in [*sorted(errors.items()), (("all", float("nan")), every)]:
        row = (f"{np.mean(of):+.3f}", f"{np.std(of):.3f}", f"{np.abs(of).max():.3f}")
        print(f"| {study} | {belt:.1f} | {len(of)} | {' | '.join(row)} |")


if __name__ == "__main__":
    app()
