"""Writing a page: one HTML file that needs nothing else, neither a server nor a network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.columns import SIDES
from gaitdynamics.plotting.style import GREY, SIDE_COLORS, SIDE_NAMES
from gaitdynamics.report_page.contents import PageContents, Table
from gaitdynamics.report_page.libraries import drawing_libraries
from gaitdynamics.report_page.packing import as_int16, pack
from gaitdynamics.report_page.scene import Scene
from gaitdynamics.report_page.stage import METRES_PER_BODY_WEIGHT, TILE, build_stage, trail
from gaitdynamics.uncertainty import LEVEL

#: Our own scripts, in the order in which the page runs them.
_SCRIPTS: Final = ("data.js", "viewer.js", "charts.js", "player.js")


def render_page(contents: PageContents) -> str:
    """Write the page.

    Returns
    -------
    str
        HTML with everything inside: style, scripts, libraries and data. Its content security policy forbids the
        browser to load anything else.

    Raises
    ------
    MissingExtraError
        The drawing libraries are not installed.
    """
    libraries = drawing_libraries()
    parts = {
        "title": escape(contents.title),
        "subtitle": escape(contents.subtitle),
        "style": _own("page.css"),
        "scripts": "\n".join(_own(name) for name in _SCRIPTS),
        "warnings": _warnings(contents.warnings),
        "notes": "".join(f"<p>{escape(note)}</p>" for note in contents.notes),
        "tables": "".join(_table(table) for table in contents.tables),
        "data": _data(contents),
        "made_with": ", ".join(f"{one.name} {one.version}" for one in libraries),
        **{f"library_{one.name}": one.packed for one in libraries},
    }
    return re.sub(r"<!--\{(\w+)\}-->", lambda found: parts[found[1]], _own("page.html"))


def _own(name: str) -> str:
    return (files("gaitdynamics.report_page") / "static" / name).read_text(encoding="utf-8")


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    items = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    return f'<aside class="warnings" role="note"><h2>Before you use these numbers</h2><ul>{items}</ul></aside>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    body = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}'
    if table.fold:
        return f"<details><summary>{escape(table.title)}</summary>{body}</details>"
    return f"<section><h2>{escape(table.title)}</h2>{body}</section>"


def _data(contents: PageContents) -> str:
    stage = build_stage(contents.scene, contents.other)
    arrays: dict[str, NDArray[Any]] = {"snapshot": np.frombuffer(stage.snapshot, dtype=np.uint8)}
    facts: dict[str, Any] = {
        "cast": stage.cast,
        "scene": _scene(contents.scene, "scene", arrays),
        "other": None if contents.other is None else _scene(contents.other, "other", arrays),
        "labels": [contents.label, contents.other_label],
        "metres_per_body_weight": METRES_PER_BODY_WEIGHT,
        "tile": TILE,
        "interval": f"{100.0 * LEVEL:g} % interval",
        "colors": {**SIDE_COLORS, "c": GREY},
        "side_names": {**SIDE_NAMES, "c": ""},
        "panels": _panels(contents, arrays),
        "stances": [[one.side, round(one.start, 4), round(one.end, 4)] for one in contents.stances],
        "soles": [one.side for one in contents.soles],
        "stance_panels": [],
    }
    for number, panel in enumerate(contents.stance_panels):
        facts["stance_panels"].append({"title": panel.title, "unit": panel.unit, "sides": list(panel.curves)})
        for side, curves in panel.curves.items():
            arrays[f"stance{number}_{side}"] = curves
        for side, band in panel.bands.items():
            arrays[f"stance{number}_{side}_band"] = band
    # Times are counted from the first frame, so that single precision does for clocks that began long before.
    start = float(contents.time[0])
    facts["start"] = start
    arrays["time"] = contents.time - start
    for sole in contents.soles:
        arrays[f"sole_{sole.side}_time"], arrays[f"sole_{sole.side}_path"] = sole.time - start, sole.path
    return pack(facts, arrays)


def _scene(scene: Scene, name: str, arrays: dict[str, NDArray[Any]]) -> Mapping[str, Any]:
    """Put the arrays of a scene under its name; bodies are given relative to the way that the viewer goes along."""
    position, unit = as_int16(scene.position - scene.travel[:, None])
    arrays[f"{name}_position"] = position
    arrays[f"{name}_quaternion"] = np.round(32767.0 * scene.quaternion).astype(np.int16)
    arrays[f"{name}_travel"] = scene.travel
    arrays[f"{name}_force"] = scene.force
    arrays[f"{name}_cop"] = scene.cop - scene.travel[:, None]
    for foot, side in enumerate(SIDES):
        arrays[f"{name}_trail_{side}"] = trail(scene, foot)[1] - scene.time[0]
    return {
        "frames": len(scene.time),
        "bodies": scene.position.shape[1],
        "duration": float(scene.time[-1] - scene.time[0]),
        "unit": unit,
        "height": scene.height,
        "floor": scene.floor_height,
        "belt": scene.belt_speed,
        "heading": scene.heading,
    }


def _panels(contents: PageContents, arrays: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    panels = []
    for panel in contents.panels:
        curves = []
        for curve in panel.curves:
            key = f"curve{len(arrays)}"
            arrays[key] = curve.values
            described: dict[str, Any] = {"side": curve.side, "origin": curve.origin, "values": key, "band": None}
            if curve.low is not None and curve.high is not None:
                arrays[f"{key}_low"], arrays[f"{key}_high"] = curve.low, curve.high
                described["band"] = [f"{key}_low", f"{key}_high"]
            if curve.time is not None:
                # A second motion begins when this one does.
                arrays[f"{key}_time"] = curve.time - curve.time[0]
                described["time"] = f"{key}_time"
            curves.append(described)
        panels.append({"group": panel.group, "title": panel.title, "unit": panel.unit, "curves": curves})
    return panels
