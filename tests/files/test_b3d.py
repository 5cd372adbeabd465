"""The .b3d format: what is read from files of others, what is refused, and round trips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from b3d_files import FEET, MadeUpFile
from gaitdynamics.errors import FileFormatError, MissingCoordinatesError, UserInputError
from gaitdynamics.files import b3d
from gaitdynamics.files.b3d import B3dFile
from gaitdynamics.files.b3d_trials import B3dReading, read_b3d_trial
from gaitdynamics.files.b3d_writer import write_b3d
from gaitdynamics.trial import FootForces, Trial
from walking_with_forces import with_forces

UNKNOWN_FIELD = bytes([0b11111_010 | 0x80, 0x07, 3]) + b"new"  # number 127, three bytes


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "s1.b3d"


@pytest.fixture
def made_up(example_trial: Trial) -> MadeUpFile:
    return MadeUpFile(example_trial)


def test_round_trip_keeps_every_bit(example_trial: Trial, place: Path) -> None:
    whole = with_forces(example_trial, 120)
    assert whole.forces is not None
    valid = np.ones((120, 2), dtype=bool)
    valid[7:12, 0] = valid[30:31, 1] = False
    moment = np.where(whole.forces.force[..., 1] > 0, np.linspace(-3, 4, 120)[:, None], 0.0)
    first = replace(whole, name="one", forces=replace(whole.forces, valid=valid, free_moment=moment))
    second = replace(whole, name="two", time=whole.time[:50] + 3.0, values=whole.values[5:55], forces=None)
    write_b3d(place, [first, second], notes="made up")
    file = B3dFile(place)
    assert (file.version, file.mass_kg, file.height_m, file.contact_bodies, file.warnings) == (
        *(4, example_trial.subject.mass_kg, 1.72, FEET),
        (),
    )
    back = [read_b3d_trial(file, i) for i in range(2)]
    assert [trial.name for trial in back] == ["one", "two"]
    for trial, source in zip(back, (first, second), strict=True):
        assert trial.coordinates == source.coordinates
        assert np.array_equal(trial.values, source.values)
        assert np.array_equal(trial.missing, source.missing)
        assert np.allclose(trial.time, source.time - source.time[0], atol=1e-12)
        assert replace(trial.subject.model, source=None) == replace(source.subject.model, source=None)
    forces = back[0].forces
    assert forces is not None
    assert forces.valid is not None
    assert forces.free_moment is not None
    assert np.array_equal(forces.force, whole.forces.force)
    assert np.array_equal(forces.cop, whole.forces.cop)
    assert np.array_equal(forces.free_moment, moment)
    assert np.array_equal(forces.valid, np.repeat(valid.all(1)[:, None], 2, axis=1))
    assert back[1].forces is not None
    assert back[1].forces.valid is not None
    assert not back[1].forces.valid.any()


def test_speeds_and_wrenches_follow_from_the_trial(example_trial: Trial, place: Path) -> None:
    trial = with_forces(example_trial, 100)
    assert trial.forces is not None
    write_b3d(place, [trial])
    found = B3dFile(place).read(0, ["vel", "ground_contact_wrench", "tau", "com_pos"])
    assert np.abs(found["vel"][1:-1] - (trial.values[2:] - trial.values[:-2]) / 0.02).max() < 0.3
    wrench = found["ground_contact_wrench"].reshape(-1, 2, 6)
    assert np.array_equal(wrench[..., 3:], trial.forces.force)
    assert np.allclose(wrench[..., :3], np.cross(trial.forces.cop, trial.forces.force))
    assert np.isnan(found["tau"]).all()
    assert found["com_pos"].shape == (100, 3)


def test_writing_refuses_what_is_no_one_person(example_trial: Trial, place: Path) -> None:
    other = replace(example_trial, subject=replace(example_trial.subject, mass_kg=61.0))
    trial = with_forces(example_trial, 60)
    for trials in ([], [example_trial, other], [replace(trial, time=trial.time + 1.0)]):
        with pytest.raises(ValueError, match="trial"):
            write_b3d(place, trials)
    assert list(place.parent.iterdir()) == []


def test_any_number_of_passes_and_blocks(made_up: MadeUpFile, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up.add("a", 20, passes=3)
    made_up.add("b", 30, passes=1)
    made_up.add("none", 12, passes=0)
    made_up.add("c", 25, passes=2)
    file = B3dFile(made_up.write(place))
    assert file.trials[0].passes == ("kinematics", "dynamics", "low_pass_filter")
    source = made_up.source.values
    whole = file.read(3, ["pos", "com_pos"], which=1)
    assert np.array_equal(whole["pos"], source[:25] + 1e-3)
    assert whole["com_pos"].shape == (25, 0)
    monkeypatch.setattr(b3d, "BLOCK_BYTES", 10_000)
    for index, which, frames in ((0, 2, 20), (1, 0, 30), (3, 1, 25)):
        found = file.read(index, ["pos"], which=which)["pos"]
        assert np.array_equal(found, source[:frames] + 1e-3 * which)
    assert np.array_equal(read_b3d_trial(file, 0, reading=B3dReading(which=1)).values, source[:20] + 1e-3)
    with pytest.raises(FileFormatError, match="'none' has 0 processing"):
        read_b3d_trial(file, 2)


def test_fields_of_later_versions_do_no_harm(made_up: MadeUpFile, place: Path) -> None:
    made_up.add("a", 20)
    made_up.frames[0] = [frame + UNKNOWN_FIELD for frame in made_up.frames[0]]
    made_up.header.processing_pass_frame_size += len(UNKNOWN_FIELD)
    made_up.header.version = 9
    made_up.header.notes = "Größe".encode("latin-1")
    made_up.header.trial_header[0].missing_grf_reason[3] = 77
    content = made_up.content()
    size = int.from_bytes(content[:8], "little")
    place.write_bytes((size + 6).to_bytes(8, "little") + content[8 : 8 + size] + UNKNOWN_FIELD + content[8 + size :])
    trial = read_b3d_trial(B3dFile(place), 0)
    assert np.array_equal(trial.values, made_up.source.values[:20])
    assert trial.forces is not None
    assert trial.forces.valid is not None
    assert np.flatnonzero(~trial.forces.valid[:, 0]).tolist() == [3]


def test_more_than_two_bodies_are_told_apart_by_name(example_trial: Trial, place: Path) -> None:
    made_up = MadeUpFile(example_trial, ("hand_l", "calcn_l", "calcn_r"))
    made_up.add("a", 20)
    trial = read_b3d_trial(B3dFile(made_up.write(place)), 0)
    assert trial.forces is not None
    assert trial.forces.force[5].tolist() == [[1.0, 320.0, 5.0], [1.0, 310.0, 5.0]]
    assert trial.forces.cop[5, :, 0].tolist() == [2.0, 1.0]
    assert trial.forces.free_moment is not None
    assert trial.forces.free_moment[5].tolist() == [3.0, 2.0]
    assert trial.forces.valid is not None
    assert not trial.forces.valid.any()
    assert any("20 frames" in note and "hand_l" in note for note in trial.warnings)


def test_bodies_that_are_no_feet_give_no_forces(example_trial: Trial, place: Path) -> None:
    made_up = MadeUpFile(example_trial, ("hand_l", "calcn_l"))
    made_up.add("a", 20)
    trial = read_b3d_trial(B3dFile(made_up.write(place)), 0)
    assert trial.forces is None
    assert any("hand_l, calcn_l" in note for note in trial.warnings)


@pytest.mark.parametrize(("plates", "x"), [(2, [0.2, 0.1]), (1, [0.1, 0.1])])
def test_points_of_raw_plates(made_up: MadeUpFile, place: Path, plates: int, x: list[float]) -> None:
    made_up.add("a", 20, plates=plates)
    trial = read_b3d_trial(B3dFile(made_up.write(place)), 0, reading=B3dReading(cop="plates"))
    assert trial.forces is not None
    assert np.allclose(trial.forces.cop[5], [[x[0], 0.0, 0.05], [x[1], 0.0, 0.05]])


def test_three_plates_cannot_be_told_apart(made_up: MadeUpFile, place: Path) -> None:
    made_up.add("a", 20, plates=3)
    with pytest.raises(UserInputError, match="3 force plates"):
        read_b3d_trial(B3dFile(made_up.write(place)), 0, reading=B3dReading(cop="plates"))


@pytest.mark.parametrize("changes", [29, 30])
def test_marks_that_change_often(made_up: MadeUpFile, place: Path, changes: int) -> None:
    reasons = [(i % 2) * 5 for i in range(changes + 1)]
    reasons += [reasons[-1]] * (40 - len(reasons))
    made_up.add("a", 40, reasons=reasons)
    file = B3dFile(made_up.write(place))
    stated, published = (
        read_b3d_trial(file, 0, reading=B3dReading(missing=rule)).forces for rule in ("stated", "published")
    )
    assert stated is not None
    assert published is not None
    assert stated.valid is not None
    assert published.valid is not None
    assert np.array_equal(stated.valid[:, 1], np.array(reasons) == 0)
    assert published.valid.all() == (changes + 1 > 30)


def test_forces_in_wrenches_only(example_trial: Trial, place: Path) -> None:
    trial = with_forces(example_trial, 60)
    assert trial.forces is not None
    loaded = trial.forces.force[..., 1:2] > 0
    moment = np.where(loaded[..., 0], 2.5, 0.0)
    write_b3d(place, [replace(trial, forces=replace(trial.forces, free_moment=moment))])
    file = B3dFile(place)
    read = file.read

    def without_forces(index: int, fields, *, which: int = 0):
        found = read(index, fields, which=which)
        return {k: 0.0 * v if k.startswith("ground_contact_") and "wrench" not in k else v for k, v in found.items()}

    file.read = without_forces  # type: ignore[method-assign]
    forces = read_b3d_trial(file, 0).forces
    assert forces is not None
    assert np.array_equal(forces.force, trial.forces.force)
    assert np.allclose(forces.cop, np.where(loaded, trial.forces.cop, 0.0), atol=1e-9)
    assert forces.free_moment is not None
    assert np.allclose(forces.free_moment, moment, atol=1e-9)


def test_what_is_not_seen_is_missing(made_up: MadeUpFile, place: Path) -> None:
    names = list(made_up.source.coordinates)
    done = made_up.add("a", 40).processing_pass_header[0]
    done.dof_positions_observed.extend(n not in ("mtp_angle_r", "lumbar_bending") for n in names)
    trial = read_b3d_trial(B3dFile(made_up.write(place)), 0)
    gone = {name for name, gone in zip(trial.coordinates, trial.missing, strict=True) if gone}
    assert gone == {"mtp_angle_r", "lumbar_extension", "lumbar_bending", "lumbar_rotation"}
    assert np.array_equal(trial.column("mtp_angle_r"), made_up.source.column("mtp_angle_r")[:40])
    done.dof_positions_observed[names.index("knee_angle_l")] = False
    with pytest.raises(MissingCoordinatesError, match="knee_angle_l"):
        read_b3d_trial(B3dFile(made_up.write(place)), 0)


def test_cut_off_anywhere(made_up: MadeUpFile, place: Path) -> None:
    made_up.add("a", 20)
    made_up.add("b", 30)
    content = made_up.content()
    start = 8 + int.from_bytes(content[:8], "little")
    stride = made_up.header.raw_sensor_frame_size + made_up.header.processing_pass_frame_size
    cases = {
        0: "no header",
        5: "no header",
        start - 1: "byte 0",
        start: f"ends at byte {start}, in frame 1 of 20 of trial 'a'",
        start + 22 * stride - 1: f"ends at byte {start + 22 * stride - 1}, in frame 2 of 30 of trial 'b'",
        len(content) - 1: "in frame 30 of 30 of trial 'b'",
    }
    for size, message in cases.items():
        place.write_bytes(content[:size])
        with pytest.raises(FileFormatError, match=message):
            B3dFile(place)
    place.write_bytes(content + b"more")
    assert B3dFile(place).warnings == ("4 bytes after the last frame are not read",)


def test_damage_is_told_with_its_place(made_up: MadeUpFile, place: Path) -> None:
    made_up.add("a", 20)
    content = bytearray(made_up.content())
    start = 8 + int.from_bytes(content[:8], "little")
    sensor, of_pass = made_up.header.raw_sensor_frame_size, made_up.header.processing_pass_frame_size
    place_of_frame = start + 7 * (sensor + of_pass) + sensor
    content[place_of_frame : place_of_frame + of_pass] = bytes(of_pass)
    place.write_bytes(content)
    with pytest.raises(FileFormatError, match=f"frame 8 of trial 'a', at byte {place_of_frame}"):
        read_b3d_trial(B3dFile(place), 0)
    content[8:40] = bytes(range(200, 232))
    place.write_bytes(content)
    with pytest.raises(FileFormatError, match="the header, at byte 8"):
        B3dFile(place)
    place.write_bytes(b"time\tpelvis_tilt\n0.0\t1.0\n" * 100)
    with pytest.raises(FileFormatError, match=r"not a \.b3d file"):
        B3dFile(place)
    with pytest.raises(FileFormatError, match="No such file"):
        B3dFile(place.with_name("nowhere.b3d"))


def test_contradictions_of_the_header(made_up: MadeUpFile, place: Path) -> None:
    head = made_up.add("a", 20)
    made_up.header.num_dofs += 1
    with pytest.raises(FileFormatError, match="coordinates, its model has"):
        read_b3d_trial(B3dFile(made_up.write(place)), 0)
    head.missing_grf_reason.append(0)
    with pytest.raises(FileFormatError, match="21 marks"):
        B3dFile(made_up.write(place))
    made_up.header.raw_sensor_frame_size = -1
    with pytest.raises(FileFormatError, match="size of the measurements"):
        B3dFile(made_up.write(place))


def test_numbers_that_are_none(made_up: MadeUpFile, place: Path) -> None:
    made_up.source = replace(made_up.source, values=made_up.source.values.copy())
    made_up.source.values[4, 2] = np.nan
    made_up.add("a", 20)
    with pytest.raises(FileFormatError, match=f"'{made_up.source.coordinates[2]}'.*nan in frame 5"):
        read_b3d_trial(B3dFile(made_up.write(place)), 0)


def test_forces_that_are_none_are_not_valid(example_trial: Trial, place: Path) -> None:
    trial = with_forces(example_trial, 60)
    assert trial.forces is not None
    cop = trial.forces.cop.copy()
    cop[11, 1, 2] = np.nan
    write_b3d(place, [replace(trial, forces=FootForces(trial.time, trial.forces.force, cop))])
    back = read_b3d_trial(B3dFile(place), 0)
    assert back.forces is not None
    assert back.forces.valid is not None
    assert np.argwhere(~back.forces.valid).tolist() == [[11, 1]]
    assert not back.forces.force[11, 1].any()
    assert any("1 frames with forces that are no numbers" in note for note in back.warnings)
