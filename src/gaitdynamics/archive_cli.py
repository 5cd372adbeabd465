"""`gaitdynamics forces` on an archive: options, progress and what is said in the end."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gaitdynamics.errors import UserInputError

if TYPE_CHECKING:
    from gaitdynamics.command_inputs import Person
    from gaitdynamics.dataset.people_table import Facts
    from gaitdynamics.engines.choice import EngineName
    from gaitdynamics.tasks.archive_trials import EstimateSettings

#: Files that hold, or list, many trials.
_ARCHIVES: Final = (".b3d", ".csv")


@dataclass(frozen=True)
class ArchiveOptions:
    """What is told of an archive only: who works, what is known of the people, and whether pictures are drawn."""

    engine: EngineName | None = None
    workers: int | None = None
    address: str | None = None
    table: Path | None = None
    pictures: bool = False

    @property
    def given(self) -> list[str]:
        """Names of the options that were given."""
        told = {"--engine": self.engine, "--workers": self.workers, "--address": self.address, "--table": self.table}
        return [name for name, value in told.items() if value is not None] + ["--pictures"] * self.pictures


def is_archive(motions: Sequence[Path], options: ArchiveOptions) -> bool:
    """Tell whether one archive was given instead of motions.

    Raises
    ------
    UserInputError
        An archive among other things, or options of an archive with motions.
    """
    archives = [path for path in motions if path.is_dir() or path.suffix.lower() in _ARCHIVES]
    if archives and len(motions) > 1:
        raise UserInputError(
            "a folder or an archive is given among other motions",
            file=archives[0],
            remedy="give one archive, or only motions; several archives in one folder count as one",
        )
    if not archives and options.given:
        raise UserInputError(
            f"{options.given[0]} is for a folder of motions or an archive",
            remedy="leave it out, or give the folder of the motions",
        )
    return bool(archives)


def facts_of_options(person: Person) -> Facts:
    """Make of the options what holds for trials of which nothing else is known."""
    from gaitdynamics.dataset.people_table import AUTO, Facts

    told = person.overground or person.treadmill is not None
    surface = person.surface if told else None
    return Facts(person.model, person.mass, person.height, AUTO if person.treadmill == "auto" else surface)


def forces_of_archive(
    archive: Path, out: Path, options: ArchiveOptions, settings: EstimateSettings, fallback: Facts
) -> int:
    """Estimate the forces of all trials of an archive; gives the exit status.

    Returns
    -------
    int
        0: every trial has a result or a reason. 2: none has a result, or some should be tried again. 130: interrupted.
    """
    from gaitdynamics.dataset.people_table import PeopleTable
    from gaitdynamics.dataset.sources import open_source
    from gaitdynamics.engines.choice import choose_engine
    from gaitdynamics.engines.progress import progress_bar
    from gaitdynamics.tasks.archive import estimate_archive, plan_archive
    from gaitdynamics.tasks.archive_summary import headline, throughput, write_summary
    from gaitdynamics.tasks.outputs import output_folder

    engine = choose_engine(options.engine or "local", options.workers, options.address)
    source = open_source(archive)
    table = PeopleTable(options.table) if options.table is not None else None
    works = plan_archive(source, out, settings, table=table, fallback=fallback)
    with output_folder(out):
        with progress_bar("estimating") as progress:
            result = estimate_archive(source, works, out, engine, progress)
        files = write_summary(result, out)
    print(headline(result))
    if throughput(result):
        print(throughput(result))
    for part in source.unreadable:
        print(f"cannot be looked into: {part.path}: {part.reason}", file=sys.stderr)
    print(f"Results in {out}: " + "  ".join(path.name for path in files))
    if result.unfinished:
        print("Interrupted; the same command goes on where it stopped.", file=sys.stderr)
        return 130
    return 0 if result.count("done") and not result.count("error", "lost") else 2
