"""Shared fixtures: where the real data is, and that its absence is loud where it is required."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import settings

from browser import open_browser
from gaitdynamics.files.motion import read_trial
from gaitdynamics.trial import Surface, Trial

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# How long an example takes depends on what else the machine does, and is nothing that a test may hang on.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of real gait data; the test is skipped, saying so, where GAITDYNAMICS_DATA is not set.

    A variable that names a folder without a manifest is an error, not a skip: whoever sets it requires it.
    """
    value = os.environ.get("GAITDYNAMICS_DATA")
    if not value:
        pytest.skip("real-data test: set GAITDYNAMICS_DATA to a folder with manifest.csv to run it")
    folder = Path(value)
    if not (folder / "manifest.csv").is_file():
        pytest.fail(f"GAITDYNAMICS_DATA={value} has no manifest.csv")
    return folder


@pytest.fixture(scope="session")
def hip_files() -> Path:
    """Folder of the published files of Gait2Hip-60: `gait2hip` in GAITDYNAMICS_WEIGHTS, or in `weights` beside data.

    Otherwise as `data_folder`: skipped where no variable is set, an error where one names a folder without them.
    """
    value, data = os.environ.get("GAITDYNAMICS_WEIGHTS"), os.environ.get("GAITDYNAMICS_DATA")
    if not value and not data:
        pytest.skip("published weights: set GAITDYNAMICS_WEIGHTS to a folder with gait2hip/Mamba_MF60.pt and its kin")
    folder = (Path(value) if value else Path(str(data)).parent / "weights") / "gait2hip"
    if not (folder / "Mamba_MF60.pt").is_file():
        if value:
            pytest.fail(f"GAITDYNAMICS_WEIGHTS={value} has no gait2hip/Mamba_MF60.pt")
        pytest.skip(f"published weights: there is no {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small tensors on many threads are slower, and slower still beside other jobs."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def example_trial() -> Trial:
    """Ten seconds of overground walking, made by us, that come with the repository."""
    folder = Path(__file__).parents[1] / "examples" / "walking"
    return read_trial(
        folder / "walking.mot", model=folder / "subject.osim", height_m=1.72, surface=Surface("overground")
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, one for all tests; see `tests/browser.py`."""
    with open_browser() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a new, empty page of desktop size, with nothing remembered from other tests."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(120_000)  # a busy machine is slow, and that is no error
    yield context.new_page()
    context.close()
