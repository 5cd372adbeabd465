"""What perturbations do to a motion, and what they leave alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.columns import LUMBAR, PELVIS_TRANSLATIONS
from gaitdynamics.evaluation.perturbations import (
    NotApplicableError,
    at_rate,
    on_generic_model,
    smoothed,
    with_mass,
    with_noise,
    without_arms,
    without_trunk,
)


def spectrum(values, rate):
    power = np.abs(np.fft.rfft(values * np.hanning(len(values)))) ** 2
    return np.fft.rfftfreq(len(values), 1.0 / rate), power / power.sum()


@pytest.mark.parametrize("rate", [50.0, 75.0, 150.0, 250.0])
def test_another_rate_tells_the_same_motion(example_trial, rate):
    changed = at_rate(example_trial, rate)
    assert changed.rate == pytest.approx(rate)
    assert changed.time[0] == example_trial.time[0]
    assert example_trial.time[-1] - 1.0 / rate < changed.time[-1] <= example_trial.time[-1] + 1e-9
    knee = np.interp(changed.time, example_trial.time, example_trial.column("knee_angle_r"))
    np.testing.assert_allclose(changed.column("knee_angle_r"), knee, atol=np.radians(0.5))


def test_smoothing_takes_fast_parts_away(example_trial):
    noisy = with_noise(example_trial, 2.0, band=None, seed=0)
    frequency, before = spectrum(noisy.column("knee_angle_r"), noisy.rate)
    after = spectrum(smoothed(noisy, 6.0).column("knee_angle_r"), noisy.rate)[1]
    fast = frequency > 12.0
    assert after[fast].sum() < 1e-3 * before[fast].sum()


@pytest.mark.parametrize("band", [2.0, 6.0, None])
def test_noise_has_the_stated_size_and_band(example_trial, band):
    changed = with_noise(example_trial, 2.0, band=band, seed=3)
    added = np.degrees(changed.values - example_trial.values)
    turns = [i for i, name in enumerate(example_trial.coordinates) if name not in PELVIS_TRANSLATIONS]
    measured = [i for i in turns if not example_trial.missing[i]]
    assert added[:, measured].std() == pytest.approx(2.0, rel=0.12)
    still = [i for i in range(len(example_trial.coordinates)) if i not in measured]
    assert (added[:, still] == 0.0).all()
    frequency, power = spectrum(added[:, measured[0]], example_trial.rate)
    share = power[frequency > 2.0 * (band or 5.0)].sum()
    assert share > 0.5 if band is None else share < 0.01
    # Every coordinate has its own.
    between = np.corrcoef(added[:, measured].T) - np.eye(len(measured))
    assert np.abs(between).max() < 0.6


def test_noise_is_fixed_by_seed_and_name(example_trial):
    one, two = (with_noise(example_trial, 1.0, band=6.0, seed=s).values for s in (0, 0))
    np.testing.assert_array_equal(one, two)
    assert (with_noise(example_trial, 1.0, band=6.0, seed=1).values != one).any()
    named = replace(example_trial, name="other")
    assert (with_noise(named, 1.0, band=6.0, seed=0).values != one).any()


def test_a_wrong_mass_changes_the_mass_only(example_trial):
    changed = with_mass(example_trial, 0.9)
    assert changed.body_weight == pytest.approx(0.9 * example_trial.body_weight)
    assert changed.subject.model is example_trial.subject.model
    np.testing.assert_array_equal(changed.values, example_trial.values)


def test_the_generic_model_has_the_same_angles(example_trial):
    changed = on_generic_model(example_trial)
    assert changed.subject.generic
    assert changed.subject.model.mass == pytest.approx(example_trial.subject.mass_kg)
    for name in ("hip_flexion_r", "knee_angle_l", "pelvis_ty"):
        np.testing.assert_array_equal(changed.column(name), example_trial.column(name))
    unknown = replace(example_trial, subject=replace(example_trial.subject, height_m=None))
    with pytest.raises(NotApplicableError):
        on_generic_model(unknown)


def test_without_a_trunk_the_rest_stays(example_trial):
    assert not example_trial.is_missing(*LUMBAR)
    changed = without_trunk(example_trial)
    assert changed.is_missing(*LUMBAR)
    legs = [i for i, name in enumerate(example_trial.coordinates) if name not in LUMBAR]
    np.testing.assert_array_equal(changed.values[:, legs], example_trial.values[:, legs])
    assert (changed.column("lumbar_extension") != example_trial.column("lumbar_extension")).any()
    with pytest.raises(NotApplicableError):
        without_trunk(changed)


def test_arms_rest_where_they_were_measured(data_folder):
    from gaitdynamics.dataset.catalogue import Catalogue

    trial = Catalogue.read(data_folder).select(study="Arnold2013").records[0].load()
    changed = without_arms(trial)
    assert np.ptp(trial.column("arm_flex_r")) > 0.1
    assert np.ptp(changed.column("arm_flex_r")) == 0.0
    assert changed.is_missing("arm_flex_r", "elbow_flex_l")
    assert not changed.is_missing("hip_flexion_r", *LUMBAR)
    with pytest.raises(NotApplicableError):
        without_arms(changed)
