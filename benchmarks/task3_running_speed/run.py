"""Generated against measured running at other speeds: every number and figure of this folder's table.

python benchmarks/task3_running_speed/run.py DATA_FOLDER --out results/task3_running_speed
"""

from __future__ import annotations

import sys

from cyclopts import App

from gaitdynamics.errors import GaitError
from gaitdynamics.what_if_cli import evaluate_speed

app = App(help=__doc__)
app.default(evaluate_speed)

if __name__ == "__main__":
    try:
        app()
    except GaitError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
