"""Training of the networks in the published columns, end to end on a small folder and with small networks."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console

from gaitdynamics import cli
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.baselines import baseline_forces, load_baseline
from gaitdynamics.inference.pair_parts import load_parts
from gaitdynamics.inference.published_checkpoint import import_published, load_published
from gaitdynamics.networks.denoiser import DenoiserConfig
from gaitdynamics.networks.refinement_encoder import RefinementEncoder, RefinementEncoderConfig
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.training import denoiser as denoiser_module
from gaitdynamics.training import kinetics
from gaitdynamics.training.denoiser import DenoiserTraining, train_denoiser
from gaitdynamics.training.kinetics import kinetics_settings, train_refinement
from gaitdynamics.training.lora import Adapters
from gaitdynamics.training.published_windows import PublishedWindows
from published_files import save_published
from published_weights import denoiser_state, refinement_state

pytest.importorskip("lightning")
pytest.importorskip("pytorch_optimizer")

QUIET = Console(quiet=True)
TINY = DenoiserConfig(width=32, blocks=1, heads=2, feedforward=32)


@pytest.fixture(autouse=True)
def small_networks(monkeypatch):
    monkeypatch.setattr(denoiser_module, "_SIZES", {"small": TINY, "large": replace(TINY, blocks=2)})
    config = RefinementEncoderConfig(width=32, layers=1, heads=2, feedforward=32)
    monkeypatch.setattr(kinetics, "RefinementEncoder", lambda: RefinementEncoder(config))


@pytest.fixture(scope="module")
def pair(small_data, tmp_path_factory):
    """A pair trained in two commands."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(denoiser_module, "_SIZES", {"small": TINY})
        config = RefinementEncoderConfig(width=32, layers=1, heads=2, feedforward=32)
        patch.setattr(kinetics, "RefinementEncoder", lambda: RefinementEncoder(config))
        first = ["train", "denoiser", "--data", str(small_data), "--out", str(folder / "half")]
        assert cli.run([*first, "--steps", "30", "--batch", "6", "--learning-rate", "0.003"]) == 0
        second = ["train", "refiner", "--network", "published", "--data", str(small_data)]
        second += ["--init", str(folder / "half"), "--out", str(folder / "pair")]
        assert cli.run([*second, "--steps", "30", "--batch", "6", "--learning-rate", "0.003"]) == 0
    return folder


def tensors(folder, part):
    return getattr(load_parts(folder), part).state_dict()


def same(one, other):
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_two_commands_make_a_pair_that_estimates_forces(pair, small_data, example_trial):
    weights = load_published(pair / "pair")
    assert same(weights.denoiser.state_dict(), tensors(pair / "half", "denoiser"))
    assert weights.diffusion_scaler.agrees_with(weights.refinement_scaler)
    description = weights.description
    half = json.loads((pair / "half" / "model.json").read_text())
    assert description.diffusion.weights_sha256 == half["diffusion"]["weights_sha256"]
    facts = description.refinement.training
    assert facts["init"] == {"name": "half", "diffusion_sha256": half["diffusion"]["weights_sha256"]}
    assert facts["settings"]["steps"] == 30
    assert facts["samples"] == 1
    assert facts["height_estimated"] == ["Ours/one/walk"]
    assert len(facts["manifest_sha256"]) == 64
    assert set(description.refinement.metrics["mean"]) == {"vertical", "fore_aft", "medio_lateral"}
    assert set(description.diffusion.metrics) >= {"mse", "mse_t50"}
    forces = estimate_forces(example_trial, weights=pair / "pair").forces
    assert np.isfinite(forces.force).all()


def test_training_learns(small_data, tmp_path):
    settings = kinetics_settings("published", steps=80, batch=6, learning_rate=0.01, average=0.9)
    description = train_refinement(small_data, tmp_path / "r", settings, console=QUIET)
    untrained = train_refinement(small_data, tmp_path / "u", kinetics_settings("published", steps=1), console=QUIET)
    vertical = [d.refinement.metrics["mean"]["vertical"] for d in (description, untrained)]
    assert vertical[0] < 0.7 * vertical[1]
    assert description.refinement.zeroed == ()  # all was measured
    settings = DenoiserTraining(steps=80, batch=6, learning_rate=0.01, average=0.9)
    description = train_denoiser(small_data, tmp_path / "d", settings, console=QUIET)
    untrained = train_denoiser(small_data, tmp_path / "e", DenoiserTraining(steps=1), console=QUIET)
    assert description.diffusion.metrics["mse"] < 0.7 * untrained.diffusion.metrics["mse"]


def test_a_pair_may_be_incomplete_and_says_what_is_missing(pair, small_data, tmp_path, example_trial, capsys):
    with pytest.raises(UserInputError, match="holds no refinement network") as error:
        estimate_forces(example_trial, weights=pair / "half")
    assert "train refiner --network published --init" in str(error.value)
    capsys.readouterr()
    assert cli.run(["weights", "show", str(pair / "half")]) == 0
    shown = capsys.readouterr().out
    assert "diffusion:" in shown
    train_refinement(small_data, tmp_path / "r", kinetics_settings("published", steps=1, batch=2), console=QUIET)
    with pytest.raises(UserInputError, match="holds no diffusion network"):
        load_published(tmp_path / "r")
    settings = DenoiserTraining(steps=1, batch=2, schedule="cosine")
    train_denoiser(small_data, tmp_path / "both", settings, init=tmp_path / "r", console=QUIET)
    assert load_published(tmp_path / "both").description.schedule.name == "cosine"


