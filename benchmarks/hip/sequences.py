"""Labelled gait cycles as the hip networks take them, and the networks trained again on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from gaitdynamics.dataset.gait2hip import HipData, at_samples
from gaitdynamics.dataset.hip_label_quality import judge_cycle, usable_instants
from gaitdynamics.dataset.hip_labels import LabelledCycle, TrialLabels, cut_labelled_cycles
from gaitdynamics.features.hip import ANGLES, TARGETS, HipTask
from gaitdynamics.inference.hip_checkpoint import HipDescription, HipNetwork, load_hip, save_hip
from gaitdynamics.inference.network_files import MODEL_FILE
from gaitdynamics.networks.hip import HipConfig, HipNetworkName, make_hip_network
from gaitdynamics.training.hip import HipTraining, Scale, train_epochs

TASKS: tuple[HipTask, ...] = ("muscle_forces", "joint_moments")
#: Of each leg of a running trial so many cycles are trained on: there are a hundred times more than of walking.
CYCLES_PER_LEG = 3
#: Shortest stretch [s] that stands in for a cycle in training where a recording holds less than one.
SHORTEST_STRETCH = 0.4


@dataclass(frozen=True)
class Key:
    """Which cycle: the same one in labels from measured and from estimated forces."""

    label: str
    side: str
    start: float


def passing(trials: Sequence[TrialLabels]) -> list[LabelledCycle]:
    """Cut the gait cycles of trials and keep those that nothing speaks against."""
    return [cycle for cycle in cut_labelled_cycles(trials) if not judge_cycle(cycle)["reason"]]


def key(cycle: LabelledCycle) -> Key:
    """Name a cycle."""
    return Key(cycle.trial.label, cycle.side, round(cycle.start, 4))


def outputs_of(cycles: Sequence[LabelledCycle], task: HipTask) -> np.ndarray:
    """(N, T, outputs) per kg."""
    return np.stack([(c.force if task == "muscle_forces" else c.moment) / c.trial.mass_kg for c in cycles])


def as_data(cycles: Sequence[LabelledCycle], task: HipTask) -> HipData:
    """Arrange cycles as a data file of Gait2Hip-60 would; the activity stands for the cadence."""
    return HipData(
        angles=np.stack([cycle.angles for cycle in cycles]),
        outputs=outputs_of(cycles, task),
        subject=np.array([cycle.trial.person for cycle in cycles]),
        cadence=np.array([cycle.trial.activity for cycle in cycles]),
        target=TARGETS[task],
        file="labels",
        sha256="",
    )


def training_cycles(trials: Sequence[TrialLabels]) -> list[LabelledCycle]:
    """Cycles to train on, a few of each leg; where a leg has none, the stretch that was recorded.

    Overground trials often hold one step only. Without them nearly all training data would be running.
    """
    chosen: list[LabelledCycle] = []
    cycles = passing(trials)
    counts: dict[tuple[str, str], int] = {}
    for cycle in cycles:
        leg = (cycle.trial.label, cycle.side)
        counts[leg] = counts.get(leg, 0) + 1
        if counts[leg] <= CYCLES_PER_LEG or cycle.trial.activity == "walking":
            chosen.append(cycle)
    with_cycles = {cycle.trial.label for cycle in cycles}
    stretches = [_as_one_stretch(trial) for trial in trials if trial.label not in with_cycles]
    return chosen + cut_labelled_cycles([trial for trial in stretches if trial.legs])


def _as_one_stretch(trial: TrialLabels) -> TrialLabels:
    """Take the longest run of good instants of each leg as if it were a cycle."""
    legs = {}
    for side, leg in trial.legs.items():
        good = usable_instants(trial, leg)
        step = np.diff(leg.time).min()
        breaks = np.flatnonzero((np.diff(leg.time) > 1.5 * step) | ~good[1:] | ~good[:-1]) + 1
        runs = np.split(np.arange(len(leg.time)), breaks)
        longest = max(runs, key=len)
        if leg.time[longest[-1]] - leg.time[longest[0]] >= SHORTEST_STRETCH:
            legs[side] = replace(leg, cycles=np.array([[leg.time[longest[0]], leg.time[longest[-1]]]]))
    return replace(trial, legs=legs)


def retrain(
    folder: Path,
    name: HipNetworkName,
    train: HipData,
    validation: HipData,
    settings: HipTraining,
    console: Console,
) -> HipNetwork:
    """Train a network of Gait2Hip-60 on labelled cycles, or load it where that was done before."""
    if (folder / MODEL_FILE).is_file():
        return load_hip(folder)
    torch.manual_seed(settings.seed)
    train, validation = train.resampled(settings.samples), validation.resampled(settings.samples)
    scale = Scale.of(train.angles)
    config = HipConfig(name, len(ANGLES), train.outputs.shape[-1], frames=settings.samples)
    network = make_hip_network(config)
    run = train_epochs(
        network,
        scale.tensor(train.angles),
        torch.from_numpy(train.outputs.astype(np.float32)),
        settings,
        validation=(scale.tensor(validation.angles), torch.from_numpy(validation.outputs.astype(np.float32))),
    )
    console.print(f"{folder.name}: best epoch {run.best_epoch}, loss {min(run.validation_loss):.4f}")
    description = HipDescription(
        name=folder.name,
        description=f"{name} for {train.target.title}, trained on labels of own trials",
        task=train.target.task,
        unit=f"{train.target.unit}/kg",
        architecture=config,
        outputs=train.target.labels("r"),
        mean=tuple(map(float, scale.mean)),
        sd=tuple(map(float, scale.sd)),
        training={
            **settings.model_dump(mode="json"),
            "best_epoch": run.best_epoch,
            "validation_loss": min(run.validation_loss),
            "sequences": len(train),
        },
    )
    save_hip(folder, network, description)
    return load_hip(folder)


def predict(model: HipNetwork, data: HipData) -> np.ndarray:
    """Predict at the length the network was trained with, and bring the result to that of the data."""
    known = model.description
    predicted = model.predict(data.resampled(known.architecture.frames).angles)
    # As the command does: the networks give small negative forces.
    if known.task == "muscle_forces":
        predicted = np.maximum(predicted, 0.0)
    frames = data.angles.shape[1]
    return predicted if predicted.shape[1] == frames else at_samples(predicted, frames)
