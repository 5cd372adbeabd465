"""Size of the report page, the time to write and to open it, and how smoothly it plays, on walks of different length.

python benchmarks/speed/page.py --out results/speed_page

Chromium draws without a graphics card here, which is the slowest case there is.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from cyclopts import App
from playwright.sync_api import Browser, sync_playwright
from run import EXAMPLE, long_walk

import gaitdynamics as gd
from gaitdynamics._version import __version__
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.tasks.html_report import LONGEST_SHOWN, write_animation, write_report_page

#: What is aimed at for one minute of motion.
TARGET = "60 s of motion in less than 12 MB"
#: Counts the pictures in which the time has moved on, in so many seconds of playing.
_COUNT = """seconds => new Promise(done => {
    const scrub = document.getElementById('scrub'), begin = performance.now();
    let pictures = 0, last = scrub.value;
    document.getElementById('play').click();
    const look = () => {
        if (scrub.value !== last) { pictures += 1; last = scrub.value; }
        if (performance.now() - begin < 1000 * seconds) requestAnimationFrame(look);
        else { document.getElementById('play').click(); done(pictures / seconds); }
    };
    requestAnimationFrame(look);
})"""

#: Mean time of a picture [ms] in each of several rounds, at moments spread over the motion.
_DRAW = """rounds => Array.from({ length: rounds }, () => {
    const scrub = document.getElementById('scrub'), begin = performance.now();
    for (let i = 0; i < 50; i++) {
        scrub.value = scrub.max * i / 50;
        scrub.dispatchEvent(new Event('input'));
    }
    return (performance.now() - begin) / 50;
})"""

app = App(help=__doc__)


@dataclass(frozen=True)
class PageRun:
    """One page: motion [s], size of page and animated file [MB], seconds to write and to open, pictures per second.

    `draw_ms` is the time our scripts take for one picture, the drawing that they order not included.
    """

    motion_s: float
    page_mb: float
    animation_mb: float
    write_s: float
    open_s: float
    forces_fps: float
    angles_fps: float
    draw_ms: float


@app.default
def main(*, out: Path | None = None, browser: str | None = None) -> None:
    """Write and open pages of 10, 60 and 600 s of walking at 100 Hz.

    Parameters
    ----------
    out
        Folder for page.md; without it the table is printed only.
    browser
        Program of the browser, `chromium` unless told.
    """
    torch.set_num_threads(1)
    program = browser or shutil.which("chromium")
    arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with TemporaryDirectory() as name, sync_playwright() as play:
        started = play.chromium.launch(executable_path=program, args=arguments)
        runs = [measure(Path(name), seconds, started) for seconds in (10.0, 60.0, 600.0)]
        text = table(runs, started.version)
        started.close()
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "page.md", text)


def measure(folder: Path, seconds: float, browser: Browser) -> PageRun:
    """Write and open the page of a walk of this length [s]."""
    motion = folder / f"walk_{seconds:g}s.mot"
    walk = long_walk(read_storage(EXAMPLE / "walking.mot"), seconds)
    write_storage(motion, list(walk.labels), walk.data, name=motion.stem, in_degrees=True)
    trial = gd.read_trial(motion, model=EXAMPLE / "subject.osim", height_m=1.72, surface=gd.Surface("overground"))
    estimate = gd.estimate_forces(trial)
    begin = time.perf_counter()
    page_file = write_report_page(folder / f"{motion.stem}.html", estimate)
    write_s = time.perf_counter() - begin
    animation = write_animation(folder / f"{motion.stem}.glb", estimate)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    begin = time.perf_counter()
    page.goto(page_file.as_uri())
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    open_s = time.perf_counter() - begin
    forces_fps = float(page.evaluate(_COUNT, 5))
    page.click("#tabs button[data-group=angles]")
    page.wait_for_timeout(1500)
    angles_fps = float(page.evaluate(_COUNT, 5))
    page.click("#tabs button[data-group=forces]")
    # Where other jobs compute too, the shortest round is the one of this page alone.
    draw_ms = float(min(page.evaluate(_DRAW, 20)))
    page.close()
    sizes = (path.stat().st_size / 1e6 for path in (page_file, animation))
    return PageRun(seconds, *sizes, write_s, open_s, forces_fps, angles_fps, draw_ms)


def table(runs: list[PageRun], chromium: str) -> str:
    """Lay out the runs as Markdown."""
    lines = [
        f"gaitdynamics {__version__}, k3d {version('k3d')}, plotly {version('plotly')}, Chromium {chromium} without "
        f"graphics card, {os.cpu_count()} cores.",
        "",
        "| motion [s] | page [MB] | animated file [MB] | time to write [s] | to open [s] | pictures/s, forces | "
        "pictures/s, angles | script per picture [ms] |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {r.motion_s:g} | {r.page_mb:.1f} | {r.animation_mb:.1f} | {r.write_s:.1f} | {r.open_s:.1f} | "
        f"{r.forces_fps:.0f} | {r.angles_fps:.0f} | {r.draw_ms:.2f} |"
        for r in runs
    ]
    note = f"Joint moments are computed while writing. Of the longest the first {LONGEST_SHOWN:g} s are shown."
    return "\n".join([*lines, "", f"{note} Target: {TARGET}.", ""])


if __name__ == "__main__":
    app()
