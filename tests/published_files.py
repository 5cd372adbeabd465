"""Files laid out as the published weight files, with parameters made by rule, and files that only pretend to be."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from published_weights import denoiser_state, refinement_state

COLUMNS = 63


@contextmanager
def importable(*names: str) -> Iterator[dict[str, type]]:
    """Make empty classes importable under full names, so that they can be pickled; gone afterwards."""
    added: list[tuple[ModuleType, str]] = []
    modules = []
    classes = {}
    for full in names:
        module_name, _, name = full.rpartition(".")
        if module_name not in sys.modules:
            sys.modules[module_name] = ModuleType(module_name)
            modules.append(module_name)
        module = sys.modules[module_name]
        classes[name] = type(name, (), {"__module__": module_name})
        setattr(module, name, classes[name])
        added.append((module, name))
    try:
        yield classes
    finally:
        for module, name in added:
            delattr(module, name)
        for module_name in modules:
            del sys.modules[module_name]


def scale_and_bias(seed: int = 0, count: int = COLUMNS) -> tuple[Tensor, Tensor]:
    """What a fit to made-up training ranges gives, in single precision."""
    draw = torch.Generator().manual_seed(seed)
    low = -1 - torch.rand(count, generator=draw)
    high = 1 + torch.rand(count, generator=draw)
    scale = 20 / (high - low)
    return scale, -10 - low * scale


def save_published(
    path: Path,
    state: dict[str, Tensor],
    *,
    seed: int = 0,
    count: int = COLUMNS,
    columns: object = None,
    modules: tuple[str, str] = ("__main__", "__main__"),
    scaler_class: str = "MinMaxScaler",
    entry: str = "ema_state_dict",
    more: dict[str, Any] | None = None,
) -> Path:
    """Write a file as the published ones are."""
    with importable(f"{modules[0]}.Normalizer", f"{modules[1]}.{scaler_class}") as classes:
        scaler, normalizer = classes[scaler_class](), classes["Normalizer"]()
        scale, bias = scale_and_bias(seed, count)
        vars(scaler).update(
            feature_range=(-10, 10), copy=True, clip=True, n_samples_seen_=1000, scale_=scale, min_=bias,
            data_min_=(-10 - bias) / scale, data_max_=(10 - bias) / scale, data_range_=20 / scale,
        )  # fmt: skip
        vars(normalizer).update(scaler=scaler, cols_to_normalize=range(count) if columns is None else columns)
        torch.save({entry: OrderedDict(state), "normalizer": normalizer, **(more or {})}, path)
    return path


def tiny_diffusion_state() -> dict[str, Tensor]:
    """State of a diffusion network with one narrow block."""
    return denoiser_state(64, 1, feedforward=32)


def save_pair(folder: Path, *, refinement_seed: int = 0) -> tuple[Path, Path]:
    """Write a tiny diffusion and a refinement file."""
    folder.mkdir(exist_ok=True)
    return (
        save_published(folder / "diffusion.pt", tiny_diffusion_state()),
        save_published(folder / "refinement.pt", refinement_state(), seed=refinement_seed),
    )


def save_parts(folder: Path, state: dict[str, Tensor], count: int = 3) -> list[Path]:
    """Write a split file: parameters in order, the normalizer in the first part only."""
    names = list(state)
    parts = []
    for i in range(count):
        chunk = {name: state[name] for name in names[len(names) * i // count : len(names) * (i + 1) // count]}
        path = folder / f"Diffusion_part{i + 1}.pt"
        if i == 0:
            save_published(path, chunk)
        else:
            torch.save({"ema_state_dict": OrderedDict(chunk)}, path)
        parts.append(path)
    return parts


LFS_POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:709f7229013313b512585c35a6457155be2a7ce650a7ad08d6e2d85c04c4a260\nsize 143259205\n"
)
