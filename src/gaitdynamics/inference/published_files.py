"""The published weight files (.pt): which network, which column scaler, which release.

Facts: a file is a dictionary with a state (`ema_state_dict`) and a `normalizer`, whose class is of the program that
wrote it. The normalizer maps every one of the 63 columns by `x * scale_ + min_`. The published demonstration splits
the diffusion file into three, parameters in order, the normalizer in the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.inference.torch_files import read_torch_file
from gaitdynamics.networks.denoiser import Denoiser
from gaitdynamics.networks.published_state import (
    denoiser_from_published_state,
    effective_state,
    refinement_encoder_from_published_state,
)
from gaitdynamics.networks.refinement_encoder import RefinementEncoder

Kind = Literal["diffusion", "refinement"]
Network = TypeVar("Network", bound=nn.Module)

#: Released files by SHA-256, and what they are.
RELEASES: Final = {
    "709f7229013313b512585c35a6457155be2a7ce650a7ad08d6e2d85c04c4a260": "diffusion, large (since January 2026)",
    "b2cc83663e0c7b03e8bfa29d924051adedd6cef936e362ef6616b77ac7e861c6": "diffusion, small (as in the paper)",
    "34a659ce485ea48eb11e1400dac53c46892e1487bcf347c16c529c463dd011fb": "refinement (as in the paper)",
}

#: The normalizer was pickled by a script, by the training program, or by an old version of that.
_CLASSES: Final = tuple(
    f"{module}.{name}"
    for modules, name in (
        (("__main__", "data.preprocess"), "Normalizer"),
        (("__main__", "data.scaler"), "MinMaxScaler"),
        (("__main__", "data.scaler"), "StandardScaler"),
    )
    for module in modules
)

#: One parameter of each published network that no other has.
_MARKS: Final = {
    "input_projection.weight": "diffusion",
    "input_to_embedding.weight": "refinement",
    "cnn_layers.1.weight": "convolutional baseline",
    "hidden1.weight_ih_l0": "recurrent baseline",
}

_PART: Final = re.compile(r"^(?P<stem>.+_part)(?P<number>\d+)(?P<suffix>\.pt)$")
_PARTS: Final = 3

#: Well above any released network; more, claimed by a small file, could fill the memory.
_MOST_BLOCKS: Final = 32
_MOST_WIDTH: Final = 1024
_MOST_HIDDEN: Final = 8192


class SourceFile(BaseModel):
    """A file that weights were read from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class PublishedFile(Generic[Network]):
    """What one published file, or its parts together, hold.

    Attributes
    ----------
    network
        In evaluation mode.
    scaler
        Of all 63 columns.
    sources
        The file, or its parts in order.
    release
        Which release it is; None for a file that is not a released one byte by byte.
    averaged
        Whether the parameters are the moving average over the training steps, as released; else the last step's.
    """

    network: Network
    scaler: ColumnScaler
    sources: tuple[SourceFile, ...]
    release: str | None
    averaged: bool


def read_diffusion_file(path: Path) -> PublishedFile[Denoiser]:
    """Read a published diffusion file.

    Parameters
    ----------
    path
        The file, or any part of a split one: the others are expected beside it.

    Raises
    ------
    UserInputError
        It cannot be used; the message says why. Nothing that it holds is run.
    """
    return _read(path, "diffusion", _denoiser)


def read_refinement_file(path: Path) -> PublishedFile[RefinementEncoder]:
    """Read a published refinement file; otherwise as `read_diffusion_file`."""
    return _read(path, "refinement", _refinement_encoder)


def _read(path: Path, kind: Kind, build: Callable[[dict[str, Tensor]], Network]) -> PublishedFile[Network]:
    parts = _parts(path)
    contents = [_content(part) for part in parts]
    averaged = "ema_state_dict" in contents[0]
    named = [_state(content, part) for content, part in zip(contents, parts, strict=True)]
    state = effective_state({name: tensor for entries in named for name, tensor in entries.items()})
    _check_kind(state, kind, path)
    check_tensors(state, parts, path)
    try:
        network = build(state)
    except UserInputError as error:
        raise FileFormatError(
            f"not the {kind} network: {mismatches(error.problem)}",
            file=path,
            remedy="give a file of a released version, all of it",
        ) from error
    scaler = _scaler(contents[0].get("normalizer"), parts[0])
    sources = tuple(
        SourceFile(name=part.name, size_bytes=part.stat().st_size, sha256=file_sha256(part)) for part in parts
    )
    release = RELEASES.get(sources[0].sha256) if len(sources) == 1 else None
    return PublishedFile(network, scaler, sources, release, averaged)


