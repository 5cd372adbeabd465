"""Completed motions: joints and spans of time are hidden, and generated again.

python benchmarks/task1_masks/run.py DATA_FOLDER --out results/task1_masks
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from gaitdynamics.errors import GaitError
from gaitdynamics.tasks.completion_evaluation import evaluate_completion_of_folder

app = App(help=__doc__)


@app.default
def main(
    data_folder: Path,
    *,
    out: Path,
    split: str = "test",
    weights: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    longest: float = 8.0,
    trials_per_person: int | None = None,
    processes: int = 2,
) -> None:
    """Hide, complete and compare.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv; its train split gives medians and ranges.
    out
        Folder for the results.
    split
        Side of the split; 'test' means held-out people and unseen studies.
    weights
        NAME=FOLDER: a further diffusion network; may be given several times.
    longest
        So much of each trial is looked at, in s.
    trials_per_person
        At most so many trials of each person and activity; all by default.
    processes
        Processes that share the trials, each with one thread.
    """
    named = dict(text.partition("=")[::2] for text in weights)
    files = evaluate_completion_of_folder(
        data_folder,
        out,
        split=split,
        weights=named,
        longest=longest,
        trials_per_person=trials_per_person,
        processes=processes,
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