def test_weights_tell_that_they_learnt_from_motions_without_a_trunk(small_data, tmp_path):
    """So that the pair at work shows the network what it knows from training, see `refine_columns`."""
    data = tmp_path / "data"
    shutil.copytree(small_data, data)
    motion = data / "Ours" / "one" / "walk_ik.mot"
    motion.write_text(motion.read_text().replace("lumbar_", "unused_"))
    description = train_refinement(data, tmp_path / "r", kinetics_settings("published", steps=1), console=QUIET)
    assert description.refinement.zeroed == tuple(name for name in PUBLISHED_63.names if name.startswith("lumbar_"))


def test_continuing_keeps_the_scale_and_the_other_network(pair, small_data, tmp_path):
    settings = DenoiserTraining(steps=3, batch=2)
    narrow = shutil.copytree(pair / "pair", tmp_path / "narrow")
    document = json.loads((narrow / "model.json").read_text())
    scale = document["diffusion"]["scaler"]["scale"]
    scale[5] *= 3.0
    (narrow / "model.json").write_text(json.dumps(document))
    description = train_denoiser(small_data, tmp_path / "next", settings, init=narrow, console=QUIET)
    assert description.diffusion.scaler.scale == tuple(scale)
    assert not description.scalers_agree
    assert same(tensors(tmp_path / "next", "refinement"), tensors(narrow, "refinement"))
    assert not same(tensors(tmp_path / "next", "denoiser"), tensors(narrow, "denoiser"))
    beyond = description.diffusion.training["beyond_range"]
    assert next(iter(beyond)) == "subtalar_angle_r"
    assert beyond["subtalar_angle_r"] > 0.2


def test_an_imported_published_pair_is_continued(small_data, tmp_path, example_trial):
    save_published(tmp_path / "d.pt", denoiser_state(256, 4), seed=0)
    save_published(tmp_path / "r.pt", refinement_state(), seed=0)
    init = tmp_path / "imported"
    known = import_published(tmp_path / "d.pt", tmp_path / "r.pt", init)
    arguments = ["--data", str(small_data), "--init", str(init), "--steps", "2", "--batch", "2", "--lora", "4"]
    assert cli.run(["train", "denoiser", *arguments, "--out", str(tmp_path / "first")]) == 0
    arguments[3] = str(tmp_path / "first")
    assert cli.run(["train", "refiner", *arguments, "--out", str(tmp_path / "second")]) == 0
    weights = load_published(tmp_path / "second")
    description = weights.description
    assert weights.diffusion_scaler == known.diffusion.scaler
    assert weights.refinement_scaler == known.refinement.scaler
    assert description.schedule == known.schedule
    assert description.diffusion.parameters == known.diffusion.parameters
    # Each network names its own origin; the pair trained last stands on the pair trained first.
    assert description.diffusion.training["init"] == {
        "name": "imported",
        "diffusion_sha256": known.diffusion.weights_sha256,
        "refinement_sha256": known.refinement.weights_sha256,
    }
    assert description.refinement.training["init"] == {
        "name": "first",
        "diffusion_sha256": description.diffusion.weights_sha256,
        "refinement_sha256": known.refinement.weights_sha256,
    }
    assert description.diffusion.training["settings"]["lora"] == {"rank": 4, "alpha": 16.0}
    assert not same(weights.denoiser.state_dict(), tensors(init, "denoiser"))
    assert np.isfinite(estimate_forces(example_trial, weights=tmp_path / "second").forces.force).all()


@pytest.mark.parametrize("part", ["denoiser", "refinement"])
def test_adapters_leave_all_but_a_low_rank_difference(pair, small_data, tmp_path, part):
    changes = {"steps": 4, "batch": 2, "learning_rate": 0.01, "lora": Adapters(rank=2)}
    if part == "denoiser":
        train_denoiser(small_data, tmp_path / "a", DenoiserTraining(**changes), init=pair / "pair", console=QUIET)
    else:
        settings = kinetics_settings("published", **changes)
        train_refinement(small_data, tmp_path / "a", settings, init=pair / "pair", console=QUIET)
    before, after = tensors(pair / "pair", part), tensors(tmp_path / "a", part)
    changed = {name: after[name] - tensor for name, tensor in before.items() if not torch.equal(after[name], tensor)}
    assert len(changed) >= 4
    for difference in changed.values():
        spectrum = torch.linalg.svdvals(difference.double())
        assert (spectrum[2:] < 1e-4 * spectrum[0]).all()
    load_published(tmp_path / "a")


class KilledError(Exception):
    pass


