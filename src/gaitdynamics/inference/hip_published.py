"""The published files of Gait2Hip-60 (`Transformer_MF60.pt` and its kin), converted to checkpoints of ours.

Facts: a file is a dictionary with model_type, state_dict, hparams, mu_x and sd_x (10,), in_cols, out_cols, target_unit,
test_subjects and the errors on them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from torch import Tensor, nn

from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.hip import ANGLES, TARGETS, HipTarget
from gaitdynamics.files.atomic import file_sha256
from gaitdynamics.files.numpy_pickles import as_array, stand_ins
from gaitdynamics.inference.hip_checkpoint import PREFERENCE, HipDescription, save_hip
from gaitdynamics.inference.new_folder import check_free, new_folder
from gaitdynamics.inference.published_files import check_tensors, is_plain, mismatches
from gaitdynamics.inference.torch_files import check_archive, read_torch_file
from gaitdynamics.networks.hip import HipConfig, make_hip_network

#: Entries by which a file of this kind is known.
_MARKS: Final = (b"mu_x", b"sd_x", b"hparams")

#: Their names of what `HipConfig` has, and the largest that is taken: more could fill the memory.
_SIZES: Final[dict[str, tuple[str, int]]] = {
    "T": ("frames", 500),
    "layers": ("layers", 16),
    "num_layers": ("layers", 16),
    "hidden": ("width", 1024),
    "d_model": ("width", 1024),
    "nhead": ("heads", 64),
    "dim_feedforward": ("feedforward", 8192),
    "d_state": ("states", 256),
    "d_conv": ("kernel", 16),
    "expand": ("expand", 8),
}

_REMEDY: Final = "give the .pt file as it was published with Gait2Hip-60"


@dataclass(frozen=True)
class PublishedHip:
    """What a published file holds."""

    network: nn.Module
    description: HipDescription


def is_hip_file(path: Path) -> bool:
    """Tell whether a file of torch.save has the entries of these files; nothing in it is interpreted.

    Raises
    ------
    FileFormatError
        It is no file of torch.save; the message says what it is instead.
    """
    check_archive(path)
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        text = archive.read(name)
    return all(mark in text for mark in _MARKS)


def import_hip(files: Sequence[Path], folder: Path) -> list[HipDescription]:
    """Convert published files, each to a folder of its own inside `folder`, all of them or none.

    Parameters
    ----------
    files
        Any of the six.
    folder
        To be made; one that exists must be empty.

    Raises
    ------
    UserInputError
        A file cannot be used, two are of the same network, or the folder cannot be written. Nothing is left behind.
    """
    check_free(folder)
    read: dict[str, PublishedHip] = {}
    for file in files:
        item = read_hip_file(file)
        if item.description.name in read:
            raise UserInputError(
                f"another of the files is a network '{item.description.name}' too", file=file, remedy="leave one out"
            )
        read[item.description.name] = item
    with new_folder(folder) as draft:
        return [save_hip(draft / name, item.network, item.description) for name, item in read.items()]


def read_hip_file(path: Path) -> PublishedHip:
    """Read a published file.

    Raises
    ------
    FileFormatError
        It cannot be used; the message says why. Nothing that it holds is run.
    """
    content = read_torch_file(path, stand_ins=tuple(stand_ins().values()))
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise FileFormatError(f"holds a {type(content).__name__}, not a dictionary", file=path, remedy=_REMEDY)
    target = _target(content, path)
    config = _config(content, target, path)
    network = make_hip_network(config)
    state = _state(content, path)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise FileFormatError(
            f"not the network '{config.network}' of its hparams: {mismatches(str(error))}", file=path, remedy=_REMEDY
        ) from error
    mean, sd = (_scale(content.get(name), name, path) for name in ("mu_x", "sd_x"))
    if min(sd) <= 0.0:
        raise FileFormatError("the scale 'sd_x' is not above zero", file=path, remedy=_REMEDY)
    description = HipDescription(
        name=f"{config.network}_{target.task}",
        description=f"Published {config.network} of Gait2Hip-60 for {target.title}",
        task=target.task,
        unit=f"{target.unit}/kg",
        architecture=config,
        outputs=target.labels("r"),
        mean=mean,
        sd=sd,
        test_people=_people(content),
        training={"data": "Gait2Hip-60", "protocol": str(content.get("protocol", ""))},
        metrics=_metrics(content),
        source={"name": path.name, "size_bytes": path.stat().st_size, "sha256": file_sha256(path)},
    )
    return PublishedHip(network.eval(), description)


def _target(content: dict[str, Any], path: Path) -> HipTarget:
    inputs, outputs = (_names(content.get(name)) for name in ("in_cols", "out_cols"))
    if inputs != ANGLES:
        raise FileFormatError(
            f"its inputs are {', '.join(inputs[:12]) or 'not named'}; expected are {', '.join(ANGLES)}",
            file=path,
            remedy=_REMEDY,
        )
    target = next((target for target in TARGETS.values() if target.labels("r") == outputs), None)
    if target is None:
        raise FileFormatError(
            f"its outputs are {', '.join(outputs[:20]) or 'not named'}: neither the muscle forces nor the moments of "
            "the data set",
            file=path,
            remedy=_REMEDY,
        )
    unit = str(content.get("target_unit", "")).replace(".", "")
    if unit != f"{target.unit}/kg".replace(".", ""):
        raise FileFormatError(f"its outputs are in '{unit}', expected is {target.unit}/kg", file=path, remedy=_REMEDY)
    return target


def _config(content: dict[str, Any], target: HipTarget, path: Path) -> HipConfig:
    kind, known = content.get("model_type"), content.get("hparams")
    if kind not in PREFERENCE or not isinstance(known, dict):
        raise FileFormatError(f"its model_type is '{kind}': not a network that is known", file=path, remedy=_REMEDY)
    sizes: dict[str, Any] = {}
    for name, value in known.items():
        if name in _SIZES:
            field, most = _SIZES[name]
            if type(value) is not int or not 0 < value <= most:
                raise FileFormatError(f"its hparams have {name} = {value!r}, which cannot be", file=path)
            sizes[field] = value
    dropout = known.get("dropout", 0.0)
    if not isinstance(dropout, float | int) or not 0.0 <= dropout < 1.0:
        raise FileFormatError(f"its hparams have dropout = {dropout!r}, which cannot be", file=path)
    config = HipConfig(kind, len(ANGLES), len(target.names), dropout=float(dropout), **sizes)
    if config.network == "transformer" and config.width % config.heads:
        raise FileFormatError(f"its hparams have {config.heads} heads for a width of {config.width}", file=path)
    return config


def _state(content: dict[str, Any], path: Path) -> dict[str, Tensor]:
    state = content.get("state_dict")
    if not isinstance(state, dict) or not state:
        raise FileFormatError("no weights in it: 'state_dict' was expected", file=path, remedy=_REMEDY)
    for name, tensor in state.items():
        if not isinstance(name, str) or not is_plain(tensor):
            raise FileFormatError(f"entry '{name}' of its weights is no tensor of real numbers", file=path)
    check_tensors(state, [path], path)
    return dict(state)


def _scale(value: Any, name: str, path: Path) -> tuple[float, ...]:
    array = as_array(value)
    if array is None or array.shape != (len(ANGLES),) or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise FileFormatError(f"the scale '{name}' is not {len(ANGLES)} finite numbers", file=path, remedy=_REMEDY)
    return tuple(map(float, array))


def _names(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list | tuple) and len(value) <= 100 else ()


def _people(content: dict[str, Any]) -> tuple[str, ...]:
    return _names(content.get("test_subjects"))


def _metrics(content: dict[str, Any]) -> dict[str, Any]:
    """Take over the errors on the test people: mean over people, and over all samples together."""
    found: dict[str, Any] = {}
    for theirs, ours in (("test_metrics_subject_mean", "test_person_mean"), ("test_metrics_overall", "test_overall")):
        values = content.get(theirs)
        if isinstance(values, dict):
            found[ours] = {str(k): float(v) for k, v in values.items() if isinstance(v, float | int)}
    return found
