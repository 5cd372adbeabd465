"""Speed of the skeleton: frames per second of forward kinematics and of motion, beside OpenSim's own.

python benchmarks/kinematics/run.py --out results/kinematics
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from cyclopts import App
from numpy.typing import NDArray

from gaitdynamics._version import __version__
from gaitdynamics.body.dynamics import inverse_dynamics
from gaitdynamics.body.generic import generic_model
from gaitdynamics.body.skeleton import Skeleton
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.osim_writer import write_osim
from gaitdynamics.model import Model

Array = NDArray[np.float64]

app = App(help=__doc__)


@app.default
def main(*, out: Path | None = None, frames: int = 4096, repeats: int = 7, threads: int = 1) -> None:
    """Time the packaged 23-coordinate skeleton on random poses, all frames in one batch.

    Parameters
    ----------
    out
        Folder for summary.md and configuration.json; without it the table is printed only.
    frames
        Size of the batch.
    repeats
        How often each is timed; the median counts.
    threads
        Threads that torch may use; OpenSim uses one. More than one helps only on cores that nothing else uses.
    """
    torch.set_num_threads(threads)
    model = generic_model()
    skeleton = Skeleton(model)
    count = len(skeleton.coordinates)
    q, qd, qdd = (torch.tensor(rows) for rows in np.random.default_rng(0).uniform(-0.5, 0.5, (3, frames, count)))
    with torch.inference_mode():
        speeds = {
            "forward kinematics (`pose`)": frames / median_time(lambda: skeleton.pose(q), repeats),
            "with velocities and accelerations (`motion`)": frames
            / median_time(lambda: skeleton.motion(q, qd, qdd), repeats),
            "with inverse dynamics": frames
            / median_time(lambda: inverse_dynamics(skeleton, skeleton.motion(q, qd, qdd)), repeats),
        }
    theirs = opensim_speed(model, q.numpy()[:1000], repeats)
    text = table(speeds, theirs)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "summary.md", text)
        configuration = {
            "version": __version__,
            "torch": torch.__version__,
            "processor": platform.processor() or platform.machine(),
            "threads": threads,
            "frames": frames,
            "repeats": repeats,
            "coordinates": count,
            "bodies": len(model.bodies),
        }
        write_text(out / "configuration.json", json.dumps(configuration, indent=2) + "\n")


def median_time(run: Callable[[], object], repeats: int) -> float:
    """Time a call [s]: the median of several, after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def opensim_speed(model: Model, q: Array, repeats: int) -> float | None:
    """Frames per second of OpenSim's realizePosition from Python; None where OpenSim is not installed.

    All coordinates are set at once through the state's vector; reading the bodies' places is not counted.
    """
    try:
        import opensim
    except ImportError:
        return None
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Off")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.osim"
        write_osim(path, model)
        theirs = opensim.Model(str(path))
        state = theirs.initSystem()
    rows = [opensim.Vector([float(value) for value in row]) for row in q]

    def loop() -> None:
        for row in rows:
            state.setQ(row)
            theirs.realizePosition(state)

    return len(q) / median_time(loop, repeats)


def table(speeds: dict[str, float], theirs: float | None) -> str:
    """Lay out the result as Markdown."""
    lines = ["| computation | frames/s | ratio to OpenSim |", "| --- | ---: | ---: |"]
    for name, speed in speeds.items():
        lines.append(f"| {name} | {speed:,.0f} | {f'{speed / theirs:.1f}' if theirs else '-'} |")
    if theirs:
        lines.append(f"| OpenSim, `realizePosition` from Python | {theirs:,.0f} | 1 |")
    else:
        lines.append("| OpenSim | not installed | |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app()
