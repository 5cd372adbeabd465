"""Data in the layout of Gait2Hip-60: read whole or refused with the place; the benchmark's people in each part."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset.gait2hip import at_samples, folds, hold_out, read_gait2hip
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.hip import ANGLES, MUSCLES, TARGETS, seen_from
from hip_data import arrays, save

PEOPLE = [f"H{k:02}" for k in range(1, 61)]


def test_the_people_held_out_are_those_of_the_benchmark():
    assert hold_out(PEOPLE[::-1]) == (
        *("H29", "H56", "H19", "H25", "H08", "H18"),
        *("H28", "H51", "H60", "H40", "H45", "H06"),
    )


def test_too_few_people_are_refused():
    with pytest.raises(UserInputError, match="5 people are too few"):
        hold_out(PEOPLE[:5])


def test_folds_are_those_of_scikit_learn():
    known = json.loads((Path(__file__).parents[1] / "data" / "group_folds.json").read_text(encoding="utf-8"))
    subject = np.repeat(list(known["trials"]), list(known["trials"].values()))
    found = folds(subject)
    assert [sorted(set(subject[validation])) for _, validation in found] == known["folds"]
    for train, validation in found:
        assert not set(subject[train]) & set(subject[validation])
        assert len(train) + len(validation) == len(subject)


@pytest.mark.parametrize("task", TARGETS)
def test_a_file_is_read_as_it_was_saved(task, tmp_path):
    made = arrays(task, people=4, samples=30)
    data = read_gait2hip(save(tmp_path / "d.npz", task, people=4, samples=30))
    assert data.target.task == task
    assert data.people() == ("H01", "H02", "H03", "H04")
    np.testing.assert_allclose(data.angles, made["X"], atol=1e-4)
    np.testing.assert_allclose(data.outputs * made["weight_kg"][:, None, None], made["Y"], rtol=1e-5, atol=1e-4)
    assert list(data.cadence[:3]) == ["slow", "med", "fast"]
    assert set(data.of(["H02"]).subject) == {"H02"}


def test_columns_in_another_order_are_put_in_ours(tmp_path):
    made = arrays("joint_moments", people=2, samples=20)
    turned = save(
        tmp_path / "d.npz",
        "joint_moments",
        people=2,
        samples=20,
        X=made["X"][..., ::-1],
        in_cols=made["in_cols"][::-1],
        Y=made["Y"][..., [2, 0, 1]],
        out_cols=made["out_cols"][[2, 0, 1]],
    )
    plain = read_gait2hip(save(tmp_path / "p.npz", "joint_moments", people=2, samples=20))
    np.testing.assert_array_equal(read_gait2hip(turned).angles, plain.angles)
    np.testing.assert_array_equal(read_gait2hip(turned).outputs, plain.outputs)


def changed(name: str, place: object, value: object) -> dict[str, np.ndarray]:
    array = arrays("joint_moments", people=3, samples=20)[name].copy()
    array[place] = value
    return {name: array}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (changed("X", (4, 0, 0), np.nan), "row 5, column 'X': has values that are not finite"),
        (changed("X", (4, 0, 0), 1e4), "row 5, column 'X': an angle is 10000 degrees"),
        (changed("weight_kg", 1, 6e4), "row 2, column 'weight_kg': the body mass is 60000 kg"),
        (changed("subject_id", 2, " "), "row 3, column 'subject_id': the name is empty"),
        (changed("out_cols", 0, "knee_angle_r_moment"), "out_cols are knee_angle_r_moment"),
        (changed("in_cols", 0, "hip_r"), "in_cols are hip_r"),
        ({"X": np.radians(arrays("joint_moments", people=3, samples=20)["X"])}, "look like radians"),
        ({"Y": np.zeros((9, 19, 3))}, "column 'Y': has the shape 9 x 19 x 3"),
        ({"speed_label": np.array(["slow"])}, "no list of 9 names"),
        ({"weight_kg": np.array(["70"] * 9)}, "type <U2; expected are 9 numbers"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_the_place(changes, said, tmp_path):
    path = save(tmp_path / "d.npz", "joint_moments", people=3, samples=20, **changes)
    with pytest.raises(FileFormatError) as caught:
        read_gait2hip(path)
    assert said in str(caught.value)


def test_thinning_out_keeps_the_ends_and_straight_lines():
    line = np.linspace(0.0, 1.0, 180)[None, :, None] * np.array([2.0, -3.0])
    for samples in (30, 60, 90, 180):
        np.testing.assert_allclose(at_samples(line, samples), np.linspace(0, 1, samples)[None, :, None] * [2.0, -3.0])


def test_mirroring_exchanges_the_sides_and_nothing_else():
    values = np.arange(10.0)
    for name, value in zip(ANGLES, seen_from(values, "l"), strict=True):
        other = name[:-1] + {"r": "l", "l": "r"}[name[-1]]
        assert value == ANGLES.index(other)
    np.testing.assert_array_equal(seen_from(seen_from(values, "l"), "l"), values)


def test_names_are_those_of_the_data_set():
    assert TARGETS["muscle_forces"].labels("r")[:2] == ("addbrev_r", "addlong_r")
    assert TARGETS["joint_moments"].labels("l")[0] == "hip_flexion_l_moment"
    parts = [part for parts in MUSCLES.values() for part in parts]
    assert len(MUSCLES) == 14
    assert len(set(parts)) == len(parts) == 25
