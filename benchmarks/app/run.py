"""Times of the app in the browser: from start to first page, and from click to forces for the shipped example.

python benchmarks/app/run.py --out results/app

Needs the extra [app], Chromium and the Python package playwright.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from cyclopts import App

from gaitdynamics._version import __version__
from gaitdynamics.files.atomic import write_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ENDED = "#done:not([hidden]), #error:not([hidden])"
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]

app = App(help=__doc__)


@app.default
def main(*, out: Path | None = None, repeats: int = 5, chromium: str | None = None) -> None:
    """Start the app, open its page, click the example, several times each.

    Parameters
    ----------
    out
        Folder for summary.md and times.csv; without it the table is printed only.
    repeats
        How often each is done; the median counts.
    chromium
        Program of the browser; by default the one on the path.
    """
    from playwright.sync_api import sync_playwright

    program = chromium or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("no Chromium is found: name one with --chromium")
    times: dict[str, list[float]] = {}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=ARGUMENTS)
        for _ in range(repeats):
            measure_start(browser, times)
        with started_app() as (address, _, process):
            wait_until(lambda: health(address) > 0)
            for _ in range(repeats):
                measure_use(browser, address, process, times)
            memory = memory_mb(process)
        browser.close()
    text = table(times, repeats, memory)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "summary.md", text)
        write_text(out / "times.csv", pd.DataFrame(times).to_csv(index=False, lineterminator="\n"))


def measure_start(browser: Browser, times: dict[str, list[float]]) -> None:
    """Measure from the command to the first page, to a warm worker, and a click that is too early."""
    with started_app() as (address, begun, _):
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("#example")
        note(times, "from the command to the first page", begun)
        clicked = time.perf_counter()
        page.click("#example")
        wait_until(lambda: health(address) > 0)
        note(times, "from the command to a warm worker", begun)
        page.wait_for_selector(ENDED, timeout=120_000)
        note(times, "from a click right after the start to the result", clicked)
        page.close()


def measure_use(browser: Browser, address: str, process: int, times: dict[str, list[float]]) -> None:
    """Measure the page, and from the click to forces and to the moving skeleton, with a warm worker."""
    page = browser.new_page()
    begun = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("#example")
    note(times, "first page of a running app", begun)
    clicked, used = time.perf_counter(), processor_s(process)
    page.click("#example")
    page.wait_for_selector(ENDED, timeout=120_000)
    note(times, "from click to forces, ready to be downloaded", clicked)
    times.setdefault("of it, processor time of the worker", []).append(processor_s(process) - used)
    page.frame_locator("#report").locator("body[data-ready]").wait_for(timeout=120_000)
    note(times, "from click to the moving skeleton (drawn without a graphics card)", clicked)
    page.close()


def note(times: dict[str, list[float]], what: str, since: float) -> None:
    """Write down how long something took."""
    times.setdefault(what, []).append(time.perf_counter() - since)


@contextmanager
def started_app() -> Iterator[tuple[str, float, int]]:
    """Run the app on a free port; give its address, when it was started, and the number of its process."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "gaitdynamics", "app", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield next(word for word in line.split() if word.startswith("http://")), begun, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def health(address: str) -> int:
    """Ask how many workers are warm."""
    with urllib.request.urlopen(f"{address}/health") as answer:
        return int(json.load(answer)["ready"])


def wait_until(there: Callable[[], bool]) -> None:
    """Look again and again."""
    while not there():
        time.sleep(0.02)


def children_of(process: int) -> list[int]:
    """List the processes that a process has started, the workers; none where there is no /proc."""
    # Each thread has children of its own.
    lists = [path.read_text(encoding="ascii") for path in Path(f"/proc/{process}/task").glob("*/children")]
    return [int(child) for child in " ".join(lists).split()]


def memory_mb(process: int) -> dict[str, float]:
    """Measure the memory that the service holds, and its largest child, a worker [MB]."""
    children = [resident_mb(child) for child in children_of(process)]
    if not children:
        return {}
    return {"the service": resident_mb(process), "a worker after its runs": max(children)}


def processor_s(process: int) -> float:
    """Give the processor time that the workers of a service have used [s]."""
    ticks = 0
    for child in children_of(process):
        # The name, in brackets, may hold blanks; utime and stime are fields 14 and 15.
        fields = Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mb(process: int) -> float:
    """Give the resident memory of a process [MB]."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmRSS"))


def table(times: dict[str, list[float]], repeats: int, memory: dict[str, float]) -> str:
    """Lay out the medians."""
    lines = [
        "<!-- made by: python benchmarks/app/run.py --out OUT, on shared cores -->",
        f"gaitdynamics {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores; median of {repeats}, "
        "the slowest in brackets. Aimed at: first page in less than 2 s, from click to forces in less than 5 s, for "
        "the shipped walk of 10 s.",
        "",
        "| what | [s] |",
        "| --- | ---: |",
    ]
    lines += [f"| {what} | {statistics.median(taken):.1f} ({max(taken):.1f}) |" for what, taken in times.items()]
    if memory:
        lines += ["", "Memory: " + ", ".join(f"{what} {size:.0f} MB" for what, size in memory.items()) + "."]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    app()
