"""Training on small made-up samples: what is drawn, what counts, and that a resumed run is the same run."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from rich.console import Console

from gaitdynamics.features.body_state import CUTOFFS
from gaitdynamics.features.foot_frame import OUTLINE
from gaitdynamics.features.refiner_schema import COLUMNS, TOTAL_FORCE
from gaitdynamics.features.targets import ForceTargets
from gaitdynamics.networks.refiner import Refiner, RefinerConfig, RefinerOutput
from gaitdynamics.training.force_windows import (
    AS_MEASURED,
    NOISY,
    VARIANTS,
    ForceWindows,
    Sample,
    samples_of,
    without_trunk,
)
from gaitdynamics.training.refiner import _ELSEWHERE, widening
from gaitdynamics.training.refiner_loss import RefinerTraining, noisy_loss, refiner_loss, total_force
from gaitdynamics.training.refiner_source import load_samples
from gaitdynamics.trial import FootForces


def sample(study: str, frames: int, seed: int = 0) -> Sample:
    """Features at random; the force on each foot is a fixed share of the total that the features hold."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(frames, 2, len(COLUMNS))).astype(np.float32)
    features[:, 1, TOTAL_FORCE] = features[:, 0, TOTAL_FORCE]
    force = 0.5 * features[..., :3]
    ones = np.ones((frames, 2), dtype=np.float32)
    return Sample(study, features, ForceTargets(force, np.zeros((frames, 2, 2), np.float32), ones, ones))


@pytest.fixture
def windows() -> ForceWindows:
    return ForceWindows([sample("a", 70), sample("a", 400, 1), sample("b", 160, 2)], batch=6, seed=5)


def network() -> Refiner:
    torch.manual_seed(0)
    return Refiner(RefinerConfig(len(COLUMNS), len(CUTOFFS), width=8, dilations=(1,), outline=OUTLINE))


def output_like(batch, force, extra, contact, point) -> RefinerOutput:
    doubt = 0.05
    return RefinerOutput(
        force,
        extra,
        contact,
        point,
        torch.full_like(batch.force, doubt),
        torch.full_like(batch.cop, doubt),
    )


def test_a_batch_depends_on_its_number_only(windows):
    first, again = windows.draw(17), windows.draw(17)
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(windows.draw(18).force[0, 0, 0], first.force[0, 0, 0])


def test_windows_are_cut_not_padded(windows):
    lengths = {windows.draw(k).features.shape[2] for k in range(20)}
    assert lengths == {60, 100, 150}
    for k in range(20):
        batch = windows.draw(k)
        assert batch.features.shape[:2] == (6, 2)
        torch.testing.assert_close(batch.force, 0.5 * batch.features[..., :3])
        assert (batch.valid == 1).all()


def test_frames_without_a_trusted_measurement_do_not_count(windows):
    batch = windows.draw(0)
    torch.manual_seed(1)
    output = output_like(
        batch,
        torch.randn_like(batch.force),
        torch.randn_like(batch.force),
        torch.randn_like(batch.contact),
        batch.cop + 0.1,
    )
    valid = batch.valid.clone()
    valid[:, :, ::2] = 0.0
    spoiled = batch.force.clone()
    spoiled[:, :, ::2] = 1e6
    one = refiner_loss(output, batch._replace(valid=valid), RefinerTraining())
    other = refiner_loss(output, batch._replace(valid=valid, force=spoiled), RefinerTraining())
    torch.testing.assert_close(one["force"], other["force"])
    torch.testing.assert_close(one["contact"], other["contact"])


def test_a_perfect_estimate_has_no_force_or_pressure_loss(windows):
    batch = windows.draw(3)
    output = output_like(
        batch, batch.force, torch.zeros_like(batch.force), 20.0 * torch.ones_like(batch.contact), batch.cop
    )
    terms = refiner_loss(output, batch, RefinerTraining())
    assert terms["force"] == 0
    assert terms["cop"] == 0
    assert terms["contact"] < 1e-6


def test_doubt_is_least_where_it_equals_the_error(windows):
    """Laplace's distribution: the likelihood of errors of one size is largest for sd = sqrt(2) times that size."""
    batch = windows.draw(3)
    output = output_like(batch, batch.force + 0.1, batch.force, batch.contact, batch.cop)
    found = {
        sd: float(
            refiner_loss(replace(output, force_scale=torch.full_like(batch.force, sd)), batch, RefinerTraining())[
                "doubt"
            ]
        )
        for sd in (0.1, 0.1414, 0.2)
    }
    assert min(found, key=found.__getitem__) == 0.1414


