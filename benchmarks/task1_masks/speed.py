"""Time of completing motions: one window of 1.5 s, and a minute, with both knees hidden.

python benchmarks/task1_masks/speed.py --out results/task1_masks
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from cyclopts import App

from gaitdynamics.dataset.augmentation import without_coordinates
from gaitdynamics.files.motion import read_trial
from gaitdynamics.inference.motion_network import load_motion_network
from gaitdynamics.inference.samples import complete_with_samples
from gaitdynamics.trial import Surface, Trial

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"

app = App(help=__doc__)


@app.default
def main(*, out: Path, threads: int = 2, repeats: int = 3, seconds: tuple[float, ...] = (1.5, 60.0)) -> None:
    """Complete the example walk, cut or repeated to a length.

    Parameters
    ----------
    out
        Folder for the table.
    threads, repeats
        Threads of torch, and how often each is timed; the least is given.
    seconds
        Durations of the motions in s.
    """
    torch.set_num_threads(threads)
    network = load_motion_network()
    walk = read_trial(
        EXAMPLE / "walking.mot", model=EXAMPLE / "subject.osim", height_m=1.7, surface=Surface("treadmill", 1.25)
    )
    rows = [
        "| motion | steps | wall, network alone [s] | wall, with planted feet [s] | processor [s] |",
        "| --- | --- | --- | --- | --- |",
    ]
    for duration in seconds:
        motion = without_coordinates(_of_length(walk, duration), ["knee_angle_r", "knee_angle_l"])
        times = []
        for plant in (False, True):
            found = []
            for _ in range(repeats):
                wall, work = time.perf_counter(), time.process_time()
                complete_with_samples(motion, network, plant=plant)
                found.append((time.perf_counter() - wall, time.process_time() - work))
            times.append(min(found))
        rows.append(
            f"| {duration:g} s | 8 | {times[0][0]:.2f} | {times[1][0]:.2f} | {times[0][1]:.2f}, {times[1][1]:.2f} |"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / "speed.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print("\n".join(rows))


def _of_length(walk: Trial, seconds: float) -> Trial:
    """Cut a walk on the spot, or go on with it backwards and forwards, which keeps it continuous."""
    frames = round(seconds * walk.rate)
    forth_and_back = np.concatenate([walk.values, walk.values[-2:0:-1]])
    rows = np.arange(frames) % len(forth_and_back)
    values = forth_and_back[rows]
    values[:, walk.coordinates.index("pelvis_tx")] = 0.0
    return replace(walk, time=np.arange(frames) / walk.rate, values=values)


if __name__ == "__main__":
    app()
