"""State dictionaries of the published networks' shapes with parameters made by a rule, and what they then give.

The vectors in data/published_network_vectors.json are facts about the published networks with these parameters, this
input and these diffusion times. Names and shapes are written out here, not taken from our networks, so that they
check them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

Shape = tuple[int, ...]


@cache
def published_vectors() -> dict[str, Any]:
    """All vectors, by name."""
    return json.loads((Path(__file__).parent / "data" / "published_network_vectors.json").read_text())


def synthetic_state(shapes: dict[str, Shape]) -> dict[str, Tensor]:
    """Parameters by the rule: waves of the flat index, with a phase from the bytes of the name."""
    state = {}
    for name, shape in shapes.items():
        count = torch.Size(shape).numel()
        wave = torch.sin(0.37 * torch.arange(count, dtype=torch.float64) + 0.01 * sum(name.encode()))
        if len(shape) >= 2:
            value = 0.05 * wave
        elif "norm" in name and name.endswith("weight"):
            value = 1 + 0.1 * wave
        else:
            value = 0.02 * wave
        state[name] = value.to(torch.float32).reshape(shape)
    return state


def denoiser_state(width: int, blocks: int, channels: int = 63, feedforward: int = 1024) -> dict[str, Tensor]:
    """State of a published denoiser, with the parameters and tables that have no effect."""
    shapes: dict[str, Shape] = {
        **_affine("time_mlp.1", 4 * width, width),
        **_affine("to_time_cond.0", width, 4 * width),
        **_affine("input_projection", width, channels),
        **_affine("final_layer", channels, width),
    }
    for i in range(blocks):
        block = f"seqTransDecoder.stack.{i}"
        shapes |= _attention(f"{block}.self_attn", width) | _attention(f"{block}.multihead_attn", width)
        shapes |= _affine(f"{block}.linear1", feedforward, width) | _affine(f"{block}.linear2", width, feedforward)
        for norm in ("norm1", "norm3"):
            shapes |= {f"{block}.{norm}.weight": (width,), f"{block}.{norm}.bias": (width,)}
        shapes |= _affine(f"{block}.film1.block.1", 2 * width, width)
        shapes |= _affine(f"{block}.film3.block.1", 2 * width, width)
    tables = ["rotary.freqs", *(f"seqTransDecoder.stack.{i}.rotary.freqs" for i in range(blocks))]
    return synthetic_state(shapes) | dict.fromkeys(tables, torch.zeros(width // 2))


def refinement_state() -> dict[str, Tensor]:
    """State of the published refinement encoder."""
    shapes = _affine("input_to_embedding", 192, 51) | _affine("embedding_to_output", 12, 192)
    for i in range(6):
        layer = f"encoder_layers.{i}"
        shapes |= _attention(f"{layer}.self_attn", 192)
        shapes |= _affine(f"{layer}.feed_forward.fc1", 512, 192) | _affine(f"{layer}.feed_forward.fc2", 192, 512)
        for norm in ("norm1", "norm2"):
            shapes |= {f"{layer}.{norm}.weight": (192,), f"{layer}.{norm}.bias": (192,)}
    return synthetic_state(shapes) | {f"encoder_layers.{i}.rotary.freqs": torch.zeros(96) for i in range(6)}


def baseline_state(name: str) -> dict[str, Tensor]:
    """State of a baseline, `groundlink` or `sugai`, whose names and shapes come with the vectors."""
    return synthetic_state({key: tuple(shape) for key, shape in published_vectors()[name]["shapes"].items()})


def effective_count(state: dict[str, Tensor]) -> int:
    """Parameters that have an effect."""
    return sum(t.numel() for name, t in state.items() if "multihead_attn" not in name and "rotary" not in name)


def parameter_count(state: dict[str, Tensor]) -> int:
    """All parameters, tables not counted."""
    return sum(tensor.numel() for name, tensor in state.items() if "rotary" not in name)


def input_wave(batch: int, channels: int, frames: int = 150) -> Tensor:
    """The input of the vectors: (batch, frames, channels)."""
    b = torch.arange(batch, dtype=torch.float64)[:, None, None]
    t = torch.arange(frames, dtype=torch.float64)[:, None]
    c = torch.arange(channels, dtype=torch.float64)
    return (3 * torch.sin(0.05 * t + 0.3 * c + b)).to(torch.float32)


def deviations(result: Tensor, name: str) -> Iterator[tuple[str, float, float]]:
    """Each stored number of vector `name`: what it is, as stored, as found."""
    vector = published_vectors()[name]
    double = result.double()
    yield "mean", vector["mean"], double.mean().item()
    yield "std", vector["std"], double.std(correction=0).item()
    yield "abs_sum", vector["abs_sum"], double.abs().sum().item()
    for place, value in vector["probe"].items():
        b, t, c = map(int, place.split(","))
        yield f"probe {place}", value, double[b, t, c].item()


def _affine(name: str, wide_out: int, wide_in: int) -> dict[str, Shape]:
    return {f"{name}.weight": (wide_out, wide_in), f"{name}.bias": (wide_out,)}


def _attention(name: str, width: int) -> dict[str, Shape]:
    return {
        f"{name}.in_proj_weight": (3 * width, width),
        f"{name}.in_proj_bias": (3 * width,),
        **_affine(f"{name}.out_proj", width, width),
    }