def test_intervals_are_widened_until_they_hold(windows):
    """Errors of a normal distribution four times wider than what an untrained network states."""
    net = network().eval()
    features = np.zeros((4000, 2, len(COLUMNS)), np.float32)
    rng = np.random.default_rng(0)
    with torch.inference_mode():
        x = torch.zeros(1, 2, 1, len(COLUMNS))
        stated = float(net(x, total_force(x)).force_scale[0, 0, 0, 0])
        point = net(x, total_force(x)).point[0, 0, 0].numpy()
    force = (4.0 * stated * rng.normal(size=(4000, 2, 3))).astype(np.float32)
    ones = np.ones((4000, 2), np.float32)
    targets = ForceTargets(force, np.tile(point, (4000, 2, 1)), ones, ones)
    factor = widening(net, [Sample("a", features, targets)])
    # An untrained network gives each foot contact with a probability of a half: flight, and nothing known of walking.
    assert torch.equal(factor[0], factor[1])
    np.testing.assert_allclose(factor[1, :3].numpy(), 4.0 * _ELSEWHERE, rtol=0.05)
    assert (factor[1, 3:] < 0.01).all()
    assert torch.equal(widening(net, []), net.widening)


def test_total_force_is_cut_out_of_the_features(windows):
    features = windows.draw(0).features
    torch.testing.assert_close(total_force(features)[..., 1, 2], features[..., 5])


def test_only_train_and_val_people_are_read(tmp_path):
    asked = []

    class Spy:
        def select(self, *, split):
            asked.append(split)
            return ()

    for split in ("train", "val"):
        load_samples(Spy(), split, Console(quiet=True))
    assert asked == ["train", "val"]


def test_a_trunk_can_be_forgotten(example_trial):
    forgotten = without_trunk(example_trial)
    assert forgotten is not None
    assert forgotten.is_missing("lumbar_bending")
    assert without_trunk(forgotten) is None
    legs = [i for i, name in enumerate(example_trial.coordinates) if not name.startswith("lumbar")]
    np.testing.assert_array_equal(forgotten.values[:, legs], example_trial.values[:, legs])


def steady(trial, gain: float, valid: bool = True) -> FootForces:
    force = np.zeros((len(trial.time), 2, 3))
    force[..., 1] = gain * trial.body_weight / 2
    return FootForces(trial.time, force, np.zeros_like(force), valid=np.full((len(trial.time), 2), valid))


def test_a_trial_with_a_trunk_gives_all_variants(example_trial):
    trial = replace(example_trial, forces=steady(example_trial, 1.0))
    found = samples_of("ours", trial, "ours/me", seed=3)
    assert [sample.variant for sample in found] == list(VARIANTS)
    flag = COLUMNS.index("trunk_missing")
    assert [float(s.features[0, 0, flag]) for s in found] == [0.0, 1.0, 0.0, 1.0]
    for sample in found:
        assert sample.person == "ours/me"
        np.testing.assert_allclose(sample.targets.force[..., 1], 0.5, rtol=1e-6)
    clean, noisy = found[0].features, found[2].features
    accelerations = [i for i, name in enumerate(COLUMNS) if "acceleration" in name]
    # Noise is small in where the feet are, and large in how they accelerate.
    assert np.abs(noisy - clean)[..., COLUMNS.index("this_calcn_from_com_up")].max() < 0.2
    assert np.abs(noisy - clean)[..., accelerations].std() > 0.01
    again = samples_of("ours", trial, "ours/me", seed=3)
    np.testing.assert_array_equal(again[2].features, noisy)


def test_noisy_variants_are_drawn_as_often_as_asked():
    samples = [replace(sample("a", 200, k), variant=v) for k, v in enumerate([AS_MEASURED, NOISY[0], NOISY[1]])]
    windows = ForceWindows(samples, batch=200, seed=1, noisy_share=0.3)
    cuts, _ = windows.cuts(0)
    assert np.mean([cut.sample.variant in NOISY for cut in cuts]) == pytest.approx(0.3, abs=0.1)
    only = ForceWindows(samples[:1], batch=10, seed=1, noisy_share=0.3)
    assert all(cut.sample.variant == AS_MEASURED for cut in only.cuts(0)[0])


def test_training_learns_and_a_resumed_run_is_the_same(windows, tmp_path, monkeypatch):
    pytest.importorskip("lightning")
    from gaitdynamics.training import lightning_loop

    # The made-up features hold neither feet nor a body weight about which forces could swing.
    settings = RefinerTraining(steps=80, batch=6, average=0.5, save_every=20, placement_noise=0.0, amplitude_noise=0.0)

    def loss(net: Refiner) -> float:
        batch = windows.draw(1000)
        with torch.inference_mode():
            return float(refiner_loss(net(batch.features, total_force(batch.features)), batch, settings)["force"])

    def fit(net: Refiner, folder: str, *, resume: bool = False) -> None:
        loss_of = partial(noisy_loss, settings=settings)
        lightning_loop.fit(net, windows.draw, loss_of, settings, tmp_path / folder, resume=resume)

    whole = network()
    before = loss(whole.eval())
    fit(whole, "whole")
    assert loss(whole.eval()) < 0.8 * before

    class KilledError(Exception):
        pass

    draw = ForceWindows.draw

    def killed(self, index, windows):
        if index == 45:
            raise KilledError
        return draw(self, index, windows)

    broken = network()
    with monkeypatch.context() as patch:
        patch.setattr(ForceWindows, "draw", killed)
        with pytest.raises(KilledError):
            fit(broken, "broken")
    resumed = network()
    fit(resumed, "broken", resume=True)
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, rtol=0, atol=1e-6)
    assert (tmp_path / "broken" / "log" / "metrics_1.csv").is_file()
