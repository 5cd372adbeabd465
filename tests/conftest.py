"""Shared fixtures: where the real data is, and that its absence is loud where it is required."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from gaitdynamics.files.motion import read_trial
from gaitdynamics.trial import Surface, Trial


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
