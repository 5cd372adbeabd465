"""The commands about folders of training data: `gaitdynamics data ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from cyclopts import App

from gaitdynamics.engines.progress import progress_bar
from gaitdynamics.prepare_cli import Names, prepare, split_names

data = App(name="data", help="Look at the quality of training data, and prepare them.")

data.command(prepare)


@data.command
def report(
    data_folder: Path,
    *,
    split: str | None = None,
    rules: Literal["paper", "published"] = "paper",
    without: Names = (),
    out: Path,
) -> None:
    """Report what the quality rules find in a folder of trials: quality.csv and quality.md.

    Parameters
    ----------
    data_folder
        Folder with manifest.csv, laid out as docs/data.md tells.
    split
        Sides of the split, separated by commas; all by default.
    rules
        As the paper states them, or as the published code counts them.
    without
        Names of rules to leave out.
    out
        Folder for the report.
    """
    from rich.console import Console
    from rich.table import Table

    from gaitdynamics.dataset.catalogue import Catalogue
    from gaitdynamics.dataset.quality import choose_rules
    from gaitdynamics.dataset.quality_report import check_trials, summary_rows, write_report
    from gaitdynamics.tasks.outputs import output_folder

    chosen = choose_rules(rules, without)
    catalogue = Catalogue.read(data_folder)
    if split is not None:
        catalogue = catalogue.select(split=split_names(split))
    with output_folder(out):
        with progress_bar("checking") as progress:
            checks = check_trials(catalogue.records, chosen, progress)
        files = write_report(out, checks, chosen, f"{data_folder.name}, rules '{rules}'")
    table = Table("rule", "trials checked", "trials removed", "frames removed", "removed by no rule above")
    for row in summary_rows(checks, chosen):
        table.add_row(*row)
    Console().print(table)
    print("  ".join(str(path) for path in files))


@data.command
def check(source: Path, *, out: Path = Path("results")) -> int:
    """Tell of all trials of a source whether they can be read, and whether mass, motion and forces fit together.

    Writes check.csv, one row per trial, and check.png, the vertical force against what the motion demands. What is
    wrong is told, and is no error of the command; it ends with status 2 where nothing can be read.

    Parameters
    ----------
    source
        A folder with manifest.csv; a .b3d file or a folder of them; an OpenCap session or a folder of them; or a table
        of trials (.csv). docs/data.md tells what they hold.
    out
        Folder for the table and the pictures.
    """
    import torch
    from rich.console import Console

    from gaitdynamics.dataset.sources import open_source
    from gaitdynamics.tasks.data_check import check_source, summary_lines, summary_table, write_check
    from gaitdynamics.tasks.outputs import output_folder

    torch.set_num_threads(1)
    opened = open_source(source)
    with output_folder(out):
        with progress_bar("checking") as progress:
            found = check_source(opened, progress)
        files = write_check(found, out)
    Console().print(summary_table(found))
    # Plain text: names may hold what rich takes for markup.
    print("\n".join(summary_lines(found)))
    print("  ".join(str(path) for path in files))
    return 2 if found.nothing_readable else 0
