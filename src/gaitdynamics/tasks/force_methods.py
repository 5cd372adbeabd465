"""Methods that estimate forces from a motion, each behind one call, so that they can be compared.

A kind of checkpoint takes part in every comparison once it has an entry in `FAMILIES`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from torch import nn

from gaitdynamics.body.stature import estimate_height
from gaitdynamics.errors import UserInputError
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.floor import estimate_floor
from gaitdynamics.features.published.scaler import ColumnScaler
from gaitdynamics.inference import baselines
from gaitdynamics.inference.checkpoint import MODEL_FILE, load_refiner
from gaitdynamics.inference.pair_description import read_pair_description
from gaitdynamics.inference.pair_parts import load_parts
from gaitdynamics.inference.published_checkpoint import is_published_pair, load_published
from gaitdynamics.tasks.forces import estimate_forces, physics_forces
from gaitdynamics.trial import FootForces, Trial

#: The methods that are always there: the rule without learning, and the network that comes with the package.
PHYSICS: Final = "physics"
REFINER: Final = "refiner"
BUILT_IN: Final = (PHYSICS, REFINER)


@dataclass(frozen=True)
class Family:
    """A kind of checkpoint.

    Attributes
    ----------
    recognises
        Whether a folder, or name of packaged weights, is of this kind.
    estimate
        Forces of a trial with such weights.
    networks
        Loads the networks, whose parameters are counted.
    """

    recognises: Callable[[str | None], bool]
    estimate: Callable[[Trial, str | None], FootForces]
    networks: Callable[[str | None], Sequence[nn.Module]]


def _by_estimate_forces(trial: Trial, weights: str | None) -> FootForces:
    return estimate_forces(trial, weights=weights, seed=0).forces


def _is_baseline(weights: str | None) -> bool:
    return weights is not None and _kind(Path(weights)) == baselines.KIND


def _kind(folder: Path) -> object:
    """Read what kind of checkpoint a folder says it holds; None where it says nothing."""
    try:
        description = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return description.get("kind") if isinstance(description, dict) else None


@lru_cache(maxsize=8)
def _baseline(folder: str) -> tuple[nn.Module, ColumnScaler]:
    network, description = baselines.load_baseline(Path(folder))
    return network, description.scaler


def _is_refinement_alone(weights: str | None) -> bool:
    if weights is None or not is_published_pair(Path(weights)):
        return False
    return read_pair_description(Path(weights)).diffusion is None


@lru_cache(maxsize=8)
def _refinement(folder: str) -> tuple[nn.Module, ColumnScaler]:
    parts = load_parts(Path(folder))
    if parts.refinement is None or parts.description.refinement is None:
        raise UserInputError("the refinement network was never trained", file=Path(folder))
    return parts.refinement, parts.description.refinement.scaler


def _on_51_columns(
    load: Callable[[str], tuple[nn.Module, ColumnScaler]], trial: Trial, weights: str | None
) -> FootForces:
    """Estimate with a network that maps the 51 published kinematic columns to the 12 kinetic ones.

    The centre of pressure is put on the floor that is found for every method. These columns need the body height:
    where it is not known it is estimated from the skeleton, as in training.
    """
    network, scaler = load(str(weights))
    if trial.subject.height_m is None:
        height = estimate_height(trial.subject.model)
        trial = replace(trial, subject=replace(trial.subject, height_m=height))
    floor = estimate_floor(body_state(trial))
    return baselines.baseline_forces(network, scaler, trial, floor_height=floor.height)


def _pair_networks(weights: str | None) -> Sequence[nn.Module]:
    pair = load_published(Path(str(weights)))
    return pair.denoiser, pair.refinement


#: Tried in this order; the last takes all that is left, and tells what is wrong with it.
FAMILIES: Final = (
    Family(_is_baseline, partial(_on_51_columns, _baseline), lambda weights: (_baseline(str(weights))[0],)),
    Family(_is_refinement_alone, partial(_on_51_columns, _refinement), lambda weights: (_refinement(str(weights))[0],)),
    Family(
        lambda weights: weights is not None and is_published_pair(Path(weights)), _by_estimate_forces, _pair_networks
    ),
    Family(lambda _: True, _by_estimate_forces, lambda weights: (load_refiner(weights)[0],)),
)


def family_of(weights: str | None) -> Family:
    """Find the kind of a folder, or name, of weights; None stands for those of the package."""
    return next(family for family in FAMILIES if family.recognises(weights))


@dataclass(frozen=True)
class PhysicsMethod:
    """Newton's law and a rule for the share of each foot."""

    def __call__(self, trial: Trial) -> FootForces:
        """Estimate the forces of a trial."""
        return physics_forces(trial)

    def parameters(self) -> int:
        """Nothing is learnt."""
        return 0


@dataclass(frozen=True)
class WeightsMethod:
    """Trained networks; `weights` is a folder or the name of packaged weights, None for those of the package.

    The object holds no network, so that it can be sent to other processes; each loads its own, once.
    """

    weights: str | None = None

    def __call__(self, trial: Trial) -> FootForces:
        """Estimate the forces of a trial."""
        return family_of(self.weights).estimate(trial, self.weights)

    def parameters(self) -> int:
        """Count the trainable numbers.

        Raises
        ------
        UserInputError
            There are no such weights, or they are damaged.
        """
        networks = family_of(self.weights).networks(self.weights)
        return sum(p.numel() for network in networks for p in network.parameters())


ForceMethod = PhysicsMethod | WeightsMethod


def methods_of(names: Sequence[str] = BUILT_IN, weights: Sequence[str] = ()) -> dict[str, ForceMethod]:
    """Make methods from what was written on a command line.

    Parameters
    ----------
    names
        Of `BUILT_IN`.
    weights
        Each NAME=FOLDER, for one more method of that name, or a folder or name of weights that 'refiner' takes instead
        of those of the package.

    Returns
    -------
    dict
        By name, in the order given.

    Raises
    ------
    UserInputError
        A name is unknown or used twice, or there are no such weights.
    """
    own, further = _weights_by_name(weights)
    known: dict[str, ForceMethod] = {PHYSICS: PhysicsMethod(), REFINER: WeightsMethod(own)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserInputError(
            f"there is no method {', '.join(map(repr, unknown))}",
            remedy=f"choose among: {', '.join(BUILT_IN)}; further weights are named by NAME=FOLDER",
        )
    if own is not None and REFINER not in names:
        raise UserInputError(
            f"weights '{own}' have no name, and the method '{REFINER}' was not asked for",
            remedy=f"write --weights NAME={own}",
        )
    methods = {name: known[name] for name in names}
    methods |= {name: WeightsMethod(folder) for name, folder in further.items()}
    if not methods:
        raise UserInputError("no method is named", remedy=f"choose among: {', '.join(BUILT_IN)}")
    for method in methods.values():
        method.parameters()  # loads it: a folder that is no checkpoint is told before anything is computed
    return methods


def _weights_by_name(weights: Sequence[str]) -> tuple[str | None, Mapping[str, str]]:
    own: str | None = None
    further: dict[str, str] = {}
    for text in weights:
        name, separator, folder = text.partition("=")
        if not separator:
            if own is not None:
                raise UserInputError(f"weights of '{REFINER}' are given twice", remedy="write --weights NAME=FOLDER")
            own = text
        elif not name or not folder:
            raise UserInputError(f"weights '{text}' have no name or no folder", remedy="write --weights NAME=FOLDER")
        elif name in BUILT_IN or name in further:
            raise UserInputError(f"the name '{name}' is used twice", remedy="choose another name")
        else:
            further[name] = folder
    return own, further
