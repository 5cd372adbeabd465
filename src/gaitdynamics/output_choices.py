"""What a user may want written besides the usual files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: Formats of figures that can be printed at any size.
FigureFormat = Literal["pdf", "svg"]


@dataclass(frozen=True)
class OutputChoices:
    """What is written besides the usual files.

    Parameters
    ----------
    html
        A report page too: moving skeleton, curves and numbers in one file that any browser opens.
    glb
        An animated glTF file of skeleton and forces too, for slides and other viewers.
    figures
        Every picture also as vector file, for papers: pdf or svg.
    """

    html: bool = False
    glb: bool = False
    figures: FigureFormat | None = None

    def page(self, folder: Path, stem: str) -> Path | None:
        """Name the report page of a motion; None where none is wanted."""
        return folder / f"{stem}_report.html" if self.html else None

    def animation(self, folder: Path, stem: str) -> Path | None:
        """Name the animated file of a motion; None where none is wanted."""
        return folder / f"{stem}_motion.glb" if self.glb else None

    def figure(self, picture: Path) -> Path | None:
        """Name the vector file beside a picture; None where none is wanted."""
        return None if self.figures is None else picture.with_suffix(f".{self.figures}")

    def check(self) -> None:
        """Find out before anything is computed whether the packages are there that these files take.

        Raises
        ------
        MissingExtraError
            One of them is not installed.
        """
        if self.html:
            from gaitdynamics.report_page.libraries import check_drawing_libraries

            check_drawing_libraries()
        if self.glb:
            from gaitdynamics.report_page.gltf import check_gltf_library

            check_gltf_library()


#: Nothing but the usual files.
USUAL = OutputChoices()
