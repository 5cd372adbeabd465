"""The hip networks beside one another in speed, and our Mamba beside mambapy's in what it learns.

python benchmarks/hip/run.py --out results/hip
"""

from __future__ import annotations

import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import torch
from cyclopts import App
from mambapy.mamba import MambaBlock, MambaConfig
from torch import nn

from gaitdynamics._version import __version__
from gaitdynamics.dataset.gait2hip import folds, read_gait2hip
from gaitdynamics.evaluation.markdown import markdown_table
from gaitdynamics.files.atomic import write_text
from gaitdynamics.networks.hip import HipConfig, HipMamba, make_hip_network
from gaitdynamics.training.hip import HipTraining, Scale, train_epochs

sys.path.append(str(Path(__file__).parents[2] / "tests"))
from hip_data import save

app = App(help=__doc__)


@app.default
def main(
    *, out: Path = Path("results/hip"), epochs: int = 20, repeats: int = 7, seed: int = 0, weights: Path | None = None
) -> None:
    """Measure, and write `summary.md`.

    Parameters
    ----------
    out
        Folder for the table.
    epochs
        Of training.
    repeats
        Forward passes of each network; the median counts.
    seed
        Of parameters, data and dropout.
    weights
        Folder of imported networks; with it the whole command `hip` is timed too.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    times = _forward_times(repeats)
    losses = _losses(out, epochs, seed)
    ours, theirs = losses["this package"][0], losses["mambapy"][0]
    lines = [
        "# Hip networks",
        "",
        f"gaitdynamics {__version__}, torch {version('torch')}, mambapy {version('mambapy')}, one thread, "
        f"{platform.machine()} ({platform.system()})",
        "",
        "## Forward pass of 64 sequences of 180 samples",
        "",
        markdown_table(
            ["network", "processor time [s]", "times the transformer's"],
            [[name, f"{value:.3f}", f"{value / times['transformer']:.2f}"] for name, value in times.items()],
        ),
        "## Mamba trained on made-up data",
        "",
        f"The same first parameters, batches and dropout; {epochs} epochs, learning rate 1e-3, 240 trials of 60",
        "samples.",
        "",
        markdown_table(
            ["Mamba of", "best validation loss", "processor time [s]"],
            [[name, f"{loss:.5f}", f"{seconds:.0f}"] for name, (loss, seconds) in losses.items()],
        ),
        f"Losses differ by {100 * abs(ours - theirs) / theirs:.3f} %.",
        "",
    ]
    if weights is not None:
        lines += ["## The command `hip` on ten seconds of walking", "", _command(weights, out, repeats)]
    write_text(out / "summary.md", "\n".join(lines))
    print("\n".join(lines))


def _forward_times(repeats: int) -> dict[str, float]:
    networks = {name: make_hip_network(HipConfig(name, 10, 14)).eval() for name in ("transformer", "mamba", "lstm")}
    x = torch.randn(64, 180, 10)
    taken: dict[str, list[float]] = {name: [] for name in networks}
    with torch.inference_mode():
        # In turn, so that what else the machine does meets all alike.
        for _ in range(repeats + 1):
            for name, network in networks.items():
                start = time.process_time()
                network(x)
                taken[name].append(time.process_time() - start)
    return {name: statistics.median(values[1:]) for name, values in taken.items()}


def _command(weights: Path, out: Path, repeats: int) -> str:
    """Run the command in new processes, start-up included; both sides, with tables and picture."""
    motion = Path(__file__).parents[2] / "examples" / "walking" / "walking.mot"
    arguments = ["-m", "gaitdynamics", "hip", str(motion), "--mass", "70", "--weights", str(weights)]
    wall, used = [], []
    for _ in range(repeats + 1):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, *arguments, "--out", str(out / "command")], check=True, capture_output=True)
        wall.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    rows = [
        [name, f"{min(values[1:]):.2f}", f"{statistics.median(values[1:]):.2f}"]
        for name, values in (("wall", wall), ("processor", used))
    ]
    return markdown_table(["time [s]", "least", "median"], rows)


def _losses(out: Path, epochs: int, seed: int) -> dict[str, tuple[float, float]]:
    """Train both; best validation loss and processor time [s] of each."""
    data = read_gait2hip(save(out / "made_up.npz", "joint_moments", people=40, per_cadence=2, samples=60, seed=seed))
    train, validation = (data.take(part) for part in folds(data.subject)[0])
    scale = Scale.of(train.angles)
    pairs = [(scale.tensor(part.angles), torch.from_numpy(part.outputs).float()) for part in (train, validation)]
    settings = HipTraining(network="mamba", samples=60, batch=32, learning_rate=1e-3, epochs=epochs, seed=seed)
    torch.manual_seed(seed)
    first = HipMamba(HipConfig("mamba", 10, 3, frames=60)).state_dict()
    found = {}
    for name in ("this package", "mambapy"):
        network = HipMamba(HipConfig("mamba", 10, 3, frames=60))
        if name == "mambapy":
            network.blocks = nn.ModuleList(MambaBlock(MambaConfig(d_model=128, n_layers=1)) for _ in range(2))
        network.load_state_dict(first)
        torch.manual_seed(seed)
        start = time.process_time()
        run = train_epochs(network, *pairs[0], settings, validation=pairs[1])
        found[name] = (min(run.validation_loss), time.process_time() - start)
    return found


if __name__ == "__main__":
    app()
