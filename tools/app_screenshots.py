"""Pictures of the app in the browser for the documentation: on a desk and on a phone.

python tools/app_screenshots.py --out docs/figures

Needs the extra [app], Chromium and the Python package playwright.
"""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

#: Name, width and height of the window, and the part of the page that is in view.
VIEWS = (("app_desktop", 1280, 1180, "body"), ("app_phone", 400, 1000, "#results"))

#: Moment of the walk that is shown [s]: double support, both arrows are seen.
MOMENT = 0.64

app = App(help=__doc__)


@app.default
def main(*, out: Path, chromium: str | None = None) -> None:
    """Take the pictures.

    Parameters
    ----------
    out
        Folder for them.
    chromium
        Program of the browser; by default the one on the path.
    """
    from playwright.sync_api import sync_playwright

    program = chromium or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("no Chromium is found: name one with --chromium")
    out.mkdir(parents=True, exist_ok=True)
    with started_app() as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        for name, width, height, part in VIEWS:
            path = out / f"{name}.png"
            path.write_bytes(small(picture(browser, address, width, height, part)))
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
        browser.close()


def picture(browser: Browser, address: str, width: int, height: int, part: str) -> bytes:
    """Run the example with joint moments and hip muscles, and photograph the result."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    page.check("input[name=task][value=hip]")
    page.click("#example")
    page.wait_for_selector("#done:not([hidden])", timeout=120_000)
    frame = page.frame_locator("#report")
    frame.locator("body[data-ready]").wait_for(timeout=120_000)
    inner = next(one for one in page.frames if "/reports/" in one.url)
    inner.evaluate(
        "t => { const s = document.getElementById('scrub'); s.value = t; s.dispatchEvent(new Event('input')); }", MOMENT
    )
    page.evaluate("part => document.querySelector(part).scrollIntoView({ block: 'start', behavior: 'instant' })", part)
    page.mouse.move(0, 0)
    page.wait_for_timeout(2000)
    taken = page.screenshot()
    page.close()
    return taken


def small(png: bytes) -> bytes:
    """Reduce a picture to 256 colours, which is all that a page has."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
        stream, "PNG", optimize=True
    )
    return stream.getvalue()


@contextmanager
def started_app() -> Iterator[str]:
    """Run the app on a free port; give its address."""
    command = [sys.executable, "-m", "gaitdynamics", "app", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 (our own program)
    try:
        assert process.stdout is not None
        yield next(word for word in process.stdout.readline().split() if word.startswith("http://"))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


if __name__ == "__main__":
    app()
