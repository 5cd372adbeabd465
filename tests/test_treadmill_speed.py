"""A belt speed that is not told is found from the feet: on the example put onto a belt, and on real treadmills."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics import cli
from gaitdynamics.command_inputs import Person
from gaitdynamics.dataset.catalogue import Catalogue
from gaitdynamics.files.coordinates import write_motion
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.tasks.forces import estimate_treadmill
from gaitdynamics.tasks.report import read_report
from gaitdynamics.trial import Trial

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"


def carried_backward(trial: Trial, speed: float) -> Trial:
    """The same walk in a laboratory that moves along with a belt of this speed [m/s]."""
    values = trial.values.copy()
    values[:, trial.coordinates.index("pelvis_tx")] -= speed * (trial.time - trial.time[0])
    return trial.with_values(values)


@pytest.mark.parametrize("speed", [0.0, 0.6, 1.3, 1.7])
def test_belt_under_the_example_is_found(example_trial: Trial, speed: float) -> None:
    trial, estimate = estimate_treadmill(carried_backward(example_trial, speed))
    # The feet of the example stand still on the floor but for the roll of the foot.
    assert trial.surface.belt_speed == pytest.approx(speed, abs=0.03)
    assert trial.surface.kind == "treadmill"
    assert estimate.stances > 15
    assert f"{trial.surface.belt_speed:.3f} m/s" in trial.warnings[-1]
    np.testing.assert_array_equal(trial.values, carried_backward(example_trial, speed).values)


def test_every_command_that_reads_a_person_finds_the_speed(tmp_path: Path, example_trial: Trial) -> None:
    write_motion(tmp_path / "walk.mot", carried_backward(example_trial, 1.3))
    found = Person(EXAMPLE / "subject.osim", treadmill="auto").read(tmp_path / "walk.mot")
    assert found.surface.belt_speed == pytest.approx(1.3, abs=0.03)
    told = Person(EXAMPLE / "subject.osim", treadmill=1.2).read(tmp_path / "walk.mot")
    assert told.surface.belt_speed == 1.2


def test_direction_of_the_laboratory_does_not_matter(example_trial: Trial) -> None:
    """A treadmill may stand at any angle: here the person faces the right of the laboratory (+Z)."""
    treadmill = carried_backward(example_trial, 1.3)
    values = treadmill.values.copy()
    columns = [treadmill.coordinates.index(f"pelvis_{name}") for name in ("tx", "tz", "rotation")]
    forward, right, yaw = (treadmill.values[:, i] for i in columns)
    values[:, columns[0]], values[:, columns[1]], values[:, columns[2]] = -right, forward, yaw - np.pi / 2
    # Pelvis angles turn about Z, X, Y in the body, so that only an upright pelvis turns by its yaw alone.
    upright = [treadmill.coordinates.index(f"pelvis_{name}") for name in ("tilt", "list")]
    values[:, upright] = 0.0
    ahead = treadmill.values.copy()
    ahead[:, upright] = 0.0
    speeds = [estimate_treadmill(treadmill.with_values(v))[1].speed for v in (ahead, values)]
    assert speeds[1] == pytest.approx(speeds[0], abs=1e-3)


def test_auto_on_the_command_line_states_the_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gaitdynamics.plotting import style

    monkeypatch.setattr(style, "save_png", lambda figure, path: path.write_bytes(b"picture"))
    walk = read_storage(EXAMPLE / "walking.mot")
    data = walk.data.copy()
    data[:, walk.labels.index("pelvis_tx")] -= 1.3 * walk.time
    write_storage(tmp_path / "belt.mot", list(walk.labels), data, name="belt", in_degrees=True)
    arguments = ["forces", str(tmp_path / "belt.mot"), "--model", str(EXAMPLE / "subject.osim")]
    assert cli.run([*arguments, "--treadmill", "auto", "--out", str(tmp_path / "results")]) == 0
    report = read_report(tmp_path / "results" / "belt_report.json")
    assert report.surface.kind == "treadmill"
    assert report.surface.belt_speed_m_s == pytest.approx(1.3, abs=0.03)
    assert report.gait.mean_speed_m_s == pytest.approx(1.3, abs=0.05)
    (warning,) = [w for w in report.warnings if "belt speed" in w]
    assert warning in capsys.readouterr().err


def real_trials(data_folder: Path, study: str, *trials: str) -> list[Trial]:
    return [r.load() for r in Catalogue.read(data_folder).select(study=study) if r.trial in trials]


@pytest.mark.parametrize(
    ("study", "trials", "tolerance"),
    [("Arnold2013", ("walk2", "walk3"), 0.03), ("Hamner2013", ("run300",), 0.1), ("Hamner2013", ("run400",), 0.3)],
)
def test_speed_of_real_treadmills(data_folder: Path, study: str, trials: tuple[str, ...], tolerance: float) -> None:
    """Feet in running roll, so that they read the belt too slow, the more the faster."""
    found = real_trials(data_folder, study, *trials)
    assert len(found) >= 5
    for trial in found:
        unknown = replace(trial, forces=None)
        assert estimate_treadmill(unknown)[1].speed == pytest.approx(trial.surface.belt_speed, abs=tolerance)
