from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from gaitdynamics.columns import SIDES
from gaitdynamics.errors import MissingExtraError
from gaitdynamics.report_page import libraries
from gaitdynamics.report_page.packing import unpack
from gaitdynamics.tasks import html_report
from gaitdynamics.tasks.html_report import Compared, report_page
from gaitdynamics.tasks.moments import compute_moments
from gaitdynamics.tasks.moments_report import build_moments_report
from gaitdynamics.tasks.report import MEASURES, build_report, side_mean
from gaitdynamics.trial import FootForces, Surface


class Page(HTMLParser):
    """Tables, references and scripts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.policy = ""
        self.packed: dict[str, str] = {}
        self.tables: dict[str, dict[str, list[str]]] = {}
        self.lists: list[str] = []
        self._title, self._cells, self._inside, self._script = "", [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        found = dict(attrs)
        self.references += [value for name, value in attrs if name in {"src", "href", "data", "action", "poster"}]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        self._inside = tag
        if tag == "script":
            self._script = found.get("id", "")
        if tag == "tr":
            self._cells = []
        if tag in {"h2", "summary"}:
            self._title = ""

    def handle_endtag(self, tag) -> None:
        if tag == "tr" and self._cells:
            self.tables.setdefault(self._title, {})[self._cells[0]] = self._cells[1:]
        if tag in {"td", "th"} and self._inside == tag:
            self._cells.append("")  # an empty cell
        self._inside = ""

    def handle_data(self, data) -> None:
        if self._inside in {"h2", "summary"}:
            self._title += data
        elif self._inside in {"td", "th"}:
            self._cells.append(data)
            self._inside = ""
        elif self._inside == "li":
            self.lists.append(data)
        elif self._inside == "script" and self._script:
            self.packed[self._script] = data


@pytest.fixture(scope="module")
def text(walk_estimate) -> str:
    return report_page(walk_estimate)


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def repeated(estimate, times: int):
    """Give the same walk several times over: a treadmill motion of that length, for sizes only."""
    trial, forces = estimate.trial, estimate.forces
    rate = trial.rate
    count = len(trial.time) * times
    time = trial.time[0] + np.arange(count) / rate
    again = lambda a: None if a is None else np.concatenate([a] * times)  # noqa: E731
    longer = FootForces(
        time, again(forces.force), again(forces.cop), None, None, again(forces.force_sd), again(forces.cop_sd)
    )
    return replace(
        estimate,
        trial=replace(trial, time=time, values=again(trial.values), surface=Surface("treadmill", 1.3)),
        forces=longer,
        contact=again(estimate.contact),
        com_velocity=again(estimate.com_velocity),
        physics_force=again(estimate.physics_force),
    )


def test_nothing_is_loaded_from_anywhere(text, page) -> None:
    assert page.references == []
    assert not re.search(r"\bimport\s*\(|@import|url\(", text)
    assert "https://" not in text
    assert "http://" not in text
    assert page.policy.startswith("default-src 'none'")
    assert "connect-src" not in page.policy  # so that default-src holds for it


def test_the_numbers_are_those_of_the_report(page, walk_estimate) -> None:
    report = build_report(walk_estimate)
    gait = page.tables["Gait"]
    assert gait["speed [m/s]"] == [f"{report.gait.mean_speed_m_s:.2f}"]
    assert gait["cadence [steps/min]"] == [f"{report.gait.cadence_steps_per_min:.0f}"]
    means = page.tables["Mean of whole stances"]
    for name, label, form in MEASURES:
        assert means[label][:2] == [form.format(side_mean(report, name, side)) for side in SIDES]
    assert means["peak vertical [BW]"][2] == f"{report.gait.symmetry_index_percent['peak_vertical_bw']:+.1f}"


def test_knee_adduction_peaks_are_those_of_the_moments_report(page, walk_estimate) -> None:
    moments = build_moments_report(compute_moments(walk_estimate.trial, walk_estimate.forces))
    cells = page.tables["Knee adduction moment"]
    for half in ("first", "second"):
        for side, cell in zip(SIDES, cells[f"{half} peak [% BW.BH]"], strict=True):
            field = f"knee_adduction_{half}_peak_percent_bw_bh"
            known = [getattr(s, field) for s in moments.stances if s.side == side and s.complete]
            assert cell == f"{np.mean(known):.2f}"


def test_origins_and_warnings_are_told(page, text, walk_estimate) -> None:
    told = page.tables["Where these numbers come from"]
    assert walk_estimate.weights.sha256 in told["force network"][0]
    assert "walking.mot" in told["motion file"][0]
    assert any("free moment" in warning for warning in page.lists)


def test_the_data_are_those_of_the_estimate(page, walk_estimate) -> None:
    facts, arrays = unpack(page.packed["packed-data"])
    e = walk_estimate
    panel = next(p for p in facts["panels"] if p["title"] == "Vertical")
    right = next(c for c in panel["curves"] if c["side"] == "r")
    np.testing.assert_allclose(
        arrays[right["values"]], 100.0 * e.forces.force[:, 0, 1] / e.trial.body_weight, rtol=1e-5, atol=1e-3
    )
    low, high = (arrays[key] for key in right["band"])
    assert np.isnan(low[~e.contact[:, 0]]).all()
    assert (low[e.contact[:, 0]] <= high[e.contact[:, 0]]).all()
    angle = next(p for p in facts["panels"] if p["title"] == "Knee (coordinate +)")
    left = next(c for c in angle["curves"] if c["side"] == "l")
    np.testing.assert_allclose(arrays[left["values"]], np.degrees(e.trial.column("knee_angle_l")), atol=1e-3)
    unit = facts["scene"]["unit"]
    shown = unit * arrays["scene_position"].astype(float) + arrays["scene_travel"][:, None]
    pelvis = np.stack([e.trial.column(f"pelvis_t{axis}") for axis in "xyz"], axis=1)[::2]
    np.testing.assert_allclose(shown[:, 0], pelvis, atol=2e-4)


def test_centres_of_pressure_are_drawn_under_the_loaded_foot_only(page, walk_estimate) -> None:
    facts, arrays = unpack(page.packed["packed-data"])
    forward, _ = (p for p in facts["panels"] if p["group"] == "cop_over_time")
    for foot, curve in enumerate(forward["curves"]):
        values = arrays[curve["values"]]
        loaded = walk_estimate.forces.force[:, foot, 1] >= 0.05 * walk_estimate.trial.body_weight
        np.testing.assert_array_equal(np.isfinite(values), loaded & walk_estimate.contact[:, foot])
        # From behind the heel to the toes.
        assert -5.0 < np.nanmin(values) < np.nanmax(values) < 28.0
        low, high = (arrays[key] for key in curve["band"])
        np.testing.assert_allclose((low + high) / 2, values, atol=1e-4)


def test_curves_over_stance_are_those_of_whole_stances(page, walk_estimate) -> None:
    facts, arrays = unpack(page.packed["packed-data"])
    titles = [panel["title"] for panel in facts["stance_panels"]]
    assert titles[0] == "Vertical"
    assert titles[-1].startswith("Knee adduction")
    report = build_report(walk_estimate)
    for side in SIDES:
        whole = [s for s in report.gait.stances if s.side == side and s.complete]
        peaks = arrays[f"stance0_{side}"].max(axis=1)
        # The curve has 101 points over a stance of some sixty frames: it meets the peak nearly.
        np.testing.assert_allclose(peaks, [100.0 * s.peak_vertical_bw for s in whole], rtol=5e-3)
        low, high = arrays[f"stance0_{side}_band"]
        assert (low <= high).all()


def test_angles_without_a_measurement_are_not_drawn(walk_estimate) -> None:
    """A substitute for what was not measured stands still and says nothing."""
    trial = walk_estimate.trial
    missing = trial.missing.copy()
    missing[trial.coordinates.index("subtalar_angle_r")] = True
    page = Page(report_page(replace(walk_estimate, trial=replace(trial, missing=missing))))
    panels = unpack(page.packed["packed-data"])[0]["panels"]
    assert [c["side"] for p in panels if p["title"].startswith("Subtalar") for c in p["curves"]] == ["l"]


def test_equal_motions_give_equal_pages(walk_estimate, text) -> None:
    assert report_page(walk_estimate) == text


def test_names_cannot_break_out_of_the_page(walk_estimate) -> None:
    name = "</script><script>alert(1)</script><b>walk&"
    provenance = {**walk_estimate.trial.provenance, "motion_file": name + ".mot"}
    trial = replace(walk_estimate.trial, name=name, provenance=provenance, warnings=(name,))
    text = report_page(replace(walk_estimate, trial=trial))
    assert "alert(1)</script>" not in text
    page = Page(text)
    assert name in page.lists
    assert page.tables["Where these numbers come from"]["motion file"][0].startswith(name)


def test_a_minute_of_motion_stays_below_twelve_megabytes(walk_estimate) -> None:
    minute = repeated(walk_estimate, 6)
    assert np.ptp(minute.trial.time) >= 60.0
    assert len(report_page(minute).encode()) < 12e6


def test_of_long_motions_the_beginning_is_shown_and_all_of_it_counted(walk_estimate, monkeypatch) -> None:
    monkeypatch.setattr(html_report, "LONGEST_SHOWN", 4.0)
    page = Page(report_page(walk_estimate))
    facts, arrays = unpack(page.packed["packed-data"])
    assert arrays["time"][-1] == pytest.approx(4.0)
    assert facts["scene"]["duration"] == pytest.approx(4.0)
    assert max(end for _, _, end in facts["stances"]) <= 4.0
    report = build_report(walk_estimate)
    assert page.tables["Gait"]["duration [s]"] == [f"{report.motion.end_s - report.motion.start_s:.2f}"]


def test_a_second_motion_is_a_ghost_with_curves_and_numbers(walk_estimate) -> None:
    trial = walk_estimate.trial
    other = replace(
        walk_estimate,
        forces=replace(walk_estimate.forces, force=1.1 * walk_estimate.forces.force),
        trial=replace(trial, values=trial.values + 0.01),
    )
    page = Page(report_page(walk_estimate, compare=Compared(other, label="after", other_label="before")))
    facts, arrays = unpack(page.packed["packed-data"])
    assert facts["labels"] == ["after", "before"]
    assert len(facts["cast"]["ghost"]) == len(facts["cast"]["bodies"])
    vertical = next(p for p in facts["panels"] if p["title"] == "Vertical")
    before, after = (
        next(arrays[c["values"]] for c in vertical["curves"] if c["side"] == "r" and c["origin"] == origin)
        for origin in ("other", "this")
    )
    np.testing.assert_allclose(before, 1.1 * after, rtol=1e-5, atol=1e-4)
    cell = page.tables["Mean of whole stances"]["peak vertical [BW]"][0]
    first, second = (float(number) for number in cell.split(" \N{RIGHTWARDS ARROW} "))
    assert first == pytest.approx(1.1 * second, abs=0.011)


def test_absent_libraries_are_told_with_the_remedy(walk_estimate, monkeypatch) -> None:
    libraries._library.cache_clear()
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"gaitdynamics\[report\]"):
        report_page(walk_estimate)
    libraries._library.cache_clear()


def test_facts_hold_no_numbers_that_json_forbids(page) -> None:
    facts, _ = unpack(page.packed["packed-data"])
    json.dumps(facts, allow_nan=False)
