"""The command that makes a store of training windows: `gaitdynamics prepare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from gaitdynamics.engines.progress import progress_bar

Flag = Annotated[bool, Parameter(negative=())]
Names = Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=True)]


def prepare(
    source: Path,
    *,
    out: Path,
    purpose: Annotated[Literal["refiner", "denoiser"], Parameter(name="--for")] = "refiner",
    study_map: str | None = None,
    split: str = "train,val",
    rules: Literal["none", "paper", "published"] = "none",
    without: Names = (),
    engine: Literal["local", "ray"] = "local",
    workers: int | None = None,
    address: str | None = None,
    overwrite: Flag = False,
) -> None:
    """Make a store of training windows of whole archives. A run that was stopped goes on when it is started again.

    Parameters
    ----------
    source
        A folder with manifest.csv; a .b3d file or a folder of them; an OpenCap session or a folder of them; or a table
        of trials (.csv). docs/data.md tells what they hold.
    out
        Folder of the store. One that holds the same already is left as it is.
    purpose
        What is to be trained: refiner, the foot-view network; or denoiser, which stands for all networks on the
        published columns.
    study_map
        What is known of the studies (splits, surfaces, masses): a TOML file, or 'addbiomechanics'. Without it, trials
        of sources other than a data folder are all of split 'train'.
    split
        Sides of the split, separated by commas.
    rules
        Quality rules by which trials and frames are left out.
    without
        Names of rules, and of steps of reading, that are left out.
    engine
        local for processes of this machine, ray for a cluster.
    workers
        Processes that work at the same time; by default one for each core.
    address
        Of a running Ray cluster, such as ray://host:10001 or auto; by default Ray is started on this machine.
    overwrite
        Replace a store of other data or settings.
    """
    from gaitdynamics.dataset.preparation_report import REPORT
    from gaitdynamics.dataset.study_map import read_study_map
    from gaitdynamics.engines.choice import choose_engine
    from gaitdynamics.tasks.preparation import Preparation, prepare

    chosen = choose_engine(engine, workers, address)
    preparation = Preparation(
        purpose,
        None if study_map is None else read_study_map(study_map),
        tuple(split_names(split)),
        None if rules == "none" else rules,
        without,
    )
    with progress_bar("preparing") as progress:
        store, made = prepare(source, out, preparation, engine=chosen, overwrite=overwrite, progress=progress)
    description = store.description
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(
        f"{out}: {len(store.entries)} samples, {description.rows} frames, {len(description.shards)} shards, "
        f"{size / 1e6:.1f} MB{'' if made else ', was there already: nothing was done'}"
    )
    print(f"fingerprint {description.fingerprint}\ncontent {description.content}")
    if store.left_out:
        print(f"{len(store.left_out)} trials are left out; {out / REPORT} counts the reasons")
    faults = [trial for trial in store.left_out if trial.step == "unforeseen_error"]
    for trial in faults[:5]:
        print(f"a fault of this program, please report it: {trial.label}: {trial.reason}")


def split_names(text: str) -> list[str]:
    """Take names apart that are separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
