"""Read AddBiomechanics' .b3d files: one person, any number of trials and processing passes, frame by frame.

Layout: length of the header (8 bytes, little-endian), the header, then frames without any separator: trial after
trial, frame after frame, each a message of raw measurements and one message per processing pass of that trial. Both
kinds of message have one size each throughout a file, so every frame has a known place and nothing is read but what is
asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.b3d_layout import frame_layout
from gaitdynamics.files.b3d_messages import (
    HEADER,
    PROCESSING_FIELDS,
    PROCESSING_FRAME,
    SENSOR_FIELDS,
    SENSOR_FRAME,
    new_message,
)

Array = NDArray[np.float64]

#: What a processing pass did, by its code; later versions may know more.
PASS_KINDS: Final = ("kinematics", "dynamics", "low_pass_filter", "acceleration_minimizing_filter")

#: At most about so many bytes of frames are in memory at once.
BLOCK_BYTES: Final = 4 << 20

_LENGTH_BYTES: Final = 8
_REMEDY: Final = "download or export the file again"


@dataclass(frozen=True)
class B3dTrial:
    """What the header says of one trial.

    Attributes
    ----------
    index
        Place in the file.
    name, original_name
        Name of this piece, and of the recording that it was cut from.
    frames, timestep
        Number of frames and seconds from one to the next.
    passes
        Kinds of its processing passes, of `PASS_KINDS` or 'code N'.
    observed
        Per pass (D,) whether each degree of freedom was seen by markers; empty where the file does not say.
    missing_reason
        (frames,) why the measured force cannot be trusted, 0 where it can; empty where the file does not say.
    plates
        Number of force plates.
    offset
        Byte at which its first frame starts.
    """

    index: int
    name: str
    original_name: str
    frames: int
    timestep: float
    passes: tuple[str, ...]
    observed: tuple[NDArray[np.bool_], ...]
    missing_reason: NDArray[np.int32]
    plates: int
    offset: int


class B3dFile:
    """An opened .b3d file: what its header says, and frames on demand. Nothing stays open between calls.

    Attributes
    ----------
    path
        The file.
    version
        Of the format.
    mass_kg, height_m
        Of the person; None where the file does not know.
    coordinate_count
        Number of degrees of freedom.
    contact_bodies
        Names of the bodies on which the ground acts.
    model_texts
        OpenSim model (.osim) of each kind of pass, as text; may be empty.
    trials
        In the order of the file.
    warnings
        What was odd about the file but does no harm.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    FileFormatError
        The file is missing, is something else, or is cut off; the message names the byte.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        header, start, size = _read_header(self.path)
        self.version = int(header.version)
        self.mass_kg: float | None = header.mass_kg if header.mass_kg > 0 else None
        self.height_m: float | None = header.height_m if header.height_m > 0 else None
        self.coordinate_count = int(header.num_dofs)
        self.contact_bodies = tuple(map(_text, header.ground_contact_body))
        self.model_texts = tuple(_text(p.model_osim_text) for p in header.passes)
        self._sensor_size = int(header.raw_sensor_frame_size)
        self._pass_size = int(header.processing_pass_frame_size)
        self._check_sizes(header)
        trials = []
        for index, trial in enumerate(header.trial_header):
            trials.append(self._trial(index, trial, start))
            start += trials[-1].frames * self._stride(trials[-1])
        self.trials = tuple(trials)
        self._check_end(start, size)
        self.warnings = () if size == start else (f"{size - start} bytes after the last frame are not read",)

    def read(self, trial: int, fields: Sequence[str], *, which: int = 0) -> dict[str, Array]:
        """Read values of a processing pass over a whole trial.

        Parameters
        ----------
        trial
            Index of the trial.
        fields
            Names from `b3d_messages.PROCESSING_FIELDS`.
        which
            Index of the pass, of those of the trial.

        Returns
        -------
        dict
            (frames, n) per field; n is 0 where the file does not hold it.

        Raises
        ------
        FileFormatError
            The trial has no such pass, or a frame cannot be read; the message names its byte.
        """
        of = self.trials[trial]
        if not 0 <= which < len(of.passes):
            raise FileFormatError(
                f"trial '{of.name}' has {len(of.passes)} processing pass(es), number {which + 1} is not there",
                file=self.path,
                remedy="process the trial in AddBiomechanics, or leave it out",
            )
        return self._read(of, self._sensor_size + which * self._pass_size, self._pass_size, PROCESSING_FRAME, fields)

    def read_plates(self, trial: int) -> tuple[Array, Array, Array]:
        """Read the raw force plates of a trial: points of application [m], forces [N], torques [N.m], (frames, P, 3).

        Plates beyond those of the trial, which the format pads with, are left out. Raises as `read`.
        """
        of = self.trials[trial]
        names = [f"raw_force_plate_{what}" for what in ("cop", "force", "torque")]
        found = self._read(of, 0, self._sensor_size, SENSOR_FRAME, names)
        shaped = []
        for name in names:
            if found[name].shape[1] < 3 * of.plates:
                raise FileFormatError(
                    f"trial '{of.name}' has {of.plates} force plates, but '{name}' has {found[name].shape[1]} values",
                    file=self.path,
                )
            shaped.append(found[name][:, : 3 * of.plates].reshape(of.frames, of.plates, 3))
        return shaped[0], shaped[1], shaped[2]

    def model_text(self, which: int = 0) -> str:
        """Give the model of a pass; where a later pass has none, that of the pass before."""
        for text in reversed(self.model_texts[: which + 1]):
            if text:
                return text
        raise FileFormatError("there is no OpenSim model in the file", file=self.path, remedy=_REMEDY)

    def _stride(self, trial: B3dTrial) -> int:
        return self._sensor_size + len(trial.passes) * self._pass_size

    def _read(self, of: B3dTrial, start: int, size: int, kind: str, fields: Sequence[str]) -> dict[str, Array]:
        """Read some fields of the message of that kind and size which starts at that byte of each frame."""
        message = new_message(kind)
        columns: dict[str, Array] = {name: np.empty((of.frames, 0)) for name in fields}
        for first, count, block in self._blocks(of):
            at_once = self._read_block(block, count, start, size, kind, fields)
            if at_once is not None and first == 0:
                columns = {name: np.empty((of.frames, values.shape[1])) for name, values in at_once.items()}
            if at_once is not None and all(at_once[name].shape[1] == columns[name].shape[1] for name in fields):
                for name in fields:
                    columns[name][first : first + count] = at_once[name]
                continue
            # Lists, because protobuf hands out whole arrays faster than single numbers.
            flat: dict[str, list[float]] = {name: [] for name in fields}
            for i in range(count):
                place = i * self._stride(of) + start
                frame, offset = first + i, of.offset + first * self._stride(of) + place
                what = f"frame {frame + 1} of trial '{of.name}'"
                _parse(message, block[place : place + size], self.path, offset, what)
                for name in fields:
                    values = getattr(message, name)[:]
                    if frame == 0:
                        columns[name] = np.empty((of.frames, len(values)))
                    elif len(values) != columns[name].shape[1]:
                        raise FileFormatError(
                            f"{what}, at byte {offset}, has {len(values)} values of '{name}', the first one has "
                            f"{columns[name].shape[1]}",
                            file=self.path,
                            remedy=_REMEDY,
                        )
                    flat[name] += values
            for name in fields:
                columns[name][first : first + count] = np.reshape(flat[name], (count, -1)) if flat[name] else 0.0
        return columns

    def _read_block(
        self, block: bytes, count: int, start: int, size: int, kind: str, fields: Sequence[str]
    ) -> dict[str, Array] | None:
        """Read some fields of all frames of a block at once; None where they are not all laid out alike."""
        messages = np.frombuffer(block, dtype=np.uint8).reshape(count, -1)[:, start : start + size]
        layout = frame_layout(messages[0].tobytes())
        if layout is None or not layout.holds(messages):
            return None
        numbers = PROCESSING_FIELDS if kind == PROCESSING_FRAME else SENSOR_FIELDS
        found = {}
        for name in fields:
            first, last = layout.places.get(numbers[name], (0, 0))
            found[name] = np.ascontiguousarray(messages[:, first:last]).view("<f8").astype(np.float64, copy=False)
        return found

    def _blocks(self, of: B3dTrial) -> Iterator[tuple[int, int, bytes]]:
        """Yield the frames of a trial block by block: number of the first one, how many, and their bytes."""
        stride = self._stride(of)
        per_block = max(1, BLOCK_BYTES // max(stride, 1))
        with _open(self.path) as stream:
            stream.seek(of.offset)
            for first in range(0, of.frames, per_block):
                count = min(per_block, of.frames - first)
                block = stream.read(count * stride)
                if len(block) < count * stride:
                    raise FileFormatError("the file became shorter while it was read", file=self.path)
                yield first, count, block

    def _check_sizes(self, header: Any) -> None:
        facts = {
            "number of coordinates": self.coordinate_count,
            "size of a processing pass": self._pass_size,
            "size of the measurements": self._sensor_size,
        }
        wrong = [what for what, value in facts.items() if value < 0]
        if header.trial_header and any(t.processing_pass_header for t in header.trial_header):
            wrong += [what for what in list(facts)[:2] if facts[what] == 0]
        if wrong or not (header.trial_header or header.passes):
            raise FileFormatError(
                f"the header cannot be that of a .b3d file: {', '.join(wrong) or 'it tells of no trial and no model'}",
                file=self.path,
                remedy="give a file that AddBiomechanics exported",
            )

    def _trial(self, index: int, trial: Any, offset: int) -> B3dTrial:
        name = _text(trial.name) or f"trial_{index}"
        frames, timestep = int(trial.trial_length), float(trial.trial_timestep)
        reasons = np.array(trial.missing_grf_reason, dtype=np.int32)
        if frames < 0 or not 0 < timestep < np.inf or len(reasons) not in (0, frames):
            raise FileFormatError(
                f"the header contradicts itself about trial '{name}': {frames} frames of {timestep:g} s, "
                f"{len(reasons)} marks of missing forces",
                file=self.path,
                remedy=_REMEDY,
            )
        passes = tuple(trial.processing_pass_header)
        return B3dTrial(
            index=index,
            name=name,
            original_name=_text(trial.original_name) or name,
            frames=frames,
            timestep=timestep,
            passes=tuple(_kind(p.type) for p in passes),
            observed=tuple(np.array(p.dof_positions_observed, dtype=np.bool_) for p in passes),
            missing_reason=reasons,
            plates=int(trial.num_force_plates),
            offset=offset,
        )

    def _check_end(self, end: int, size: int) -> None:
        if size >= end:
            return
        cut = next(t for t in self.trials if t.offset + t.frames * self._stride(t) > size)
        frame = max(0, size - cut.offset) // self._stride(cut)
        raise FileFormatError(
            f"the file is cut off: it ends at byte {size}, in frame {frame + 1} of {cut.frames} of trial '{cut.name}' "
            f"(number {cut.index + 1} of {len(self.trials)}), and should have {end} bytes",
            file=self.path,
            remedy=_REMEDY,
        )


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _kind(code: int) -> str:
    return PASS_KINDS[code] if 0 <= code < len(PASS_KINDS) else f"code {code}"


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", file=path, remedy="check the path") from error


def _read_header(path: Path) -> tuple[Any, int, int]:
    """Read the header; returns it, the byte after it, and the size of the file."""
    with _open(path) as stream:
        size = path.stat().st_size
        start = stream.read(_LENGTH_BYTES)
        length = int.from_bytes(start, "little", signed=True)
        if len(start) < _LENGTH_BYTES or not 0 < length <= size - _LENGTH_BYTES:
            what = f"a header of {length} bytes is announced at byte 0" if len(start) == _LENGTH_BYTES else "no header"
            raise FileFormatError(
                f"not a .b3d file, or cut off: {what}, the file has {size} bytes", file=path, remedy=_REMEDY
            )
        header = new_message(HEADER)
        _parse(header, stream.read(length), path, _LENGTH_BYTES, "the header")
        return header, _LENGTH_BYTES + length, size


def _parse(message: Any, content: bytes, path: Path, offset: int, what: str) -> None:
    from google.protobuf.message import DecodeError

    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise FileFormatError(
            f"{what}, at byte {offset}, is not readable ({error}): the file is damaged", file=path, remedy=_REMEDY
        ) from error
