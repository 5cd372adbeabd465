"""From columns to a trial: units, names, substitutes, and the mistakes people make."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.columns import FULL_BODY, LUMBAR
from gaitdynamics.errors import (
    ConventionError,
    FileFormatError,
    MissingCoordinatesError,
    UserInputError,
)
from gaitdynamics.files.motion import read_trial
from gaitdynamics.model import Model
from gaitdynamics.trial import Surface

Columns = dict[str, np.ndarray]
Write = Callable[..., Path]
FLOOR = Surface()
TRANSLATIONS = ("time", "pelvis_tx", "pelvis_ty", "pelvis_tz")


def to_radians(columns: Columns) -> Columns:
    return {n: c if n in TRANSLATIONS else np.radians(c) for n, c in columns.items()}


def test_values_are_si_and_in_model_order(walker: Model, columns: Columns, write_motion: Write) -> None:
    trial = read_trial(write_motion(columns), model=walker, surface=FLOOR)
    assert [n for n in walker.coordinates if not n.endswith("_beta")] == list(trial.coordinates)
    for name in FULL_BODY:
        expected = columns[name] if name in TRANSLATIONS else columns[name] * np.pi / 180
        np.testing.assert_allclose(trial.column(name), expected, rtol=0, atol=1e-15)
        assert not trial.is_missing(name)
    assert trial.name == "walk"
    assert trial.rate == pytest.approx(100.0)
    assert trial.subject.mass_kg == pytest.approx(70.0)
    assert trial.is_missing("elbow_flex_r")
    np.testing.assert_array_equal(trial.column("elbow_flex_r"), 0.3)
    assert trial.warnings == ("not in the file, the model's default stands for them: elbow_flex_r",)


def test_provenance_tells_names_apart_from_places(walker: Model, columns: Columns, write_motion: Write) -> None:
    path = write_motion(columns)
    provenance = read_trial(path, model=walker).provenance
    assert provenance["motion_file"] == "walk.mot"
    assert provenance["motion_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert provenance["rotation_unit"] == "degrees"
    assert provenance["motion_path"] == str(path.absolute())
    others = {key: value for key, value in provenance.items() if key != "motion_path"}
    assert str(path.parent) not in str(others)


def test_radians_give_the_same_trial(walker: Model, columns: Columns, write_motion: Write) -> None:
    degrees = read_trial(write_motion(columns), model=walker)
    radians = read_trial(write_motion(to_radians(columns), flag="inDegrees=no", name="rad.sto"), model=walker)
    np.testing.assert_allclose(radians.values, degrees.values, rtol=0, atol=1e-14)


@pytest.mark.parametrize("unit", ["degrees", "radians"])
def test_silent_header_is_decided_by_size(walker: Model, columns: Columns, write_motion: Write, unit: str) -> None:
    written = columns if unit == "degrees" else to_radians(columns)
    trial = read_trial(write_motion(written, flag=""), model=walker, surface=FLOOR)
    np.testing.assert_allclose(trial.column("knee_angle_r"), np.radians(columns["knee_angle_r"]))
    assert any(f"taken as {unit}" in warning for warning in trial.warnings)
    assert trial.provenance["rotation_unit_from"] == "size of the numbers"


def test_wrong_unit_flag_is_refused(walker: Model, columns: Columns, write_motion: Write) -> None:
    with pytest.raises(ConventionError, match="these are degrees"):
        read_trial(write_motion(columns, flag="inDegrees=no"), model=walker)
    with pytest.raises(ConventionError, match="these are radians"):
        read_trial(write_motion(to_radians(columns)), model=walker)


def test_standing_still_is_no_mistake(walker: Model, columns: Columns, write_motion: Write) -> None:
    still = {n: c if n in TRANSLATIONS else 0 * c + 1.0 for n, c in columns.items()}
    trial = read_trial(write_motion(still), model=walker)
    np.testing.assert_allclose(trial.column("knee_angle_r"), np.pi / 180)


def test_kneecap_columns_are_left_aside(walker: Model, columns: Columns, write_motion: Write) -> None:
    # OpenSim once wrote the dependent coordinate in radians among degrees.
    columns["knee_angle_r_beta"] = np.radians(columns["knee_angle_r"])
    trial = read_trial(write_motion(columns), model=walker)
    assert "knee_angle_r_beta" not in trial.coordinates
    assert trial.provenance["ignored_columns"] == []


def test_other_spellings(walker: Model, columns: Columns, write_motion: Write) -> None:
    expected = read_trial(write_motion(columns), model=walker)
    new = {"knee_angle_r": "knee_flexion_r", "lumbar_bending": "L5_S1_Lat_Bending"}
    new["pelvis_tilt"] = "Pelvis_Tilt"
    renamed = {new.get(n, n): c for n, c in columns.items()} | {"emg": columns["time"]}
    trial = read_trial(write_motion(renamed, name="other.mot"), model=walker)
    np.testing.assert_array_equal(trial.values, expected.values)
    assert trial.provenance["renamed_columns"] == {
        "knee_flexion_r": "knee_angle_r",
        "L5_S1_Lat_Bending": "lumbar_bending",
    }
    assert trial.provenance["ignored_columns"] == ["emg"]


def test_state_paths(walker: Model, columns: Columns, write_motion: Write) -> None:
    expected = read_trial(write_motion(columns), model=walker)
    states = {}
    for name, column in to_radians(columns).items():
        if name == "time":
            states[name] = column
            continue
        states[f"/jointset/some_joint/{name}/value"] = column
        states[f"/jointset/some_joint/{name}/speed"] = column + 1.0
    states["/forceset/soleus_r/activation"] = columns["time"]
    trial = read_trial(write_motion(states, flag="inDegrees=no", name="states.sto"), model=walker)
    np.testing.assert_allclose(trial.values, expected.values, rtol=0, atol=1e-14)
    assert trial.provenance["ignored_columns"] == ["/forceset/soleus_r/activation"]


def test_one_coordinate_twice(walker: Model, columns: Columns, write_motion: Write) -> None:
    columns["knee_flexion_r"] = columns["knee_angle_r"]
    with pytest.raises(FileFormatError, match="both the coordinate 'knee_angle_r'") as caught:
        read_trial(write_motion(columns), model=walker)
    assert caught.value.column == "knee_flexion_r"


def test_missing_required_are_all_listed(walker: Model, columns: Columns, write_motion: Write) -> None:
    columns["knee_anlge_r"] = columns.pop("knee_angle_r")
    del columns["pelvis_tx"]
    with pytest.raises(MissingCoordinatesError, match=r"nearest in the file: .*knee_anlge_r") as caught:
        read_trial(write_motion(columns), model=walker)
    assert set(caught.value.missing) == {"pelvis_tx", "knee_angle_r"}


def absent(columns: Columns, *parts: str) -> Columns:
    return {name: column for name, column in columns.items() if not any(part in name for part in parts)}


@pytest.mark.parametrize(
    "parts",
    [("knee",), ("hip",), ("pelvis_t", "pelvis_l", "pelvis_r"), ("pelvis", "lumbar", "hip", "knee", "ankle_angle_l")],
)
def test_gaps_are_taken_and_marked_where_they_may_be(
    walker: Model, columns: Columns, write_motion: Write, parts: tuple[str, ...]
) -> None:
    path = write_motion(absent(columns, *parts))
    with pytest.raises(MissingCoordinatesError, match="gaitdynamics complete"):
        read_trial(path, model=walker)
    trial = read_trial(path, model=walker, surface=FLOOR, allow_incomplete=True)
    for name in FULL_BODY:
        gone = any(part in name for part in parts)
        assert trial.is_missing(name) == gone
        if not gone:
            np.testing.assert_allclose(
                trial.column(name), columns[name] if name in TRANSLATIONS else np.radians(columns[name])
            )
    assert set(trial.provenance["substitute_warnings"]) == set(trial.warnings)


def test_measured_trunk_angles_are_kept_in_a_motion_to_be_completed(
    walker: Model, columns: Columns, write_motion: Write
) -> None:
    path = write_motion(absent(columns, "lumbar_bending", "knee"))
    trial = read_trial(path, model=walker, allow_incomplete=True)
    np.testing.assert_allclose(trial.column("lumbar_extension"), np.radians(columns["lumbar_extension"]))
    assert trial.is_missing("lumbar_bending")
    assert not trial.is_missing("lumbar_extension", "lumbar_rotation")


def test_a_misspelt_column_does_not_pass_for_a_gap(walker: Model, columns: Columns, write_motion: Write) -> None:
    columns["knee_anlge_r"] = columns.pop("knee_angle_r")
    del columns["hip_flexion_l"]
    with pytest.raises(MissingCoordinatesError, match=r"knee_angle_r \(nearest in the file: .*knee_anlge_r") as caught:
        read_trial(write_motion(columns), model=walker, allow_incomplete=True)
    assert caught.value.missing == ("knee_angle_r",)
    assert "delete it" in str(caught.value)


def test_an_unused_column_of_a_needed_name_is_no_gap_either(
    walker: Model, columns: Columns, write_motion: Write
) -> None:
    joints = tuple(
        replace(j, rotations=j.rotations[:1], coordinates=j.coordinates[:1]) if j.name == "hip_r" else j
        for j in walker.joints
    )
    with pytest.raises(ConventionError, match="no such coordinate"):
        read_trial(write_motion(columns), model=replace(walker, joints=joints), allow_incomplete=True)


@pytest.mark.parametrize(
    "kept", [("lumbar", "subtalar"), ("pelvis_tilt", "pelvis_tx", "hip_flexion"), ("pelvis_list", "hip_rotation_r")]
)
def test_too_little_to_complete_from(
    walker: Model, columns: Columns, write_motion: Write, kept: tuple[str, ...]
) -> None:
    little = {n: c for n, c in columns.items() if n == "time" or n.startswith(kept)}
    with pytest.raises(UserInputError, match="too little is in the file"):
        read_trial(write_motion(little), model=walker, allow_incomplete=True)
    # A joint that is there but stands still at one value was not measured.
    still = little | {"knee_angle_r": 0 * columns["time"]}
    with pytest.raises(UserInputError, match="too little is in the file"):
        read_trial(write_motion(still), model=walker, allow_incomplete=True)
    read_trial(write_motion(little | {"knee_angle_r": columns["knee_angle_r"]}), model=walker, allow_incomplete=True)


def test_what_is_there_of_the_pelvis_is_checked(walker: Model, columns: Columns, write_motion: Write) -> None:
    mistakes = (("pelvis_ty", 1000, "not metres"), ("pelvis_ty", 2.5, "Z-up"), ("pelvis_tz", 1000, "not metres"))
    for name, factor, said in mistakes:
        only = absent(columns, *(n for n in TRANSLATIONS[1:] if n != name))
        with pytest.raises(ConventionError, match=said) as caught:
            read_trial(write_motion(only | {name: factor * columns[name]}), model=walker, allow_incomplete=True)
        assert caught.value.column == name


def test_units_without_a_leg_must_be_told(walker: Model, columns: Columns, write_motion: Write) -> None:
    pelvis = absent(columns, "hip", "knee", "ankle")
    with pytest.raises(ConventionError, match="cannot be told"):
        read_trial(write_motion(pelvis, flag=""), model=walker, allow_incomplete=True)
    trial = read_trial(write_motion(pelvis), model=walker, allow_incomplete=True)
    np.testing.assert_allclose(trial.column("pelvis_tilt"), np.radians(columns["pelvis_tilt"]))


@pytest.mark.parametrize("gone", [LUMBAR, LUMBAR[1:2]], ids=["all", "one"])
def test_torso_is_held_upright_without_its_angles(
    walker: Model, columns: Columns, write_motion: Write, gone: tuple[str, ...]
) -> None:
    for name in gone:
        del columns[name]
    for name in ("pelvis_list", "pelvis_rotation"):
        columns[name] = 0 * columns[name]
    trial = read_trial(write_motion(columns), model=walker)
    # Tilt and extension turn about the same axis.
    np.testing.assert_allclose(trial.column("lumbar_extension"), -trial.column("pelvis_tilt"), atol=1e-12)
    np.testing.assert_allclose(trial.column("lumbar_bending"), 0.0, atol=1e-12)
    assert all(trial.is_missing(name) for name in LUMBAR)
    assert any("held upright" in warning for warning in trial.warnings)


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"pelvis_tx": 1000, "pelvis_ty": 1000, "pelvis_tz": 1000}, "pelvis_ty", "not metres"),
        ({"pelvis_tx": 100, "pelvis_ty": 100, "pelvis_tz": 100}, "pelvis_ty", "not metres"),
        ({"pelvis_ty": 0.02}, "pelvis_ty", "looks Z-up, or off the floor"),
        ({"pelvis_ty": 2.5}, "pelvis_ty", "looks Z-up, or off the floor"),
    ],
)
def test_pelvis_in_another_unit_or_frame(
    walker: Model, columns: Columns, write_motion: Write, change: dict[str, float], column: str, said: str
) -> None:
    for name, factor in change.items():
        columns[name] = columns[name] * factor
    with pytest.raises(ConventionError, match=said) as caught:
        read_trial(write_motion(columns), model=walker, height_m=1.75)
    assert caught.value.column == column


def test_swapped_vertical_axis(walker: Model, columns: Columns, write_motion: Write) -> None:
    columns["pelvis_ty"], columns["pelvis_tz"] = columns["pelvis_tz"], columns["pelvis_ty"]
    for height in (None, 1.75):
        with pytest.raises(ConventionError, match=r"pelvis_tz is 0\.94 m: looks Z-up"):
            read_trial(write_motion(columns), model=walker, height_m=height)


def test_a_child_is_no_mistake(walker: Model, columns: Columns, write_motion: Write) -> None:
    columns["pelvis_ty"] = columns["pelvis_ty"] - 0.57
    assert read_trial(write_motion(columns), model=walker).column("pelvis_ty").min() < 0.36
    read_trial(write_motion(columns), model=walker, height_m=0.75)


def test_knees_of_another_model(walker: Model, columns: Columns, write_motion: Write) -> None:
    columns["knee_angle_r"] = -columns["knee_angle_r"]
    with pytest.raises(ConventionError, match="motion was made") as caught:
        read_trial(write_motion(columns), model=walker)
    assert caught.value.column == "knee_angle_r"


@pytest.mark.parametrize("mass", [0.0, -70.0, 7.0, 301.0, 70_000.0, float("nan")])
def test_impossible_mass(walker: Model, columns: Columns, write_motion: Write, mass: float) -> None:
    with pytest.raises(UserInputError, match="body mass") as caught:
        read_trial(write_motion(columns), model=walker, mass_kg=mass)
    assert ("grams" in str(caught.value).splitlines()[0]) == (mass == 70_000.0)


@pytest.mark.parametrize(
    ("height", "hint"), [(175.0, "cm"), (1750.0, "mm"), (0.0, ""), (-1.7, ""), (3.0, ""), (float("nan"), "")]
)
def test_impossible_height(walker: Model, columns: Columns, write_motion: Write, height: float, hint: str) -> None:
    with pytest.raises(UserInputError, match=f"looks like {hint}" if hint else "body height"):
        read_trial(write_motion(columns), model=walker, height_m=height)


def test_mass_against_the_model(walker: Model, columns: Columns, write_motion: Write) -> None:
    path = write_motion(columns)
    assert not any("differs" in w for w in read_trial(path, model=walker, mass_kg=80.0).warnings)
    trial = read_trial(path, model=walker, mass_kg=90.0)
    assert trial.subject.mass_kg == 90.0
    assert any("differs from the model's 70.0 kg" in w for w in trial.warnings)
    heavy = replace(walker, bodies=tuple(replace(b, mass=b.mass * 100) for b in walker.bodies))
    with pytest.raises(UserInputError, match="the mass of the model is 7000 kg"):
        read_trial(path, model=heavy, mass_kg=70.0)


def test_model_without_feet(walker: Model, columns: Columns, write_motion: Write) -> None:
    bodies = tuple(b for b in walker.bodies if b.name != "calcn_l")
    with pytest.raises(UserInputError, match=r"no body calcn_l; its bodies are pelvis, torso, femur_r"):
        read_trial(write_motion(columns), model=replace(walker, bodies=bodies))


def test_too_short(walker: Model, columns: Columns, write_motion: Write) -> None:
    short = {name: column[:21] for name, column in columns.items()}
    with pytest.raises(UserInputError, match=r"lasts 0\.2 s"):
        read_trial(write_motion(short), model=walker)


def test_surface_is_assumed_aloud(walker: Model, columns: Columns, write_motion: Write) -> None:
    path = write_motion(columns)
    assert any("overground was assumed" in w for w in read_trial(path, model=walker).warnings)
    belt = Surface("treadmill", 1.2)
    trial = read_trial(path, model=walker, surface=belt)
    assert trial.surface == belt
    assert not any("surface" in w for w in trial.warnings)


def test_without_a_model_height_and_mass_scale_one(columns: Columns, write_motion: Write) -> None:
    path = write_motion(columns)
    for known in ({}, {"mass_kg": 70.0}, {"height_m": 1.75}):
        with pytest.raises(UserInputError, match="both body mass and body height"):
            read_trial(path, **known)
    trial = read_trial(path, mass_kg=62.0, height_m=1.75)
    assert trial.subject.generic
    assert trial.subject.model.mass == pytest.approx(62.0)
    assert any("generic skeleton" in warning for warning in trial.warnings)
    np.testing.assert_allclose(trial.column("knee_angle_l"), np.radians(columns["knee_angle_l"]))
