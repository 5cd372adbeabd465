"""The page as a reader meets it: opened from a file in Chromium."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from browser import Watched
from gaitdynamics.tasks.html_report import write_report_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page_file(walk_estimate, tmp_path_factory) -> Path:
    return write_report_page(tmp_path_factory.mktemp("page") / "walk_report.html", walk_estimate)


@pytest.fixture(scope="module")
def opened(browser, page_file):
    """Give one page for all tests, since opening takes seconds: each brings it to where it needs it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.watched = Watched(page)
    page.goto(page_file.as_uri())
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    yield page
    context.close()


def picture(page, selector: str) -> np.ndarray:
    return imread(BytesIO(page.locator(selector).screenshot()), format="png")[..., :3]


def share_of(color: str, image: np.ndarray, tolerance: float = 0.25) -> float:
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return float((np.abs(image - wanted).max(axis=-1) < tolerance).mean())


def reddish(image: np.ndarray) -> float:
    return float((image[..., 0] - image[..., 2] > 0.25).mean())


def go_to(page, seconds: float) -> None:
    page.evaluate(
        "t => { const s = document.getElementById('scrub'); s.value = t; s.dispatchEvent(new Event('input')); }",
        seconds,
    )
    page.wait_for_timeout(150)


def clock(page) -> float:
    return float(page.locator("#clock").inner_text().split()[0])


def test_skeleton_and_curves_appear_and_nothing_is_loaded(opened) -> None:
    view = picture(opened, "#view")
    assert view.std() > 0.05, "the view is empty"
    curves = picture(opened, "#charts")
    for color in ("#c8500a", "#0b63a8"):
        assert share_of(color, curves, 0.1) > 1e-3
    assert opened.watched.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in opened.watched.requests)


def test_playing_moves_the_skeleton_and_the_cursor(opened) -> None:
    opened.click("#tabs button[data-group=forces]")
    go_to(opened, 0.0)
    before, left = picture(opened, "#view"), opened.locator(".cursor").first.bounding_box()["x"]
    opened.click("#play")
    opened.wait_for_function("Number(document.getElementById('scrub').value) > 0.4", timeout=120_000)
    opened.click("#play")
    stopped = clock(opened)
    after = picture(opened, "#view")
    assert (np.abs(after - before).max(axis=-1) > 0.1).mean() > 5e-3
    assert opened.locator(".cursor").first.bounding_box()["x"] > left + 5
    opened.wait_for_timeout(300)
    assert clock(opened) == stopped
    assert opened.watched.errors == []


def test_scrubbing_back_gives_the_same_picture(opened) -> None:
    go_to(opened, 1.0)
    first = picture(opened, "#view")
    go_to(opened, 1.3)
    elsewhere = picture(opened, "#view")
    go_to(opened, 1.0)
    again = picture(opened, "#view")
    assert (np.abs(elsewhere - first).max(axis=-1) > 0.1).mean() > 5e-3
    assert (np.abs(again - first).max(axis=-1) > 0.1).mean() < 1e-3


def test_arrows_are_drawn_only_while_a_foot_is_loaded(opened, walk_estimate) -> None:
    """With forces switched off less of the strong colours is seen, in stance of that side."""
    time, force = walk_estimate.trial.time, walk_estimate.forces.force[..., 1]
    single = np.flatnonzero((force[:, 0] > 500.0) & (force[:, 1] == 0.0))
    go_to(opened, float(time[single[len(single) // 2]] - time[0]))
    with_arrow = share_of("#c8500a", picture(opened, "#view"))
    opened.uncheck("#show-forces")
    without = share_of("#c8500a", picture(opened, "#view"))
    opened.check("#show-forces")
    assert with_arrow > without + 5e-4


@pytest.mark.parametrize("group", ["stance", "cop", "cop_over_time", "angles", "moments"])
def test_every_tab_draws_its_curves(opened, group) -> None:
    opened.click(f"#tabs button[data-group={group}]")
    opened.wait_for_selector(f".chart[data-group={group}] .scatterlayer path.js-line", state="attached")
    assert reddish(picture(opened, "#charts")) > 1e-3
    assert opened.watched.errors == []


def test_cameras_change_the_view(opened) -> None:
    go_to(opened, 1.0)
    seen = [picture(opened, "#view")]
    for name in ("right", "front", "top"):
        opened.click(f"[data-camera={name}]")
        opened.wait_for_timeout(200)
        seen.append(picture(opened, "#view"))
    for one, other in pairwise(seen):
        assert (np.abs(one - other).max(axis=-1) > 0.1).mean() > 0.02


def test_without_webgl_curves_and_numbers_are_there_all_the_same(page, page_file) -> None:
    page.add_init_script(
        "const old = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        " return /webgl/.test(kind) ? null : old.call(this, kind, ...rest); };"
    )
    page.goto(page_file.as_uri())
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    assert "no WebGL" in page.locator("#view").inner_text()
    assert reddish(picture(page, "#charts")) > 1e-3
    go_to(page, 2.0)
    assert clock(page) == 2.0


def test_the_page_works_inside_another_page_that_trusts_it_with_scripts_only(page, page_file) -> None:
    page.set_content('<iframe sandbox="allow-scripts" style="width: 1200px; height: 850px; border: 0"></iframe>')
    page.evaluate("text => { document.querySelector('iframe').srcdoc = text; }", page_file.read_text(encoding="utf-8"))
    frame = page.frame_locator("iframe")
    frame.locator("body[data-ready]").wait_for(timeout=120_000)
    image = imread(BytesIO(frame.locator("#view").screenshot()), format="png")[..., :3]
    assert image.std() > 0.05


def test_narrow_screens_show_everything_without_scrolling_sideways(browser, page_file) -> None:
    context = browser.new_context(viewport={"width": 400, "height": 800})
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert picture(page, "#view").std() > 0.05
    context.close()
