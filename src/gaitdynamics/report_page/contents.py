"""What stands in a report page, before it is written as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gaitdynamics.report_page.curves import Panel
from gaitdynamics.report_page.scene import Scene
from gaitdynamics.trial import Array


@dataclass(frozen=True)
class Table:
    """Rows of text under a heading.

    `head` names the columns; `fold` hides the rows behind the heading until the reader asks for them.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    fold: bool = False


@dataclass(frozen=True)
class Stance:
    """One foot on the ground from `start` to `end` [s]; `side` is 'r' or 'l'."""

    side: str
    start: float
    end: float


@dataclass(frozen=True)
class StancePanel:
    """Curves from contact (0 %) to toe-off (100 %).

    Attributes
    ----------
    title, unit
        Of the axes.
    curves
        By side (N, 101) of N whole stances.
    bands
        By side ends of the interval of a single stance (2, 101), the mean over stances; empty where there is none.
    """

    title: str
    unit: str
    curves: Mapping[str, Array]
    bands: Mapping[str, Array]


@dataclass(frozen=True)
class Sole:
    """Centres of pressure under one foot.

    Attributes
    ----------
    side
        'r' or 'l'.
    time
        (N,) [s], rising.
    path
        (N, 2) to the right of, and forward of, the origin of the heel bone [cm]; a row of NaN ends each stance.
    """

    side: str
    time: Array
    path: Array


@dataclass(frozen=True)
class PageContents:
    """Everything that a page shows.

    Attributes
    ----------
    title, subtitle
        Of the page.
    scene
        The motion in space.
    time
        (T,) [s] times of the curves.
    panels
        Curves over time.
    stances
        Shaded behind the curves.
    stance_panels
        Curves over stance.
    soles
        Paths of the centres of pressure.
    tables
        Numbers, then where they come from.
    warnings
        What a reader has to know before trusting the numbers.
    label
        What this motion is called beside another one.
    other, other_label
        The other motion in space, shown as a ghost, and what it is called.
    notes
        Small print on how to read the page.
    """

    title: str
    subtitle: str
    scene: Scene
    time: Array
    panels: tuple[Panel, ...]
    stances: tuple[Stance, ...]
    stance_panels: tuple[StancePanel, ...]
    soles: tuple[Sole, ...]
    tables: tuple[Table, ...]
    warnings: tuple[str, ...] = ()
    label: str = "this motion"
    other: Scene | None = None
    other_label: str = ""
    notes: tuple[str, ...] = ()
