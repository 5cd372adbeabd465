"""Force files: the namings in use, the mistakes people make, and a round trip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitdynamics.columns import FORCE_NAMINGS
from gaitdynamics.errors import ConventionError, FileFormatError, UserInputError
from gaitdynamics.files.external_loads import write_external_loads
from gaitdynamics.files.forces import read_forces, write_forces
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.trial import FootForces

RIGHT, LEFT = 0, 1


def walking(frames: int = 41, seed: int = 0) -> FootForces:
    """Right foot on the ground in the first half, left foot in the second; rough numbers otherwise."""
    rng = np.random.default_rng(seed)
    force = rng.normal(size=(frames, 2, 3)) * 20.0
    force[..., 1] = np.abs(force[..., 1]) + 600.0
    half = frames // 2
    force[half:, RIGHT] = 0.0
    force[:half, LEFT] = 0.0
    cop = rng.normal(size=(frames, 2, 3))
    moment = rng.normal(size=(frames, 2))
    for values in (cop, moment):
        values[half:, RIGHT] = 0.0
        values[:half, LEFT] = 0.0
    return FootForces(2.5 + np.arange(frames) / 100.0, force, cop, moment)


def columns_of(forces: FootForces, sides: dict[str, tuple[str, str, str]]) -> dict[str, np.ndarray]:
    """Columns with labels spelled out here, independently of the table in the package."""
    columns = {"time": forces.time}
    for i, (force, point, torque) in enumerate(sides.values()):
        for axis, letter in enumerate("xyz"):
            columns[force.replace("?", letter)] = forces.force[:, i, axis]
            columns[point.replace("?", letter)] = forces.cop[:, i, axis]
            moment = forces.free_moment[:, i] if letter == "y" else np.zeros(len(forces.time))
            columns[torque.replace("?", letter)] = moment
    return columns


def save(path: Path, columns: dict[str, np.ndarray]) -> Path:
    write_storage(path, list(columns), np.column_stack(list(columns.values())), name="grf", in_degrees=True)
    return path


OPENSIM = {
    "r": ("ground_force_v?", "ground_force_p?", "ground_torque_?"),
    "l": ("1_ground_force_v?", "1_ground_force_p?", "1_ground_torque_?"),
}


@pytest.mark.parametrize(
    "sides",
    [
        OPENSIM,
        {s.lower(): (f"{s}_ground_force_v?", f"{s}_ground_force_p?", f"{s}_ground_torque_?") for s in "RL"},
        {s: (f"ground_force_{s}_v?", f"ground_force_{s}_p?", f"ground_torque_{s}_?") for s in "rl"},
        {s: (f"ground_force_{s}_v?", f"ground_force_{s}_p?", f"ground_moment_{s}_m?") for s in "rl"},
        {s: (f"ground_force_{s}_v?", f"ground_force_{s}_p?", f"ground_torque_{s}_?") for s in "RL"},
        {s: (f"ground_force_v?_{s}", f"ground_force_p?_{s}", f"ground_torque_?_{s}") for s in "rl"},
        {s: (f"force{n}_v?", f"force{n}_p?", f"torque{n}_?") for s, n in (("r", 1), ("l", 2))},
        {s: (f"ground_force_calcn_{s}_v?", f"ground_force_calcn_{s}_p?", f"ground_force_calcn_{s}_m?") for s in "rl"},
    ],
    ids=["opensim", "opencap", "inside", "moment", "capital", "last", "numbered", "foot-body"],
)
@pytest.mark.parametrize("left_first", [False, True])
def test_namings(tmp_path: Path, sides: dict[str, tuple[str, str, str]], left_first: bool) -> None:
    forces = walking()
    columns = columns_of(forces, sides)
    if left_first:
        columns = dict(reversed(columns.items()))
        columns = {"time": columns.pop("time"), **columns}
    found = read_forces(save(tmp_path / "grf.sto", columns))
    np.testing.assert_array_equal(found.force, forces.force)
    np.testing.assert_array_equal(found.cop, forces.cop)
    np.testing.assert_array_equal(found.free_moment, forces.free_moment)
    np.testing.assert_array_equal(found.time, forces.time)


def test_without_torques_there_is_no_free_moment(tmp_path: Path) -> None:
    columns = {k: v for k, v in columns_of(walking(), OPENSIM).items() if "torque" not in k}
    assert read_forces(save(tmp_path / "grf.mot", columns)).free_moment is None


def test_unknown_columns_are_listed(tmp_path: Path) -> None:
    columns = columns_of(walking(), OPENSIM)
    plates = {k.replace("ground_force", "plate"): v for k, v in columns.items()}
    with pytest.raises(FileFormatError, match=r"not those .* two feet: time, plate_vx, plate_px"):
        read_forces(save(tmp_path / "plates.mot", plates))
    third = columns | {"2_ground_force_vx": columns["time"]}
    with pytest.raises(FileFormatError, match="neither foot: 2_ground_force_vx"):
        read_forces(save(tmp_path / "third.mot", third))
    one = {k: v for k, v in columns.items() if not k.startswith("1_")}
    with pytest.raises(FileFormatError, match="two feet"):
        read_forces(save(tmp_path / "one.mot", one))


def test_nan_is_located(tmp_path: Path) -> None:
    path = save(tmp_path / "grf.mot", columns_of(walking(), OPENSIM))
    lines = path.read_text().splitlines()
    cells = lines[6 + 3].split("\t")
    label = lines[6].split("\t")[2]
    cells[2] = "NaN"
    lines[6 + 3] = "\t".join(cells)
    path.write_text("\n".join(lines))
    with pytest.raises(FileFormatError, match="NaN") as caught:
        read_forces(path)
    assert (caught.value.row, caught.value.column) == (3, label)


def test_impossible_numbers(tmp_path: Path) -> None:
    good = walking()

    def refused(said: str, **changes: np.ndarray) -> None:
        path = save(tmp_path / "grf.mot", columns_of(replace(good, **changes), OPENSIM))
        with pytest.raises(ConventionError, match=said):
            read_forces(path)

    refused("millimetres", cop=good.cop * 1000.0)
    refused("a force of .* N", force=good.force * 1000.0)
    refused("negative", force=-good.force)
    refused("another axis up", force=good.force[..., [0, 2, 1]])


def test_feet_that_never_touch_are_no_mistake(tmp_path: Path) -> None:
    forces = replace(walking(), force=np.zeros((41, 2, 3)), cop=np.zeros((41, 2, 3)))
    found = read_forces(save(tmp_path / "grf.mot", columns_of(forces, OPENSIM)), forces.time[::2])
    assert not found.force.any()
    assert not found.cop.any()


def test_resampling_is_linear_and_keeps_the_point_off_the_origin(tmp_path: Path) -> None:
    forces = walking()
    ramp = np.linspace(0.3, 0.5, 41)
    contact = forces.force.any(axis=-1)
    cop = np.where(contact[..., None], np.stack([ramp, 0 * ramp, ramp - 1.0], axis=-1)[:, None], 0.0)
    path = save(tmp_path / "grf.mot", columns_of(replace(forces, cop=cop), OPENSIM))
    time = np.linspace(forces.time[0], forces.time[-1], 173)
    found = read_forces(path, time)
    np.testing.assert_array_equal(found.time, time)
    for foot in (RIGHT, LEFT):
        for axis in range(3):
            expected = np.interp(time, forces.time, forces.force[:, foot, axis])
            np.testing.assert_allclose(found.force[:, foot, axis], expected, atol=1e-9)
        touching = found.force[:, foot].any(axis=-1)
        assert touching.any()
        assert not touching.all()
        # No point lies outside of the points of the frames in contact, however little force is left.
        x = found.cop[touching, foot, 0]
        known = cop[contact[:, foot], foot, 0]
        assert known.min() - 1e-12 <= x.min()
        assert x.max() <= known.max() + 1e-12
        assert not found.cop[~touching, foot].any()


def test_resampling_to_its_own_times_changes_nothing(tmp_path: Path) -> None:
    forces = walking()
    found = read_forces(save(tmp_path / "grf.mot", columns_of(forces, OPENSIM)), forces.time)
    np.testing.assert_allclose(found.force, forces.force, atol=1e-12)
    np.testing.assert_allclose(found.cop, forces.cop, atol=1e-12)
    np.testing.assert_allclose(found.free_moment, forces.free_moment, atol=1e-12)


@pytest.mark.parametrize("shift", [-0.3, 0.3])
def test_forces_must_cover_the_motion(tmp_path: Path, shift: float) -> None:
    forces = walking()
    path = save(tmp_path / "grf.mot", columns_of(forces, OPENSIM))
    read_forces(path, forces.time + 0.004)  # less than half a step beyond
    with pytest.raises(UserInputError, match=r"the forces cover 2\.5 to 2\.9 s"):
        read_forces(path, forces.time + shift)


@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(2, 60), naming=st.sampled_from(["opensim", "opencap"]))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, seed: int, frames: int, naming: str) -> None:
    forces = walking(frames, seed)
    path = tmp_path_factory.mktemp("forces") / "grf.mot"
    write_forces(path, forces, naming=naming)  # type: ignore[arg-type]
    found = read_forces(path)
    np.testing.assert_array_equal(found.force, forces.force)
    np.testing.assert_array_equal(found.cop, forces.cop)
    np.testing.assert_array_equal(found.free_moment, forces.free_moment)


def test_written_columns_are_in_opensims_order(tmp_path: Path) -> None:
    write_forces(tmp_path / "grf.mot", walking())
    vectors = ["ground_force_v", "ground_force_p", "1_ground_force_v", "1_ground_force_p"]
    vectors += ["ground_torque_", "1_ground_torque_"]
    expected = ("time", *(stem + axis for stem in vectors for axis in "xyz"))
    assert read_storage(tmp_path / "grf.mot").labels == expected
    write_forces(tmp_path / "grf.mot", walking(), naming="opencap")
    assert read_storage(tmp_path / "grf.mot").labels[1] == "R_ground_force_vx"
    assert read_storage(tmp_path / "grf.mot").labels[-1] == "L_ground_torque_z"


def test_swing_is_zero_and_unknown_moments_are_zero(tmp_path: Path) -> None:
    forces = walking()
    stray = replace(forces, cop=forces.cop + 0.2, free_moment=None)
    write_forces(tmp_path / "grf.mot", stray)
    table = read_storage(tmp_path / "grf.mot")
    swing = ~forces.force[:, RIGHT].any(axis=-1)
    assert swing.any()
    for axis in "xyz":
        assert not table.column(f"ground_force_p{axis}")[swing].any()
        assert table.column(f"ground_force_p{axis}")[~swing].any()
        assert not table.column(f"ground_torque_{axis}").any()


def test_nan_is_never_written(tmp_path: Path) -> None:
    forces = walking()
    forces.cop[3, RIGHT, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        write_forces(tmp_path / "grf.mot", forces)
    assert list(tmp_path.iterdir()) == []


def test_external_loads_tell_the_feet(tmp_path: Path) -> None:
    forces = walking()
    # The second plate is under the right foot: only the setup knows.
    swapped = {"r": OPENSIM["l"], "l": OPENSIM["r"]}
    save(tmp_path / "grf.mot", columns_of(forces, swapped))
    setup = tmp_path / "loads.xml"
    write_external_loads(setup, datafile="grf.mot", bodies={"r": "calcn_l", "l": "calcn_r"})
    found = read_forces(setup)
    np.testing.assert_array_equal(found.force, forces.force)
    np.testing.assert_array_equal(found.free_moment, forces.free_moment)


def test_all_namings_name_all_columns_apart() -> None:
    for feet in FORCE_NAMINGS.values():
        labels = [
            template.format(axis)
            for foot in feet.values()
            for template in (foot.force, foot.point, *foot.torque)
            for axis in "xyz"
        ]
        assert len(set(labels)) == len(labels)
