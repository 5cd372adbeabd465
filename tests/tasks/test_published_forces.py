"""Forces by a pair of networks in the published layout. The parameters are made up, so only what must hold for any
parameters is tested here; that the networks compute what the published code computes is tested beside its numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.features.published.trial import columns_of_trial
from gaitdynamics.inference.published_checkpoint import import_published, is_published_pair, load_published
from gaitdynamics.inference.published_pair import run_pair
from gaitdynamics.tasks.forces import estimate_forces
from gaitdynamics.training.force_windows import without_trunk
from published_files import save_published
from published_weights import denoiser_state, refinement_state

PLAN_STEPS = 3


@pytest.fixture(scope="module", params=["one scale", "two scales"])
def pair(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    save_published(folder / "d.pt", denoiser_state(256, 4), seed=0)
    save_published(folder / "r.pt", refinement_state(), seed=0 if request.param == "one scale" else 1)
    import_published(folder / "d.pt", folder / "r.pt", folder / "imported")
    return folder / "imported"


def cut(trial, frames):
    return replace(trial, time=trial.time[:frames], values=trial.values[:frames])


def test_the_folder_says_what_it_is(pair, tmp_path):
    assert is_published_pair(pair)
    assert not is_published_pair(tmp_path)


def test_one_window_is_what_the_network_says_of_it(pair, example_trial):
    """Scaled by its own scaler, through the refinement network, and back: done here by hand."""
    trial = cut(example_trial, 150)
    columns = columns_of_trial(trial)
    weights = load_published(pair)
    result = run_pair(weights, columns.values, columns.missing)
    kinematic, kinetic = list(PUBLISHED_63.kinematic), list(PUBLISHED_63.kinetic)
    scaler = weights.refinement_scaler
    scaled = torch.from_numpy(scaler.to_scaled(columns.values)[None, :, kinematic].astype(np.float32))
    with torch.inference_mode():
        said = weights.refinement(scaled)[0].double().numpy()
    expected = (said - np.array(scaler.bias)[kinetic]) / np.array(scaler.scale)[kinetic]
    np.testing.assert_allclose(result.values[:, kinetic], expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(result.values[:, kinematic], columns.values[:, kinematic])
    assert result.filled == ()


def test_forces_obey_the_contract(pair, example_trial):
    estimate = estimate_forces(example_trial, weights=pair)
    forces = estimate.forces
    np.testing.assert_array_equal(forces.time, example_trial.time)
    assert np.isfinite(forces.force).all()
    assert np.isfinite(forces.cop).all()
    assert (forces.force[~estimate.contact] == 0.0).all()
    assert (forces.force[..., 1] >= 0.0).all()
    assert estimate.weights.name == load_published(pair).description.name


def test_a_missing_trunk_is_filled_and_the_same_seed_fills_the_same(pair, example_trial, monkeypatch):
    trial = without_trunk(cut(example_trial, 200))
    assert trial is not None
    columns = columns_of_trial(trial)
    weights = load_published(pair)
    from gaitdynamics.diffusion.sampling import SamplingPlan

    plan = SamplingPlan(steps=PLAN_STEPS)
    one, again, other = (
        run_pair(weights, columns.values, columns.missing, seed=seed, plan=plan) for seed in (1, 1, 2)
    )
    assert one.filled == tuple(name for name in PUBLISHED_63.names if name.startswith("lumbar"))
    lumbar = [PUBLISHED_63.names.index(name) for name in one.filled]
    rest = [c for c in PUBLISHED_63.kinematic if c not in lumbar]
    np.testing.assert_array_equal(one.values[:, rest], columns.values[:, rest])
    np.testing.assert_array_equal(one.values, again.values)
    assert not np.allclose(one.values[:, lumbar], other.values[:, lumbar])
    assert not np.allclose(one.values[:, lumbar], columns.values[:, lumbar])


def test_the_estimate_says_what_was_filled(pair, example_trial):
    trial = without_trunk(cut(example_trial, 120))
    notes = estimate_forces(trial, weights=pair).warnings
    assert any("filled by the diffusion network" in note for note in notes)
