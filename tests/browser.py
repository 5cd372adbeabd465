"""A browser without a window for the tests that look at pages.

Tests that need it carry the marker `browser` and take the fixture `page`. Where no Chromium is installed they are
skipped; with GAITDYNAMICS_BROWSER=required, as in `.ci/run`, its absence fails them. The variable may also be the path
of the browser's program.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Names under which distributions install Chromium.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Drawing in three dimensions by the processor, for machines without a graphics card; no sandbox, for containers.
ARGUMENTS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--mute-audio")


def chromium() -> str:
    """Find the browser's program; skip the test, or fail it where a browser is required."""
    wish = os.environ.get("GAITDYNAMICS_BROWSER", "")
    if wish and wish != "required" and Path(wish).is_file():
        return wish
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    reason = f"browser test: none of {', '.join(PROGRAMS)} is installed (Debian: apt-get install chromium)"
    if wish:
        pytest.fail(f"GAITDYNAMICS_BROWSER={wish}, but {reason}")
    pytest.skip(reason)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser, and end it."""
    program = chromium()
    if os.environ.get("GAITDYNAMICS_BROWSER"):
        import playwright.sync_api as api
    else:
        api = pytest.importorskip("playwright.sync_api", reason="browser test: pip install playwright")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """What a page says and asks for: errors in its console, and requests that leave the page."""

    def __init__(self, page: Page) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
