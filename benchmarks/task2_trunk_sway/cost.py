"""What a guided modification of one window of 1.5 s costs: seconds on the clock, and of one core.

python benchmarks/task2_trunk_sway/cost.py

The example walk, sway of the trunk times 2.5; all of it: sampling, balance, forces of both origins, moments. Beside it,
in the same run, the paper's sampler: 50 steps with 5 gradient steps each, one sample.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch
from cyclopts import App

import gaitdynamics as gd
from gaitdynamics.inference.motion_network import load_motion_network
from gaitdynamics.inference.steering import FAST_STEERING, PAPER_STEERING
from gaitdynamics.tasks.generated import measured_motion
from gaitdynamics.tasks.modification import Change, modify_motion

app = App(help=__doc__)

_EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"
_FRAMES = 150


@app.default
def main(*, weights: str | None = None, threads: int = 1, repeats: int = 3) -> None:
    """Measure and print the least of several repeats.

    Parameters
    ----------
    weights
        Of the diffusion network.
    threads
        Of torch.
    repeats
        How often.
    """
    torch.set_num_threads(threads)
    surface = gd.Surface("overground")
    walk = gd.read_trial(_EXAMPLE / "walking.mot", model=_EXAMPLE / "subject.osim", height_m=1.72, surface=surface)
    window = replace(walk, time=walk.time[:_FRAMES], values=walk.values[:_FRAMES])
    network = load_motion_network(weights)
    before = measured_motion(window)
    ways = {
        "ours (pair of samples, balance)": {"plan": FAST_STEERING},
        "one sample, no balance": {"plan": FAST_STEERING, "paired": False, "balanced": False},
        "one sample by the paper's sampler, no balance": {"plan": PAPER_STEERING, "paired": False, "balanced": False},
    }
    for name, settings in ways.items():
        clock, core = [], []
        for _ in range(repeats):
            began, used = time.perf_counter(), time.process_time()
            modify_motion(window, [Change("lumbar_bending", 2.5)], network, before=before, **settings)
            clock.append(time.perf_counter() - began)
            core.append(time.process_time() - used)
        print(f"{name}: {min(clock):.2f} s on the clock, {min(core):.2f} s of cores")


if __name__ == "__main__":
    app()
