"""Colours and figure conventions shared by all pictures.

Figures are made with their own canvas, never through pyplot, so that drawing leaves no global state behind
and works in threads, on servers and inside other programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from gaitdynamics.files.atomic import atomic_path
from gaitdynamics.output_choices import FigureFormat
from gaitdynamics.trial import Array

#: Right reddish, left bluish: a pair that stays apart with every kind of colour blindness (Okabe & Ito).
SIDE_COLORS: Final = {"r": "#c8500a", "l": "#0b63a8"}
SIDE_NAMES: Final = {"r": "Right", "l": "Left"}
GREY: Final = "#5a5a5a"
#: A measured motion beside a generated one where no side is meant: grey and green, which neither side has.
MEASURED, GENERATED, GENERATED_PALE = "#7a7a7a", "#00795b", "#7cc4ab"
RESOLUTION: Final = 130
#: Size of vector figures relative to the PNG: letters of 8 points are 6 points high in a figure of 180 mm.
VECTOR_SCALE: Final = 0.72
#: Opacity of the band around an estimate, which lies under all lines.
BAND_ALPHA: Final = 0.25


def new_figure(width: float, height: float, *, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """Make an empty figure with its own canvas; sizes in inches."""
    figure = Figure(figsize=(width, height), layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes) -> None:
    """Give axes the common look: open frame, light grid, small ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, length=3, color=GREY)


def draw_thin(axes: Axes, paths: Sequence[Array], side: str, **style: Any) -> None:
    """Draw the paths (N, 2) of many stances of one side as one artist: ten minutes of walking have a thousand."""
    axes.add_collection(LineCollection(list(paths), colors=SIDE_COLORS[side], **style))


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG."""
    figure.savefig(path, format="png", dpi=RESOLUTION)


def save_vector(figure: Figure, path: Path, kind: FigureFormat) -> None:
    """Write a figure as PDF or SVG.

    Text stays text, which journals ask for and drawing programs can change. The figure is smaller than the PNG while
    letters keep their size, so that they can still be read over two columns of a journal. Equal figures give equal
    files.
    """
    undated: dict[FigureFormat, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    with mpl.rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "gaitdynamics"}):
        width, height = figure.get_size_inches()
        figure.set_size_inches(VECTOR_SCALE * width, VECTOR_SCALE * height)
        figure.savefig(path, format=kind, metadata=undated[kind])
        figure.set_size_inches(width, height)


def save_for_papers(figure: Figure, picture: Path) -> tuple[Path, Path]:
    """Write a figure as PNG and, beside it, as PDF: what evaluations and benchmarks draw may go into a paper."""
    vector = picture.with_suffix(".pdf")
    with atomic_path(picture) as temporary:
        save_png(figure, temporary)
    with atomic_path(vector) as temporary:
        save_vector(figure, temporary, "pdf")
    return picture, vector


def save_figure(figure: Figure, picture: Path, vector: Path | None = None) -> None:
    """Write a figure as PNG, and as vector file too where one is named."""
    save_png(figure, picture)
    if vector is not None:
        save_vector(figure, vector, "svg" if vector.suffix == ".svg" else "pdf")
