"""Frames that are read at once are what protobuf reads one by one; whatever is laid out otherwise is left to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from b3d_files import MadeUpFile
from gaitdynamics.files.b3d import B3dFile
from gaitdynamics.files.b3d_layout import frame_layout
from gaitdynamics.files.b3d_messages import PROCESSING_FIELDS, PROCESSING_FRAME, new_message
from gaitdynamics.trial import Trial


def both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = B3dFile(path)
    at_once = [(file.read(k, list(PROCESSING_FIELDS)), file.read_plates(k)) for k in range(len(file.trials))]
    with monkeypatch.context() as patch:
        patch.setattr(B3dFile, "_read_block", lambda *_: None)
        one_by_one = [(file.read(k, list(PROCESSING_FIELDS)), file.read_plates(k)) for k in range(len(file.trials))]
    for (fields, plates), (others, other_plates) in zip(at_once, one_by_one, strict=True):
        for name in PROCESSING_FIELDS:
            assert fields[name].dtype == np.float64
            assert fields[name].shape == others[name].shape
            assert fields[name].tobytes() == others[name].tobytes()
        assert [p.tobytes() for p in plates] == [p.tobytes() for p in other_plates]


def test_frames_at_once_are_frames_one_by_one(example_trial: Trial, tmp_path: Path, monkeypatch) -> None:
    made_up = MadeUpFile(example_trial)
    made_up.add("one", 25, passes=2)
    made_up.add("two", 12, passes=2)
    path = made_up.write(tmp_path / "file.b3d")
    with monkeypatch.context() as patch:
        patch.setattr("gaitdynamics.files.b3d._parse", _only_headers)
        B3dFile(path).read(0, ["pos"], which=1)  # nothing is left to protobuf
    both_ways(path, monkeypatch)


def _only_headers(message, content, path, offset, what) -> None:
    assert what == "the header", what
    message.ParseFromString(content)


def test_real_frames_at_once_are_frames_one_by_one(data_folder: Path, monkeypatch) -> None:
    for path in sorted((data_folder / "b3d").glob("*.b3d")):
        both_ways(path, monkeypatch)


def test_a_layout_names_every_number() -> None:
    message = new_message(PROCESSING_FRAME)
    message.pos.extend([1.0, 2.0, 3.0])
    message.ground_contact_force.extend(np.arange(40.0))
    content = message.SerializeToString()
    layout = frame_layout(content)
    assert layout is not None
    for name in ("pos", "ground_contact_force"):
        first, last = layout.places[PROCESSING_FIELDS[name]]
        assert np.frombuffer(content[first:last]).tolist() == list(getattr(message, name))
    other = bytearray(content)
    other[layout.places[PROCESSING_FIELDS["pos"]][0]] ^= 1  # another number
    frames = np.frombuffer(content + bytes(other), dtype=np.uint8).reshape(2, -1)
    assert layout.holds(frames)
    other[0] ^= 8  # another field
    assert not layout.holds(np.frombuffer(content + bytes(other), dtype=np.uint8).reshape(2, -1))


@pytest.mark.parametrize(
    "content",
    [
        b"\x08\x05",  # a number that is no double
        b"\x0a\x04" + bytes(4),  # no whole double
        b"\x0a\x08" + bytes(8) + b"\x0a\x08" + bytes(8),  # the same field twice
        b"\x0a\x08" + bytes(7),  # cut off
        b"\x0a\xff",  # cut off in the length
        b"\xff" * 12,  # a tag without end
    ],
)
def test_everything_else_is_left_to_protobuf(content: bytes) -> None:
    assert frame_layout(content) is None
