"""Time to fill the missing knees of a 1.5 s window with the published diffusion networks, on the processor.

python benchmarks/sampling/run.py --out results/sampling [--weights PAIR --data DATA_FOLDER]
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch
from cyclopts import App
from plain import PlainDenoiser
from torch import Tensor

from gaitdynamics._version import __version__
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.diffusion.inpainting import inpaint
from gaitdynamics.diffusion.sampling import FAST_PLAN, FILLING_PLAN, PUBLISHED_PLAN, Denoise, SamplingPlan
from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.files.atomic import write_text
from gaitdynamics.inference.published_checkpoint import PublishedWeights, load_published
from gaitdynamics.networks.denoiser import LARGE, SMALL, Denoiser, SteppedDenoiser

FRAMES: Final = 150

#: Columns of a published window that are forces, and those of the knees: unknown here.
FORCES: Final = range(9, 21)
KNEES: Final = (3, 6, 57, 60)

NETWORKS: Final = {"small": SMALL, "large": LARGE}

#: Seconds per window of the published implementation in 50 steps, by network and windows at once: measured once on
#: two cores of an AMD EPYC (Milan) with torch 2.13, float32, the machine being otherwise idle.
PUBLISHED_SECONDS: Final = {("small", 1): 0.67, ("small", 32): 0.56, ("large", 1): 2.9, ("large", 32): 2.3}

PLANS: Final = {
    "ddim 50 (as published)": PUBLISHED_PLAN,
    f"dpm_solver_2m {FAST_PLAN.steps}": FAST_PLAN,
    "dpm_solver_2m 10": SamplingPlan("dpm_solver_2m", 10),
    f"filling ({FILLING_PLAN.steps} steps, {FILLING_PLAN.repeats} times)": FILLING_PLAN,
}

#: The network as one would first write it, see `plain`.
PLAIN: Final = "plain PyTorch, ddim 50"

app = App(help=__doc__)


@dataclass(frozen=True)
class Task:
    """What is sampled: a network, and windows (B, T, C) of which some cells are known."""

    name: str
    network: Denoiser
    schedule: Schedule
    value: Tensor


@dataclass(frozen=True)
class Run:
    """One measurement: what was run, wall and processor time per window [s], share of deviation.

    `plain_wall_s` is the wall time of the plain network in the same run of this program. `deviation` is the RMS
    difference of the unknown cells from 50 steps in float32, as a share of their RMS; NaN for plans that draw noise of
    their own on the way.
    """

    network: str
    windows: int
    plan: str
    dtype: str
    wall_s: float
    processor_s: float
    plain_wall_s: float
    deviation: float

    @property
    def ratio(self) -> float:
        """How many times faster than the published implementation's figure; NaN where there is none."""
        return PUBLISHED_SECONDS.get((self.network, self.windows), float("nan")) / self.wall_s


@app.default
def main(
    *,
    out: Path | None = None,
    repeats: int = 3,
    threads: int = 2,
    networks: tuple[str, ...] = ("small", "large"),
    windows: tuple[int, ...] = (1, 32),
    weights: Path | None = None,
    data: Path | None = None,
) -> None:
    """Fill windows with each network, plan and floating-point type.

    Parameters
    ----------
    out
        Folder for summary.md and runs.csv; without it the table is printed only.
    repeats
        How often a single window is filled; the median counts. Several at once are filled once.
    threads
        Threads of torch.
    networks
        Networks with random weights to run, `small` and `large`.
    windows
        How many windows at once, 1 and 32.
    weights
        Folder of a pair whose diffusion network is run too. Only there deviations say something of the solvers.
    data
        Data folder from whose validation people the windows for `weights` are taken.
    """
    torch.set_num_threads(threads)
    runs = []
    for count in windows:
        for name in networks:
            torch.manual_seed(0)
            network = Denoiser(NETWORKS[name])
            value = smooth_windows(torch.Size((count, FRAMES, network.config.channels)))
            runs += measure(Task(name, network, Schedule(), value), repeats)
        if weights is not None and data is not None:
            pair = load_published(weights)
            value = recorded_windows(data, pair, count)
            runs += measure(Task("trained", pair.denoiser, Schedule(pair.description.schedule), value), repeats)
    text = table(runs, threads)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "summary.md", text)
        write_text(out / "runs.csv", pd.DataFrame(runs).to_csv(index=False, lineterminator="\n"))


