"""The network of muscle forces: it learns a known sharing of moments, and its checkpoint is checked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics import cli
from gaitdynamics.dataset.hip_labels import LegLabels, TrialLabels, save_trial_labels
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.muscle_inputs import INPUTS, muscle_inputs
from gaitdynamics.inference.muscle_checkpoint import load_muscles
from gaitdynamics.tasks.label_store import STORE_FILE, TRIALS
from gaitdynamics.tasks.muscle_training import train_muscle_network
from gaitdynamics.training.muscles import MuscleTraining

LENGTHS = (0.41, 0.4, 0.08)


def made_up_leg(seed: int, mass: float, count: int = 400) -> LegLabels:
    """Forces are shares of what pulls one way of each moment, over an arm that depends on the posture."""
    rng = np.random.default_rng(seed)
    moment = rng.normal(0.0, 40.0, (count, 7)) * mass / 70.0
    posture = rng.normal(0.0, 0.3, (count, 7))
    arm = 0.05 + 0.02 * np.sin(posture[:, :1])
    sign = np.where(np.arange(14) % 2 == 0, 1.0, -1.0)
    force = 0.1 * np.maximum(sign * moment[:, np.arange(14) % 6], 0.0) / arm
    return LegLabels(
        time=np.arange(count) / 100.0,
        angles=np.zeros((count, 10)),
        posture=posture,
        speed=rng.normal(0.0, 1.0, (count, 7)),
        moment=moment,
        reserve=np.zeros((count, 7)),
        force=force,
        saturation=np.zeros(count),
        residual=np.zeros(count),
        cycles=np.zeros((0, 2)),
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    (folder / TRIALS).mkdir(parents=True)
    (folder / STORE_FILE).write_text("{}")
    for number in range(8):
        mass, split = 60.0 + 4 * number, "val" if number > 5 else "train"
        legs = {"r": made_up_leg(number, mass), "l": made_up_leg(50 + number, mass)}
        trial = TrialLabels("S", f"p{number}", "walk", split, "walking", "", mass, 1.7, LENGTHS, legs)
        save_trial_labels(folder / TRIALS / f"{number}.npz", trial, {})
    return folder


def test_it_learns_a_known_sharing_of_moments(store: Path, tmp_path: Path) -> None:
    settings = MuscleTraining(width=64, epochs=12, draws=6000, batch=128, learning_rate=5e-3)
    out = tmp_path / "muscles"
    train_muscle_network(store, out, settings)
    model = load_muscles(out)
    leg = made_up_leg(99, 75.0)
    predicted = model.predict(muscle_inputs(leg.posture, leg.speed, leg.moment, LENGTHS, 75.0))
    truth = leg.force / 75.0
    assert predicted.min() >= 0.0
    assert 1.0 - np.square(predicted - truth).sum() / np.square(truth - truth.mean()).sum() > 0.9
    assert model.description.training["people"] == 6
    assert model.description.training["validation_people"] == ["S/p6", "S/p7"]
    # Weights are never overwritten, and another run with the same seed gives the same ones.
    with pytest.raises(UserInputError, match="holds weights already"):
        train_muscle_network(store, out, settings)
    short = settings.model_copy(update={"epochs": 1})
    first, second = (train_muscle_network(store, tmp_path / name, short) for name in "ab")
    assert first.weights_sha256 == second.weights_sha256


def test_inputs_stand_in_the_order_of_their_names() -> None:
    leg = made_up_leg(1, 60.0)
    seen = muscle_inputs(leg.posture, leg.speed, leg.moment, LENGTHS, 60.0)
    assert seen.shape == (400, len(INPUTS))
    np.testing.assert_array_equal(seen[:, INPUTS.index("knee_angle_rad")], leg.posture[:, 3])
    np.testing.assert_array_equal(seen[:, INPUTS.index("ankle_angle_rad_per_s")], leg.speed[:, 4])
    np.testing.assert_allclose(seen[:, INPUTS.index("hip_adduction_nm_per_kg")], leg.moment[:, 1] / 60.0)
    np.testing.assert_array_equal(seen[0, -4:], [*LENGTHS, 60.0])
    leg.moment[:, 5] = np.nan
    locked = muscle_inputs(leg.posture, leg.speed, leg.moment, LENGTHS, 60.0)
    assert (locked[:, INPUTS.index("subtalar_angle_nm_per_kg")] == 0.0).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": ["a"]}, "other columns"),
        ({"sd": [0.0] * 22}, "scale of the inputs"),
        ({"weights_sha256": "0" * 64}, "SHA-256"),
        ({"kind": "refiner"}, "not the description"),
    ],
)
def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    packaged = Path(__file__).parents[2] / "src" / "gaitdynamics" / "assets" / "muscles" / "muscles-1"
    for file in packaged.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    facts = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**facts, **change}))
    with pytest.raises(FileFormatError, match=said):
        load_muscles(tmp_path)


def test_a_folder_without_labels_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["train", "muscles", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no labels in it" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
