"""Time to fill the missing knees of a 1.5 s window with the published diffusion networks, on the processor.

python benchmarks/sampling/run.py --out results/sampling
"""

from __future__ import annotations

import csv
import os
import platform
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from io import StringIO
from pathlib import Path
from typing import Final

import torch
from cyclopts import App
from torch import Tensor

from gaitdynamics._version import __version__
from gaitdynamics.diffusion.inpainting import inpaint
from gaitdynamics.diffusion.sampling import FAST_PLAN, FILLING_PLAN, PUBLISHED_PLAN, SamplingPlan
from gaitdynamics.diffusion.schedules import Schedule
from gaitdynamics.files.atomic import write_text
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

app = App(help=__doc__)


@dataclass(frozen=True)
class Run:
    """One measurement: what was run, wall and processor time per window [s], share of deviation.

    `deviation` is the RMS difference of the unknown cells from the published plan in float32, as a share of their
    RMS; NaN for plans that draw noise of their own on the way.
    """

    network: str
    windows: int
    plan: str
    dtype: str
    wall_s: float
    processor_s: float
    deviation: float

    @property
    def ratio(self) -> float:
        """How many times faster than the published implementation's figure."""
        return PUBLISHED_SECONDS[self.network, self.windows] / self.wall_s


@app.default
def main(
    *,
    out: Path | None = None,
    repeats: int = 3,
    threads: int = 2,
    networks: tuple[str, ...] = ("small", "large"),
    windows: tuple[int, ...] = (1, 32),
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
        Networks to run, `small` and `large`.
    windows
        How many windows at once, 1 and 32.
    """
    torch.set_num_threads(threads)
    runs = [run for name in networks for count in windows for run in measure(name, count, repeats)]
    text = table(runs, threads)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "summary.md", text)
        write_text(out / "runs.csv", as_csv(runs))


def measure(name: str, windows: int, repeats: int) -> Iterator[Run]:
    """Measure one network at one number of windows; the first run is the one the others are compared with."""
    torch.manual_seed(0)
    network = Denoiser(NETWORKS[name])
    schedule = Schedule()
    shape = torch.Size((windows, FRAMES, network.config.channels))
    value = smooth_windows(shape)
    known = torch.ones(shape, dtype=torch.bool)
    known[..., [*FORCES, *KNEES]] = False
    # One field of noise for start and re-noising: results of different plans can then be compared.
    field = torch.randn(shape)
    reference: Tensor | None = None
    for dtype in (torch.float32, torch.bfloat16):
        for label, plan in PLANS.items():
            if dtype is not torch.float32 and (plan != PUBLISHED_PLAN or windows > 1):
                continue
            walls, processors = [], []
            for _ in range(repeats if windows == 1 else 1):
                # Included: all that depends on the diffusion times, which has to be computed once per plan.
                wall, processor = time.perf_counter(), time.process_time()
                denoise = SteppedDenoiser(network, plan.times(schedule), dtype)
                filled = inpaint(denoise, value, known, schedule, lambda _: field, plan)
                walls.append((time.perf_counter() - wall) / windows)
                processors.append((time.process_time() - processor) / windows)
            reference = filled if reference is None else reference
            yield Run(
                name,
                windows,
                label,
                str(dtype).removeprefix("torch."),
                statistics.median(walls),
                statistics.median(processors),
                deviation(filled, reference, ~known) if plan.eta == 0 else float("nan"),
            )


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
        "| network | windows | plan | type | wall [s/window] | processor [s/window] | published / wall | deviation |",
        "| --- | ---: | --- | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {run.network} | {run.windows} | {run.plan} | {run.dtype} | {run.wall_s:.3f} | {run.processor_s:.3f} "
        f"| {run.ratio:.1f} | {run.deviation:.1e} |"
        for run in runs
    ]
    note = "A load average above zero before the run means that the wall times include waiting for other programs."
    return "\n".join([*lines, "", note, ""])


def as_csv(runs: list[Run]) -> str:
    """Write every run as one row."""
    text = StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Run)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(run) for run in runs)
    return text.getvalue()


if __name__ == "__main__":
    app()
