"""Generated motions against recorded ones: gait, forces, physics, and whether they are new.

python benchmarks/generation/run.py DATA_FOLDER --out results/generation
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from gaitdynamics.errors import GaitError
from gaitdynamics.tasks.generation_evaluation import evaluate_generation

app = App(help=__doc__)


@app.default
def main(
    data_folder: Path,
    *,
    out: Path,
    speed: Annotated[tuple[float, ...], Parameter(negative=())] = (0.8, 1.2, 1.6, 2.5, 3.5, 4.5),
    count: int = 20,
    seconds: float = 4.0,
    split: str = "val",
    weights: str | None = None,
    seed: int = 0,
) -> None:
    """Generate, measure and compare.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    out
        Folder for the results.
    speed
        Speeds in m/s; may be given several times.
    count, seconds
        Motions of each speed, and their duration in s.
    split
        Recorded trials to compare with.
    weights
        Of the diffusion network, if not those of the package.
    seed
        Of the random numbers.
    """
    files = evaluate_generation(
        data_folder,
        out,
        speeds=speed,
        count=count,
        seconds=seconds,
        split=split,
        weights=weights,
        seed=seed,
        console=Console(stderr=True),
    )
    print((out / "summary.md").read_text(encoding="utf-8"))
    print(f"{len(files)} files in {out}")


if __name__ == "__main__":
    try:
        app()
    except GaitError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
