"""Estimated against measured ground reaction forces: every number and figure of this folder's table.

python benchmarks/forces/run.py DATA_FOLDER --out results/forces
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console

from gaitdynamics.errors import GaitError
from gaitdynamics.tasks.force_evaluation import METHODS, evaluate_folder

app = App(help=__doc__)


@app.default
def main(
    data_folder: Path,
    *,
    out: Path,
    split: str = "test",
    method: Annotated[tuple[str, ...], Parameter(negative=())] = tuple(METHODS),
    protocol: Literal["both_feet", "paper"] = "both_feet",
    weights: str | None = None,
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
        Method to score; may be given several times. All by default.
    protocol
        'both_feet', or 'paper': left foot and whole gait cycles only.
    weights
        Trained weights: a name, or a folder.
    """
    files = evaluate_folder(
        data_folder,
        out,
        split=split,
        methods=method,
        weights=weights,
        protocol=protocol,
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
