"""Estimated against measured ground reaction forces: every number and figure of this folder's table.

python benchmarks/task1_forces/run.py DATA_FOLDER --out results/task1_forces
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from gaitdynamics.errors import GaitError
from gaitdynamics.tasks.force_evaluation import evaluate_folder
from gaitdynamics.tasks.force_methods import BUILT_IN, REFINER
from gaitdynamics.tasks.force_robustness import evaluate_robustness_of_folder

app = App(help=__doc__)


@app.default
def main(
    data_folder: Path,
    *,
    out: Path,
    split: str = "test",
    method: Annotated[tuple[str, ...], Parameter(negative=())] = BUILT_IN,
    weights: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    robustness: bool = True,
    processes: int = 2,
) -> None:
    """Score methods on a data folder and write tables and figures.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv.
    out
        Folder for the results.
    split
        Side of the split; 'test' means held-out people and unseen studies.
    method
        Built-in method to score; may be given several times. All by default.
    weights
        NAME=FOLDER: a further method of that name, with these weights; may be given several times. A folder or name
        without NAME= replaces the weights of 'refiner'.
    robustness
        Whether to find out how the errors of 'refiner' grow with worse input, too.
    processes
        Processes that share the trials, each with one thread.
    """
    console = Console(stderr=True)
    files = evaluate_folder(
        data_folder, out, split=split, methods=method, weights=weights, processes=processes, console=console
    )
    if robustness and REFINER in method:
        own = [text for text in weights if "=" not in text]
        files += evaluate_robustness_of_folder(
            data_folder, out, split=split, weights=own, processes=processes, console=console
        )
    print((out / "summary.md").read_text(encoding="utf-8"))
    print(f"{len(files)} files in {out}")


if __name__ == "__main__":
    try:
        app()
    except GaitError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