def measure(task: Task, repeats: int) -> Iterator[Run]:
    """Measure one network; the first run is the one the others are compared with."""
    windows = len(task.value)
    known = torch.ones(task.value.shape, dtype=torch.bool)
    known[..., [*FORCES, *KNEES]] = False
    # One field of noise for start and re-noising: results of different plans can then be compared.
    torch.manual_seed(1)
    field = torch.randn(task.value.shape)

    def timed(plan: SamplingPlan, make: Callable[[], Denoise]) -> tuple[Tensor, float, float]:
        walls, processors = [], []
        for _ in range(repeats if windows == 1 else 1):
            # Included: all that depends on the diffusion times, which has to be computed once per plan.
            wall, processor = time.perf_counter(), time.process_time()
            filled = inpaint(make(), task.value, known, task.schedule, lambda _: field, plan)
            walls.append((time.perf_counter() - wall) / windows)
            processors.append((time.process_time() - processor) / windows)
        return filled, statistics.median(walls), statistics.median(processors)

    plain = PlainDenoiser(task.network)
    reference, plain_wall, processor = timed(PUBLISHED_PLAN, lambda: plain)
    yield Run(task.name, windows, PLAIN, "float32", plain_wall, processor, plain_wall, 0.0)
    for dtype in (torch.float32, torch.bfloat16):
        for label, plan in PLANS.items():
            if dtype is not torch.float32 and (plan != PUBLISHED_PLAN or windows > 1):
                continue
            times = plan.times(task.schedule)
            filled, wall, processor = timed(plan, partial(SteppedDenoiser, task.network, times, dtype))
            off = deviation(filled, reference, ~known) if plan.eta == 0 else float("nan")
            kind = str(dtype).removeprefix("torch.")
            yield Run(task.name, windows, label, kind, wall, processor, plain_wall, off)


def recorded_windows(data: Path, pair: PublishedWeights, count: int) -> Tensor:
    """Cut windows (count, T, C) from trials of the validation people, normalised; unmeasured columns are zero."""
    cuts: list[Tensor] = []
    for record in Catalogue.read(data).select(split="val"):
        trial = record.load()
        if trial.subject.height_m is None or trial.time[-1] - trial.time[0] < FRAMES / PUBLISHED_63.rate:
            continue
        columns = columns_of_trial(trial)
        scaled = pair.diffusion_scaler.to_scaled(columns.values)
        scaled[:, columns.missing] = 0.0
        starts = range(0, len(scaled) - FRAMES + 1, FRAMES // 2)
        cuts += [torch.from_numpy(scaled[start : start + FRAMES].astype(np.float32)) for start in starts]
        if len(cuts) >= count:
            return torch.stack(cuts[:count])
    raise SystemExit(f"{data} holds fewer than {count} windows of validation people whose height is known")


def smooth_windows(shape: torch.Size) -> Tensor:
    """Make windows of sine waves, in the size of normalised gait."""
    b, t, c = (torch.arange(n, dtype=torch.float32) for n in shape)
    return 3 * torch.sin(0.05 * t[:, None] + 0.3 * c + b[:, None, None])


def deviation(filled: Tensor, reference: Tensor, unknown: Tensor) -> float:
    """RMS difference of the unknown cells as a share of their RMS."""
    difference = (filled - reference)[unknown].square().mean().sqrt()
    return float(difference / reference[unknown].square().mean().sqrt())


def table(runs: list[Run], threads: int) -> str:
    """Lay out the runs as Markdown."""
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    lines = [
        f"gaitdynamics {__version__}, torch {torch.__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {threads} threads{load}.",
        "",
        "| network | windows | plan | type | wall [s/window] | processor [s/window] | plain / wall | published / wall "
        "| deviation |",
        "| --- | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {run.network} | {run.windows} | {run.plan} | {run.dtype} | {run.wall_s:.3f} | {run.processor_s:.3f} "
        f"| {run.plain_wall_s / run.wall_s:.2f} | {run.ratio:.2f} | {run.deviation:.1e} |"
        for run in runs
    ]
    note = "A load average above zero before the run means that the wall times include waiting for other programs."
    return "\n".join([*lines, "", note, ""])


if __name__ == "__main__":
    app()