def _parts(path: Path) -> list[Path]:
    found = _PART.match(path.name)
    if not found:
        return [path]
    beside: dict[int, Path] = {}
    for file in path.parent.iterdir() if path.parent.is_dir() else ():
        match = _PART.match(file.name)
        if match and (match["stem"], match["suffix"]) == (found["stem"], found["suffix"]):
            beside[int(match["number"])] = file
    numbers = range(1, max(_PARTS, *beside, 0) + 1) if len(beside) < 100 else range(1, _PARTS + 1)
    missing = [f"{found['stem']}{number}{found['suffix']}" for number in numbers if number not in beside]
    if missing:
        raise FileFormatError(
            f"one part of a split file; beside it are missing: {', '.join(missing[:10])}",
            file=path,
            remedy="put all parts into one folder and name any of them",
        )
    return [beside[number] for number in numbers]


def _content(path: Path) -> dict[str, Any]:
    content = read_torch_file(path, _CLASSES)
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise FileFormatError(
            f"holds a {type(content).__name__}, not a dictionary with weights",
            file=path,
            remedy="give the .pt file as it was published",
        )
    return content


def _state(content: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    # Files of the training program hold the parameters of the last step too; the average is what was released.
    state: object = content.get("ema_state_dict", content.get("model_state_dict"))
    if state is None:
        state = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    if not isinstance(state, dict) or not state:
        raise FileFormatError(
            f"no weights in it: 'ema_state_dict' was expected, found are {_listed(content) or 'no entries'}",
            file=path,
            remedy="give the .pt file as it was published",
        )
    for name, tensor in state.items():
        if not isinstance(name, str) or not is_plain(tensor):
            raise FileFormatError(f"entry '{name}' of its weights is no tensor of real numbers", file=path)
    return state


def is_plain(value: object) -> bool:
    """Tell whether something is a tensor of real numbers on the processor, and nothing more."""
    return (
        isinstance(value, Tensor)
        and type(value) in (Tensor, nn.Parameter)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and value.dtype.is_floating_point
    )


def _check_kind(state: Mapping[str, Tensor], kind: Kind, path: Path) -> None:
    found = next((name for mark, name in _MARKS.items() if mark in state), None)
    if found == kind:
        return
    if found is None:
        raise FileFormatError(
            f"not the {kind} network: expected are parameters such as "
            f"'{next(mark for mark, name in _MARKS.items() if name == kind)}', found are {_listed(state)}",
            file=path,
            remedy="give the .pt file as it was published, all parts of it",
        )
    raise FileFormatError(
        f"this is the {found} network; the {kind} network was expected here",
        file=path,
        remedy="give first the diffusion file, then the refinement file",
    )


def check_tensors(state: Mapping[str, Tensor], parts: list[Path], path: Path) -> None:
    """Check that parameters are finite and no larger than their files; raises `FileFormatError`."""
    # Sizes first: shapes are claims, and a small file can claim more than the memory holds.
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    if claimed > sum(part.stat().st_size for part in parts):
        raise FileFormatError(
            f"damaged: its parameters claim {claimed:,} bytes, more than the file has",
            file=path,
            remedy="download it again",
        )
    for name, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise FileFormatError(
                f"parameter '{name}' has values that are not finite",
                file=path,
                remedy="download it again; if they stay, the training that made it had failed",
            )


def _denoiser(state: dict[str, Tensor]) -> Denoiser:
    width = _width(state, "input_projection.weight", channels=len(PUBLISHED_63.columns), multiple=64)
    _check_blocks(state, "seqTransDecoder.stack", "linear1.weight", width)
    return denoiser_from_published_state(state)


def _refinement_encoder(state: dict[str, Tensor]) -> RefinementEncoder:
    width = _width(state, "input_to_embedding.weight", channels=len(PUBLISHED_63.kinematic), multiple=8)
    _check_blocks(state, "encoder_layers", "feed_forward.fc1.weight", width)
    network = refinement_encoder_from_published_state(state)
    if network.config.channels_out != len(PUBLISHED_63.kinetic):
        found, expected = network.config.channels_out, len(PUBLISHED_63.kinetic)
        raise UserInputError(f"embedding_to_output.weight: found {found} rows, expected {expected}")
    return network


def _width(state: Mapping[str, Tensor], name: str, *, channels: int, multiple: int) -> int:
    shape = tuple(state[name].shape)
    if len(shape) != 2 or shape[1] != channels or not 0 < shape[0] <= _MOST_WIDTH or shape[0] % multiple:
        raise UserInputError(f"{name}: found {list(shape)}, expected [a multiple of {multiple}, {channels}]")
    return shape[0]


def _check_blocks(state: Mapping[str, Tensor], stack: str, hidden: str, width: int) -> None:
    """Make sure that the architecture, which is read from names and shapes, is not absurd."""
    pattern = re.compile(rf"{re.escape(stack)}\.(\d+)\.")
    numbers = {int(match[1]) for match in map(pattern.match, state) if match}
    if not 0 < len(numbers) <= _MOST_BLOCKS or numbers != set(range(len(numbers))):
        raise UserInputError(f"{stack}: found blocks {sorted(numbers)[:20]}, expected 0, 1, ... without gaps")
    name = f"{stack}.0.{hidden}"
    shape = tuple(state[name].shape) if name in state else None
    if shape is None or len(shape) != 2 or shape[1] != width or not 0 < shape[0] <= _MOST_HIDDEN:
        found = "none" if shape is None else list(shape)
        raise UserInputError(f"{name}: found {found}, expected [up to {_MOST_HIDDEN}, {width}]")


def mismatches(text: str) -> str:
    """Retell PyTorch's list of parameters that do not fit, on few lines."""
    text = re.sub(
        r"size mismatch for (\S+): copying a param with shape torch\.Size\((.*?)\) from checkpoint, "
        r"the shape in current model is torch\.Size\((.*?)\)\.",
        r"\1: found \2, expected \3",
        text,
    )
    text = text.replace("Missing key(s) in state_dict:", "expected, not found:")
    text = text.replace("Unexpected key(s) in state_dict:", "found, not expected:")
    lines = [line.strip() for line in text.splitlines() if "loading state_dict" not in line]
    short = [line if len(line) <= 240 else f"{line[:240]} ..." for line in lines[:5]]
    return "; ".join(short + ["..."] * (len(lines) > 5))


def _scaler(normalizer: object, path: Path) -> ColumnScaler:
    def unusable(problem: str) -> FileFormatError:
        return FileFormatError(
            problem, file=path, remedy="give the .pt file as it was published; the column scaler comes with it"
        )

    if normalizer is None:
        raise unusable("has no 'normalizer': without it the columns cannot be scaled")
    inner = getattr(normalizer, "scaler", None)
    if type(inner).__name__ != "MinMaxScaler":
        raise unusable(f"its normalizer is a {type(inner).__name__}, expected is MinMaxScaler, as in all releases")
    columns = getattr(normalizer, "cols_to_normalize", None)
    count = len(PUBLISHED_63.columns)
    if not isinstance(columns, range | list | tuple) or columns not in (
        range(count),
        list(range(count)),
        tuple(range(count)),
    ):
        raise unusable(f"its normalizer is not for the {count} columns in order")
    scale, bias = (_numbers(getattr(inner, name, None)) for name in ("scale_", "min_"))
    if scale is None or bias is None or len(scale) != count or len(bias) != count:
        raise unusable(
            f"its normalizer has {'no' if scale is None else len(scale)} scales and "
            f"{'no' if bias is None else len(bias)} offsets, expected are {count} each"
        )
    try:
        return ColumnScaler(PUBLISHED_63.names, scale, bias)
    except ValueError as error:
        raise unusable(f"its normalizer cannot be used: {error}") from error


def _numbers(value: object) -> tuple[float, ...] | None:
    if not isinstance(value, Tensor) or not is_plain(value) or value.ndim != 1 or value.numel() > 10_000:
        return None
    return tuple(map(float, value.double().tolist()))


def _listed(names: Mapping[str, Any]) -> str:
    shown = [f"'{name}'" for name in list(names)[:5]]
    return ", ".join(shown + ["..."] * (len(names) > 5))
