"""Train everything that the tables of this benchmark compare: our network, its ablations and the paper's baselines.

`python benchmarks/task1_forces/train.py DATA_FOLDER --out RUNS` trains, one after the other, what the files in
`configs` say; each has the same number of steps and sees the same people. What is finished is left as it is, what was
interrupted goes on. Several computers or processes can share the work with `--only` and `--member`.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

from rich.console import Console

CONFIGS = Path(__file__).parent / "configs"


def main() -> None:
    """Train what was asked for."""
    names = sorted(file.stem for file in CONFIGS.glob("*.toml"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="data folder with manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder with one folder of weights for each")
    parser.add_argument("--only", nargs="*", default=names, choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--member", type=int, help="train this network of an ensemble only, and do not join them")
    parser.add_argument("--workers", type=int, default=1, help="processes that read trials")
    asked = parser.parse_args()
    console = Console(stderr=True)
    for name in asked.only:
        if (asked.out / name / "model.json").is_file():
            continue
        console.rule(name)
        config = tomllib.loads((CONFIGS / f"{name}.toml").read_text(encoding="utf-8"))
        train(name, config, asked, console)


def train(name: str, config: dict[str, Any], asked: argparse.Namespace, console: Console) -> None:
    """Train what one file says."""
    from gaitdynamics.training.kinetics import kinetics_settings, train_baseline, train_refinement
    from gaitdynamics.training.refiner import RefinerTraining, train_refiner
    from gaitdynamics.training.settings import checked

    kind, changes, out = config["network"], config.get("settings", {}), asked.out / name
    if kind == "foot-view":
        store = prepared(asked, config.get("rules"))
        settings = checked(RefinerTraining, changes, CONFIGS / f"{name}.toml")
        if asked.member is None:
            train_refiner(store, out, settings, resume=True, console=console)
        else:
            train_one(store, out, settings, asked.member, console)
        return
    settings = kinetics_settings(kind, **changes)
    out.mkdir(parents=True, exist_ok=True)
    if kind == "published":
        train_refinement(asked.data, out, settings, resume=True, console=console)
    else:
        train_baseline(kind, asked.data, out, settings, resume=True, console=console)


def train_one(store: Path, out: Path, settings: Any, member: int, console: Console) -> None:
    """Train one member of an ensemble."""
    from gaitdynamics.training import refiner

    source = refiner.read_source(store, settings, console)
    folder = refiner.member_folder(out, member, settings.members)
    folder.mkdir(parents=True, exist_ok=True)
    whole = refiner.fresh_refiner(source, settings)
    refiner.train_member(whole, member, source, settings, folder, resume=True)


def prepared(asked: argparse.Namespace, rules: str | None) -> Path:
    """Make the store of the refiner's samples, or find it."""
    from gaitdynamics.training.stored_samples import prepare_refiner_store

    folder: Path = asked.out / "stores" / (rules or "all")
    folder.parent.mkdir(parents=True, exist_ok=True)
    prepare_refiner_store(asked.data, folder, rules=rules, workers=asked.workers)
    return folder


if __name__ == "__main__":
    main()
