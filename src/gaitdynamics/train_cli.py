"""The commands that train networks: `gaitdynamics train ...`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from gaitdynamics.errors import UserInputError

if TYPE_CHECKING:
    from rich.console import Console

    from gaitdynamics.training.devices import Devices
    from gaitdynamics.training.kinetics import KineticsNetwork

train = App(name="train", help="Train the networks.")

Flag = Annotated[bool, Parameter(negative=())]
Network = Literal["foot-view", "published", "groundlink", "sugai"]


@train.command
def denoiser(
    *,
    data: Path,
    out: Path,
    init: Path | None = None,
    size: Literal["small", "large"] | None = None,
    schedule: Literal["scaled_linear", "cosine"] | None = None,
    condition: Literal["none", "cells-1"] | None = None,
    tempo: tuple[float, ...] = (),
    half: Flag = False,
    average: float | None = None,
    workers: int = 1,
    lora: int | None = None,
    steps: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    minutes: float | None = None,
    seed: int = 0,
    resume: Flag = False,
    devices: int = 1,
    nodes: int = 1,
    parts: int | None = None,
    save_every: int | None = None,
) -> None:
    """Train the diffusion network over motion windows.

    Parameters
    ----------
    data
        Folder with manifest.csv, laid out as docs/training.md tells, or a store made by 'prepare --for denoiser'.
    out
        Folder for the weights, with the refinement network of --init if it holds one.
    init
        Folder of weights to continue from, such as an imported published pair. Without it a new network is trained.
    size
        Of a new network: small, as in the paper, or large, as released since January 2026. Small unless told.
    schedule
        Of the noise, for a new network: scaled_linear, as released, or cosine, as in the paper. Cosine unless told,
        but for --condition none.
    condition
        Of a new network: cells-1 to be told which cells are known, and learn to fill the others; none for the published
        format. cells-1 unless told.
    tempo
        Show walks also as if they had taken so many times as long, such as 0.93 or 1.07; may be given several times.
    half
        Write the weights in half precision.
    average
        Decay of the moving average of the weights, if not the usual one.
    workers
        Processes that share the reading of the data.
    lora
        Train adapters of this rank only, on top of --init.
    steps
        Number of optimisation steps, if not the usual one.
    batch
        Windows per step, if not the usual number.
    learning_rate
        If not the usual one.
    minutes
        End after this time even if steps are left, with what was learnt by then.
    seed
        Seed of the random numbers.
    resume
        Go on from where the run in --out stopped.
    devices
        GPUs of this machine that share each batch; processes where there is no GPU.
    nodes
        Machines that do so, each with this many devices; the command is started on each of them, by torchrun or SLURM.
    parts
        Parts of a batch, each with random numbers of its own: one per device unless told. Runs of as many parts give
        the same weights on any number of devices.
    save_every
        Steps between savings of the state for --resume, if not the usual number.
    """
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.training.denoiser import DenoiserTraining, train_denoiser
    from gaitdynamics.training.devices import Devices

    changes = _changes(
        init,
        lora,
        seed,
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        minutes=minutes,
        parts=parts,
        save_every=save_every,
    )
    if average is not None:
        changes["average"] = average
    settings = DenoiserTraining(size=size, schedule=schedule, condition=condition, tempos=tempo, half=half, **changes)
    with output_folder(out):
        train_denoiser(
            data,
            out,
            settings,
            init=init,
            resume=resume,
            workers=workers,
            devices=Devices(devices, nodes),
            console=_screen(),
        )
    print(f"Weights in {out}; continue with: gaitdynamics train refiner --network published --init {out}")


@train.command
def refiner(
    *,
    data: Path,
    out: Path,
    init: Path | None = None,
    network: Network | None = None,
    lora: int | None = None,
    steps: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    members: int | None = None,
    minutes: float | None = None,
    settings: Path | None = None,
    seed: int | None = None,
    resume: Flag = False,
    devices: int = 1,
    nodes: int = 1,
    parts: int | None = None,
    save_every: int | None = None,
) -> None:
    """Train a network that gives forces.

    Parameters
    ----------
    data
        Folder with manifest.csv, laid out as docs/training.md tells, or a store made by 'prepare': --for refiner for
        the foot-view network, --for denoiser for the others.
    out
        Folder for the weights; give it to --weights afterwards.
    init
        Folder of weights to continue from, or the pair whose diffusion network is to be completed.
    network
        foot-view refines the forces of Newton's law, as the packaged weights do; published, groundlink and sugai are
        the refinement network and the baselines of the paper. That of --init, or foot-view, unless told.
    lora
        Train adapters of this rank only, on top of the published network in --init.
    steps
        Number of optimisation steps, if not the usual one.
    batch
        Windows per step, if not the usual number.
    learning_rate
        If not the usual one.
    members
        Networks of which the foot-view estimate is the mean, if not the usual number.
    minutes
        End after this time even if steps are left, with what was learnt by then.
    settings
        TOML file with further settings, one `name = value` a line; options on the command line stand over it.
    seed
        Seed of the random numbers, 0 unless told.
    resume
        Go on from where the run in --out stopped.
    devices
        GPUs of this machine that share each batch; processes where there is no GPU.
    nodes
        Machines that do so, each with this many devices; the command is started on each of them, by torchrun or SLURM.
    parts
        Parts of a batch, each with random numbers of its own: one per device unless told. Runs of as many parts give
        the same weights on any number of devices.
    save_every
        Steps between savings of the state for --resume, if not the usual number.
    """
    from gaitdynamics.tasks.outputs import output_folder
    from gaitdynamics.training.devices import Devices
    from gaitdynamics.training.settings import read_changes

    kind = _network(network, init)
    changes = _changes(
        init,
        lora,
        seed,
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        minutes=minutes,
        members=members,
        parts=parts,
        save_every=save_every,
    )
    if settings is not None:
        changes = read_changes(settings) | changes
    with output_folder(out):
        if kind == "foot-view":
            _foot_view(data, out, init, changes, settings, resume=resume, devices=Devices(devices, nodes))
        else:
            _kinetics(kind, data, out, init, changes, resume=resume, devices=Devices(devices, nodes))


def _network(asked: Network | None, init: Path | None) -> Network:
    """Find which network is meant, and whether the weights to continue from fit it."""
    if init is None:
        return asked or "foot-view"
    from gaitdynamics.inference import baselines, pair_description
    from gaitdynamics.inference.weights_catalogue import weights_kind

    found = weights_kind(init)
    if found == baselines.KIND:
        there: Network = baselines.read_baseline_description(init).network
    else:
        there = "published" if found == pair_description.KIND else "foot-view"
    if asked not in (None, there):
        raise UserInputError(
            f"these weights are of the network '{there}' and cannot start '{asked}'",
            file=init,
            remedy="leave --network out, or name weights of the same kind",
        )
    return there


def _foot_view(
    data: Path,
    out: Path,
    init: Path | None,
    changes: dict[str, Any],
    file: Path | None,
    *,
    resume: bool,
    devices: Devices,
) -> None:
    from gaitdynamics.training import refiner
    from gaitdynamics.training.settings import checked

    if changes.pop("lora", None):
        raise UserInputError("there are no adapters for the foot-view network", remedy="leave --lora out")
    settings = checked(refiner.RefinerTraining, changes, file)
    description = refiner.train_refiner(
        data, out, settings, init=init, resume=resume, devices=devices, console=_screen()
    )
    print(f"Weights '{description.name}' in {out}: use them with --weights {out}")


def _kinetics(
    kind: KineticsNetwork,
    data: Path,
    out: Path,
    init: Path | None,
    changes: dict[str, Any],
    *,
    resume: bool,
    devices: Devices,
) -> None:
    from gaitdynamics.training.kinetics import kinetics_settings, train_baseline, train_refinement

    console = _screen()
    settings = kinetics_settings(kind, **changes)
    if kind != "published":
        train_baseline(kind, data, out, settings, init=init, resume=resume, devices=devices, console=console)
        print(f"Weights in {out}")
        return
    pair = train_refinement(data, out, settings, init=init, resume=resume, devices=devices, console=console)
    if pair.diffusion is None:
        print(f"Weights in {out}; complete them with: gaitdynamics train denoiser --init {out}")
    else:
        print(f"Weights '{pair.name}' in {out}: use them with --weights {out}")


def _screen() -> Console:
    """Where progress is shown; of several processes on this machine only the first shows any."""
    from rich.console import Console

    from gaitdynamics.training.devices import local_rank

    return Console(stderr=True, quiet=local_rank() > 0)


def _changes(init: Path | None, lora: int | None, seed: int | None, **numbers: float | None) -> dict[str, Any]:
    """Collect what differs from the usual settings; all `numbers` must be above zero."""
    for name, value in {"lora": lora, **numbers}.items():
        if value is not None and value <= 0:
            option = f"--{name.replace('_', '-')}"
            raise UserInputError(f"{option} {value} is not possible", remedy="give a number above zero")
    if lora is not None and init is None:
        raise UserInputError("adapters need weights to adapt", remedy="name them with --init")
    given = numbers | {"seed": seed}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if lora is not None:
        from gaitdynamics.training.lora import Adapters

        changes["lora"] = Adapters(rank=lora)
    return changes
