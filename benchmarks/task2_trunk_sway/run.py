"""Generated against measured trunk sway: every number and figure of this folder's table.

python benchmarks/task2_trunk_sway/run.py DATA_FOLDER --out results/task2_trunk_sway
"""

from __future__ import annotations

import sys

from cyclopts import App

from gaitdynamics.errors import GaitError
from gaitdynamics.what_if_cli import evaluate_sway

app = App(help=__doc__)
app.default(evaluate_sway)

if __name__ == "__main__":
    try:
        app()
    except GaitError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
