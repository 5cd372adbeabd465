"""The methods that take part in comparisons."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.body.stature import estimate_height
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.baselines import BASELINES, BaselineDescription, save_baseline
from gaitdynamics.inference.checkpoint import load_refiner, save_refiner
from gaitdynamics.inference.pair_description import PairDescription, RefinementDescription
from gaitdynamics.inference.pair_parts import PairParts, save_parts
from gaitdynamics.networks.refinement_encoder import RefinementEncoder, RefinementEncoderConfig
from gaitdynamics.tasks.force_methods import methods_of
from gaitdynamics.tasks.forces import estimate_forces, physics_forces
from gaitdynamics.trial import Trial


@pytest.fixture
def short(example_trial: Trial) -> Trial:
    frames = slice(0, 150)
    return replace(example_trial, time=example_trial.time[frames], values=example_trial.values[frames])


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A copy of the packaged network, of which one number is another."""
    network, description = load_refiner()
    next(network.parameters()).data.flatten()[0] += 0.5
    save_refiner(tmp_path / "mine", network, description)
    return tmp_path / "mine"


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    names = PUBLISHED_63.names
    scaler = ColumnScaler(names, scale=(1.0,) * len(names), bias=(0.0,) * len(names))
    description = BaselineDescription(name="b", network="sugai", scaler=scaler)
    save_baseline(tmp_path / "sugai", BASELINES["sugai"](), description)
    return tmp_path / "sugai"


def test_built_in_methods_are_the_tasks_of_the_package(short: Trial) -> None:
    methods = methods_of()
    assert list(methods) == ["physics", "refiner"]
    np.testing.assert_array_equal(methods["physics"](short).force, physics_forces(short).force)
    np.testing.assert_array_equal(methods["refiner"](short).force, estimate_forces(short).forces.force)
    assert methods["physics"].parameters() == 0
    assert methods["refiner"].parameters() == sum(p.numel() for p in load_refiner()[0].parameters())


def test_further_weights_are_methods_under_their_names(short: Trial, checkpoint: Path) -> None:
    methods = methods_of(["refiner"], [f"ablation={checkpoint}"])
    assert list(methods) == ["refiner", "ablation"]
    own = methods["ablation"](short).force
    np.testing.assert_array_equal(own, estimate_forces(short, weights=checkpoint).forces.force)
    assert (own != methods["refiner"](short).force).any()
    # They travel to other processes.
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(methods))["ablation"](short).force, own)


def test_weights_without_a_name_are_those_of_the_refiner(short: Trial, checkpoint: Path) -> None:
    methods = methods_of(["refiner"], [str(checkpoint)])
    np.testing.assert_array_equal(
        methods["refiner"](short).force, estimate_forces(short, weights=checkpoint).forces.force
    )


def test_baselines_take_part(short: Trial, baseline: Path) -> None:
    method = methods_of(["physics"], [f"Sugai={baseline}"])["Sugai"]
    forces = method(short)
    assert forces.force.shape == (len(short.time), 2, 3)
    assert np.isfinite(forces.force).all()
    assert method.parameters() == sum(p.numel() for p in BASELINES["sugai"]().parameters())


def test_baselines_estimate_a_height_that_is_not_known(short: Trial, baseline: Path) -> None:
    method = methods_of([], [f"Sugai={baseline}"])["Sugai"]
    unknown = replace(short, subject=replace(short.subject, height_m=None))
    estimated = replace(short, subject=replace(short.subject, height_m=estimate_height(short.subject.model)))
    np.testing.assert_array_equal(method(unknown).force, method(estimated).force)


def test_a_refinement_network_alone_takes_part(short: Trial, tmp_path: Path) -> None:
    columns = PUBLISHED_63.names
    architecture = RefinementEncoderConfig(width=16, layers=1, heads=2, feedforward=16)
    part = RefinementDescription(
        parameters=0,
        scaler=ColumnScaler(columns, scale=(1.0,) * len(columns), bias=(0.0,) * len(columns)),
        averaged=True,
        release="",
        sources=(),
        weights_sha256="",
        architecture=architecture,
    )
    description = PairDescription(name="half", diffusion=None, refinement=part, scalers_agree=True)
    network = RefinementEncoder(architecture)
    save_parts(tmp_path / "half", PairParts(None, network, description))
    method = methods_of([], [f"refinement={tmp_path / 'half'}"])["refinement"]
    forces = method(short)
    assert forces.force.shape == (len(short.time), 2, 3)
    assert np.isfinite(forces.force).all()
    assert method.parameters() == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("names", "weights", "message"),
    [
        (["guess"], [], "there is no method 'guess'"),
        ([], [], "no method is named"),
        (["physics"], ["refiner=somewhere"], "'refiner' is used twice"),
        (["physics"], ["=somewhere"], "no name or no folder"),
        (["refiner"], ["a", "b"], "given twice"),
        (["physics"], ["somewhere"], "have no name"),
        (["physics"], ["mine=nowhere"], "there are no weights 'nowhere'"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(names: list[str], weights: list[str], message: str) -> None:
    with pytest.raises(UserInputError, match=message):
        methods_of(names, weights)
