"""The commands about trained weights: `gaitdynamics weights ...`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import App, Parameter

from gaitdynamics.errors import UserInputError

if TYPE_CHECKING:
    from gaitdynamics.inference.fetch import Progress

weights = App(name="weights", help="List, show, fetch and import trained weights.")

#: Longer lists, such as that of the columns, are shortened on the screen; --json gives them whole.
_SHOWN_ITEMS: Final = 12


@weights.command(name="list")
def list_command(*folders: Annotated[Path, Parameter(name="FOLDER")]) -> None:
    """List the weights that come with the package, and those in folders.

    Parameters
    ----------
    folders
        Folders of weights, or folders that hold such folders.
    """
    from rich.console import Console
    from rich.table import Table

    from gaitdynamics.inference.weights_catalogue import list_weights

    entries = list_weights(folders)
    table = Table("name", "kind", "columns", "size", "place")
    for entry in entries:
        table.add_row(entry.name, entry.kind, entry.schema, _size(entry.size_bytes), entry.place)
    Console().print(table)
    for entry in entries:
        if entry.problem:
            print(f"{entry.place}: {entry.problem}")


@weights.command
def show(
    name: Annotated[str, Parameter(name="NAME_OR_FOLDER")],
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Check weights and show what is known of them: origin, networks, training, metrics.

    Parameters
    ----------
    name
        Name of weights that come with the package, or a folder.
    as_json
        Everything, as JSON.
    """
    from gaitdynamics.inference.weights_catalogue import inspect_weights

    facts = inspect_weights(name)
    if as_json:
        print(json.dumps({**facts.description, "parameters": facts.parameters, "files": facts.files}, indent=1))
        return
    for network, count in facts.parameters.items():
        print(f"{network}: {count:,} parameters")
    for file, size in facts.files.items():
        print(f"{file}: {_size(size)}")
    for line in _lines(facts.description):
        print(line)


@weights.command
def fetch(source: str, *, out: Path, sha256: str | None = None) -> None:
    """Fetch a file of weights from the web; a download that was cut is continued.

    Parameters
    ----------
    source
        Address of the file (http, https), or hf:owner/name/path for a repository of the Hugging Face Hub
        (hf:spaces/owner/name/path for a space).
    out
        Folder for the file.
    sha256
        SHA-256 that the file must have; one that has another is removed.
    """
    from gaitdynamics.inference.fetch import fetch as fetch_file
    from gaitdynamics.inference.published_files import RELEASES

    with _progress_bar(source) as progress:
        fetched = fetch_file(source, out, sha256=sha256, progress=progress)
    print(f"{fetched.path}: {_size(fetched.size_bytes)}{', was there already' if fetched.was_there else ''}")
    print(f"SHA-256 {fetched.sha256}{'' if sha256 is None else ', as expected'}")
    release = RELEASES.get(fetched.sha256)
    if release:
        print(f"This is the released file: {release}")


@weights.command(name="import")
def import_command(*files: Annotated[Path, Parameter(name="FILE.pt", required=True)], out: Path) -> None:
    """Convert published files (.pt) to a folder of weights. Nothing that they hold is run.

    Either the pair of GaitDynamics, the diffusion file before the refinement file, or any number of the files of
    Gait2Hip-60, for hip muscle forces.

    Parameters
    ----------
    files
        The published files; of a split diffusion file any part, the others beside it.
    out
        Folder to make.
    """
    from gaitdynamics.inference.hip_published import is_hip_file

    hip = [is_hip_file(file) for file in files]
    if all(hip):
        _import_hip(files, out)
    elif any(hip):
        raise UserInputError(
            "this file belongs to Gait2Hip-60, others of those given do not",
            file=files[hip.index(True)],
            remedy="import the two kinds one after the other, to two folders",
        )
    elif len(files) != len(("diffusion", "refinement")):
        raise UserInputError(
            f"{len(files)} file(s) given; GaitDynamics is a pair of files",
            remedy="give first the diffusion file, then the refinement file",
        )
    else:
        _import_pair(*files, out=out)


def _import_hip(files: tuple[Path, ...], out: Path) -> None:
    from gaitdynamics.inference.hip_published import import_hip

    for description in import_hip(files, out):
        errors = description.metrics.get("test_person_mean", {})
        told = ", ".join(f"{name} {value:.3f}" for name, value in errors.items())
        print(f"{description.name}: {description.parameters:,} parameters; published test: {told or 'not told'}")
    print(f"{len(files)} networks in {out}; use them with: gaitdynamics hip MOTION.mot --weights {out}")


def _import_pair(diffusion: Path, refinement: Path, *, out: Path) -> None:
    from gaitdynamics.inference.published_checkpoint import import_published

    description = import_published(diffusion, refinement, out)
    for kind, network in (("diffusion", description.diffusion), ("refinement", description.refinement)):
        print(f"{kind}: {network.parameters:,} parameters; {network.release or 'not a released file'}")
    for note in description.notes:
        print(f"Note: {note}")
    print(f"Weights '{description.name}' in {out}")


@contextmanager
def _progress_bar(source: str) -> Iterator[Progress | None]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    if source.startswith("hf:") or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("fetching"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("fetching", total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


def _lines(value: Any, depth: int = 0) -> Iterator[str]:
    """Set JSON out as indented lines, long lists shortened."""
    for key, item in value.items():
        label = f"{'  ' * depth}{key}:"
        if isinstance(item, dict) and item:
            yield label
            yield from _lines(item, depth + 1)
        elif isinstance(item, list) and any(isinstance(entry, dict) for entry in item):
            yield label
            for entry in item:
                yield from _lines(entry, depth + 1)
        elif isinstance(item, list) and len(item) > _SHOWN_ITEMS:
            yield f"{label} {len(item)} values, {item[0]} to {item[-1]}"
        elif key == "notes":
            yield from (f"{'  ' * depth}note: {entry}" for entry in item)
        elif isinstance(item, list):
            yield f"{label} {', '.join(map(str, item))}"
        elif item not in ("", {}, None):
            yield f"{label} {item}"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
