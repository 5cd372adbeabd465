"""The protocol on made-up data: who is in which part, when training stops, and that it learns."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from gaitdynamics import cli
from gaitdynamics.dataset.gait2hip import hold_out, read_gait2hip
from gaitdynamics.inference.hip_checkpoint import find_hip, load_hip
from gaitdynamics.networks.hip import HipConfig, make_hip_network
from gaitdynamics.tasks import hip_training
from gaitdynamics.training.hip import HipTraining, Scale, mean_squared_error, train_epochs
from hip_data import save

QUICK = {"network": "lstm", "samples": 12, "batch": 8, "learning_rate": 1e-2}


def quick(**changes) -> HipTraining:
    return HipTraining(**{**QUICK, **changes})


def learnable(trials: int = 24):
    torch.manual_seed(0)
    x = torch.randn(trials, 12, 10)
    return x, x[..., :3].cumsum(1) * 0.3


def test_a_rule_is_learnt_and_the_best_epoch_is_kept():
    torch.manual_seed(1)
    network = make_hip_network(HipConfig("lstm", 10, 3, width=24, dropout=0.0))
    x, y = learnable()
    held = learnable(40)[0][24:], learnable(40)[1][24:]
    run = train_epochs(network, x, y, quick(epochs=30, patience=30), validation=held)
    assert min(run.validation_loss) < 0.5 * run.validation_loss[0]
    assert run.validation_loss[run.best_epoch - 1] == min(run.validation_loss)
    assert mean_squared_error(network, *held) == pytest.approx(min(run.validation_loss), rel=1e-6)


def test_training_stops_when_nothing_gets_better():
    network = make_hip_network(HipConfig("lstm", 10, 3, width=8))
    x, y = learnable()
    run = train_epochs(network, x, y, quick(epochs=300, patience=4, learning_rate=1e-12), validation=(x, y * 0 + 9e9))
    assert len(run.validation_loss) <= run.best_epoch + 4 < 300


def test_the_same_seed_gives_the_same_network():
    states = []
    for _ in range(2):
        torch.manual_seed(7)
        network = make_hip_network(HipConfig("mamba", 10, 3, width=16, layers=1))
        train_epochs(network, *learnable(), quick(network="mamba"), epochs=2)
        states.append(network.state_dict())
    for name, tensor in states[0].items():
        torch.testing.assert_close(tensor, states[1][name], rtol=0, atol=0)


def test_the_scale_is_of_all_samples():
    angles = np.random.default_rng(0).normal(5.0, 3.0, (4, 20, 10))
    scale = Scale.of(angles)
    scaled = scale.tensor(angles).reshape(-1, 10)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(10), atol=1e-6, rtol=0)
    torch.testing.assert_close(scaled.std(0, unbiased=False), torch.ones(10))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return save(tmp_path_factory.mktemp("data") / "d.npz", "joint_moments", people=12, samples=24)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "lstm"
    arguments = ["train", "hip", "--data", data, "--network", "lstm", "--out", out, "--samples", 12, "--epochs", 2]
    assert cli.run(list(map(str, arguments))) == 0
    return out


def test_the_protocol_tests_only_people_held_out(trained, data):
    known = load_hip(trained).description
    trials = read_gait2hip(data)
    assert known.test_people == hold_out(trials.people())
    validated = [json.loads((trained / f"fold_{k}.json").read_text())["people"] for k in range(1, 6)]
    everyone = [person for people in validated for person in people]
    assert sorted([*everyone, *known.test_people]) == list(trials.people())
    pool = trials.of(everyone).resampled(12)
    np.testing.assert_allclose(known.mean, pool.angles.reshape(-1, 10).mean(0))
    best = sorted(json.loads((trained / f"fold_{k}.json").read_text())["best_epoch"] for k in range(1, 6))
    assert known.training["epochs"] == best[2]
    assert known.architecture.frames == 12
    assert "| all | 2 | 6 |" in (trained / "test.md").read_text()


def test_evaluation_repeats_the_test_and_adds_other_people(trained, data, tmp_path, capsys):
    other = save(tmp_path / "patients.npz", "joint_moments", people=3, samples=24, seed=5)
    arguments = ["evaluate", "hip", data, "--weights", trained, "--external", other, "--out", tmp_path / "e"]
    assert cli.run(list(map(str, arguments))) == 0
    assert (tmp_path / "e" / "test_joint_moments.csv").read_text() == (trained / "test.csv").read_text()
    assert "3 people of patients.npz, without retraining" in capsys.readouterr().out
    assert cli.run(["evaluate", "hip", str(other), "--weights", str(trained), "--out", str(tmp_path / "f")]) == 0
    forces = save(tmp_path / "forces.npz", "muscle_forces", people=3, samples=24)
    # People of other data alone, without the data that the network comes from.
    alone = ["evaluate", "hip", "--weights", str(trained), "--external", str(other), "--out", str(tmp_path / "alone")]
    assert cli.run(alone) == 0
    assert [path.suffix for path in sorted((tmp_path / "alone").iterdir())] == [".csv", ".md"]
    assert cli.run(["evaluate", "hip", "--weights", str(trained), "--out", str(tmp_path / "none")]) == 2
    assert cli.run(["evaluate", "hip", str(forces), "--weights", str(trained), "--out", str(tmp_path / "g")]) == 2
    assert "for which there is no network" in capsys.readouterr().err


def test_a_run_goes_on_where_it_stopped(data, tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    settings = ["train", "hip", "--data", str(data), "--network", "lstm", "--out", str(out), "--samples", "12"]
    whole, calls = hip_training._train, []

    def stopping(*arguments, **named):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(*arguments, **named)

    monkeypatch.setattr(hip_training, "_train", stopping)
    assert cli.run([*settings, "--epochs", "1"]) == 130
    assert sorted(path.name for path in out.iterdir()) == ["fold_1.json", "fold_2.json"]
    assert cli.run([*settings, "--epochs", "1"]) == 2
    assert cli.run([*settings, "--epochs", "2", "--resume"]) == 2
    assert "of other data or settings" in capsys.readouterr().err
    assert cli.run([*settings, "--epochs", "1", "--resume"]) == 0
    assert len(calls) == 3 + 3 + 1, "two folds were kept, three and the last network were made"
    assert find_hip(out)
    assert cli.run([*settings, "--epochs", "1", "--resume"]) == 2


@pytest.mark.parametrize("option", [("--samples", "3"), ("--epochs", "0")])
def test_impossible_settings_are_told(option, data, tmp_path, capsys):
    arguments = ["train", "hip", "--data", str(data), "--network", "mamba", "--out", str(tmp_path / "o"), *option]
    assert cli.run(arguments) == 2
    assert option[0] in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