@pytest.mark.parametrize("part", ["denoiser", "refinement", "adapters"])
def test_a_resumed_run_is_the_same_run(pair, small_data, tmp_path, monkeypatch, part):
    def run(folder, resume=False):
        if part == "denoiser":
            train_denoiser(
                small_data, folder, DenoiserTraining(steps=12, batch=3, save_every=4), resume=resume, console=QUIET
            )
            return tensors(folder, "denoiser")
        settings = kinetics_settings("published", steps=12, batch=3, save_every=4)
        init = None
        if part == "adapters":
            settings, init = settings.model_copy(update={"lora": Adapters(rank=2)}), pair / "pair"
        train_refinement(small_data, folder, settings, init=init, resume=resume, console=QUIET)
        return tensors(folder, "refinement")

    whole = run(tmp_path / "whole")
    draw = PublishedWindows.draw

    def killed(self, index, windows):
        if index == 9:
            raise KilledError
        return draw(self, index, windows)

    with monkeypatch.context() as patch:
        patch.setattr(PublishedWindows, "draw", killed)
        with pytest.raises(KilledError):
            run(tmp_path / "broken")
    assert not (tmp_path / "broken" / "model.json").exists()
    resumed = run(tmp_path / "broken", resume=True)
    for name, tensor in whole.items():
        torch.testing.assert_close(resumed[name], tensor, rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["groundlink", "sugai"])
def test_a_baseline_is_trained_saved_and_run(kind, small_data, tmp_path, example_trial, capsys):
    out = tmp_path / "baseline"
    command = ["train", "refiner", "--network", kind, "--data", str(small_data)]
    assert cli.run([*command, "--out", str(out), "--steps", "4", "--batch", "2"]) == 0
    network, description = load_baseline(out)
    assert description.network == kind
    assert description.training["settings"]["optimizer"] == "adam"
    assert description.training["settings"]["measure"] == ("l1" if kind == "sugai" else "mse")
    assert set(description.metrics["studies"]) == {"Ours"}
    forces = baseline_forces(network, description.scaler, example_trial, floor_height=0.0)
    np.testing.assert_array_equal(forces.time, example_trial.time)
    assert np.isfinite(forces.force).all()
    again = ["train", "refiner", "--data", str(small_data), "--init", str(out), "--out", str(tmp_path / "next")]
    assert cli.run([*again, "--steps", "1", "--batch", "2"]) == 0
    assert load_baseline(tmp_path / "next")[1].training["init"]["weights_sha256"] == description.weights_sha256
    capsys.readouterr()
    assert cli.run(["weights", "show", str(out)]) == 0
    assert f"{kind}: {description.parameters:,} parameters" in capsys.readouterr().out


def without_train(folder, small_data):
    data = shutil.copytree(small_data, folder / "data")
    manifest = data / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",train,", ",test_other,"))
    return data


def test_mistakes_are_told_and_leave_nothing(pair, small_data, tmp_path, capsys):
    half, whole = str(pair / "half"), str(pair / "pair")
    data = ["--data", str(small_data)]
    out = ["--out", str(tmp_path / "out")]
    mistakes = {
        "no trial has split 'train'": ["denoiser", "--data", str(without_train(tmp_path, small_data)), *out],
        "name another folder": ["denoiser", *data, "--out", half],
        "trained on the schedule 'cosine'": ["denoiser", *data, *out, "--init", half, "--schedule", "scaled_linear"],
        "has the condition 'cells-1'": ["denoiser", *data, *out, "--init", half, "--condition", "none"],
        "is not of size 'large'": ["denoiser", *data, *out, "--init", half, "--size", "large"],
        "adapters need weights": ["denoiser", *data, *out, "--lora", "4"],
        "adapters need a refinement network": ["refiner", *data, *out, "--init", half, "--lora", "4"],
        "cannot start 'foot-view'": ["refiner", *data, *out, "--init", whole, "--network", "foot-view"],
        "cannot start 'groundlink'": ["refiner", *data, *out, "--init", whole, "--network", "groundlink"],
        "no adapters for the foot-view": ["refiner", *data, *out, "--init", "refiner-3", "--lora", "4"],
        "--lora 0 is not possible": ["denoiser", *data, *out, "--init", half, "--lora", "0"],
    }
    for said, arguments in mistakes.items():
        assert cli.run(["train", *arguments]) == 2, said
        assert said in " ".join(capsys.readouterr().err.split()), said
        assert not (tmp_path / "out").exists(), said


def test_a_refiner_of_ours_can_be_continued(small_data, tmp_path):
    from gaitdynamics.inference.checkpoint import load_refiner

    out = tmp_path / "next"
    command = ["train", "refiner", "--data", str(small_data), "--init", "refiner-3", "--out", str(out)]
    assert cli.run([*command, "--steps", "2", "--batch", "2", "--learning-rate", "1e-5"]) == 0
    start, known = load_refiner("refiner-3")
    network, description = load_refiner(out)
    assert description.training["init"] == {"name": known.name, "weights_sha256": known.weights_sha256}
    torch.testing.assert_close(network.mean, start.mean, rtol=0, atol=0)
    before = dict(start.named_parameters())
    difference = max(float((tensor - before[name]).abs().max()) for name, tensor in network.named_parameters())
    assert 0.0 < difference < 1e-3
