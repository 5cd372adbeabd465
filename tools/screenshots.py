"""Take the pictures of the report page that the documentation shows.

python tools/screenshots.py docs/figures

Needs the packages of the extra [dev] and Chromium. Look at the pictures before you commit them.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from cyclopts import App
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import gaitdynamics as gd
from gaitdynamics.inference.motion_network import load_motion_network
from gaitdynamics.tasks.html_report import Compared, write_report_page
from gaitdynamics.tasks.modification import Change, modify_motion

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"
#: Sizes of the window: a desktop, and a phone [px].
DESKTOP, PHONE = (1280, 820), (400, 860)
#: What a picture may weigh in the repository [bytes].
LARGEST = 300_000

app = App(help=__doc__)


@app.default
def main(folder: Path, *, browser: str | None = None) -> None:
    """Take all pictures.

    Parameters
    ----------
    folder
        Where they go.
    browser
        Program of the browser, `chromium` unless told.
    """
    torch.set_num_threads(1)
    trial = gd.read_trial(
        EXAMPLE / "walking.mot", model=EXAMPLE / "subject.osim", height_m=1.72, surface=gd.Surface("overground")
    )
    with TemporaryDirectory() as name, started(browser) as chromium:
        walk = write_report_page(Path(name) / "walking_report.html", gd.estimate_forces(trial))
        with opened(chromium, walk, DESKTOP) as page:
            go_to(page, 2.15)
            save(page, folder / "report.png")
            page.click("#tabs button[data-group=cop]")
            page.click("[data-camera=right]")
            go_to(page, 2.35)
            save(page, folder / "report_cop.png")
        with opened(chromium, walk, PHONE) as page:
            go_to(page, 2.15)
            save(page, folder / "report_phone.png")
        sway = modify_motion(trial, [Change("lumbar_bending", scale=2.5)], load_motion_network(None))
        before, after = sway.before, sway.after
        compared = Compared(before.estimate, before.refiner.moments, "generated", "measured motion")
        compare = write_report_page(
            Path(name) / "compare.html", after.estimate, moments=after.refiner.moments, compare=compared
        )
        with opened(chromium, compare, DESKTOP) as page:
            page.click("#tabs button[data-group=moments]")
            page.click("[data-camera=front]")
            go_to(page, 2.35)
            save(page, folder / "report_compare.png")


@contextmanager
def started(program: str | None) -> Iterator[Browser]:
    """Start the browser without a window."""
    arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program or shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path, size: tuple[int, int]) -> Iterator[Page]:
    """Open a report page and wait until it has drawn everything."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(file.as_uri())
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    yield page
    page.close()


def go_to(page: Page, seconds: float) -> None:
    """Move the slider of a report page to a time."""
    page.evaluate(
        "t => { const s = document.getElementById('scrub'); s.value = t; s.dispatchEvent(new Event('input')); }",
        seconds,
    )
    page.wait_for_timeout(800)


def save(page: Page, path: Path) -> None:
    """Take the picture of what the window shows, in few colours so that it stays small."""
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    if size > LARGEST:
        raise RuntimeError(f"{path} has {size} bytes, more than {LARGEST}")
    print(f"{path}: {size // 1000} kB")


if __name__ == "__main__":
    app()
