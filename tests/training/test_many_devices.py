"""Several processes train as one, and a run that is killed goes on as if nothing had happened."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gaitdynamics import cli
from gaitdynamics.errors import UserInputError
from gaitdynamics.training.devices import Devices, Shares, divided
from gaitdynamics.training.settings import LoopSettings

pytest.importorskip("lightning")

SETTINGS = LoopSettings(steps=1, batch=12, learning_rate=1.0, weight_decay=0.0)
HERE = Path(__file__).parent

#: Long enough for a busy machine; nothing waits for it that goes well.
PATIENCE = 240


def environment() -> dict[str, str]:
    """Without GPUs, which might be fewer than the processes, and without a launcher."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "MASTER_"))}
    return {**kept, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}


def start(*arguments: object) -> subprocess.Popen[bytes]:
    """Start a program of ours in a session of its own, so that all its processes can be ended together."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment(), start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, said.decode()[-3000:]


def test_batches_are_divided_evenly_and_completely():
    shares = Shares.plan(SETTINGS.model_copy(update={"parts": 6}), Devices(2))
    parts = [part for rank in range(2) for part in shares.of_rank(rank)]
    assert parts == list(range(6))
    windows = [w for part in parts for w in range(12)[shares.windows(part)]]
    assert windows == list(range(12))


def test_one_part_per_device_unless_told():
    assert Shares.plan(SETTINGS, Devices(2, 2)).parts == 4
    assert divided(SETTINGS, Devices(2, 2)).parts == 4
    assert divided(SETTINGS, Devices()) == SETTINGS


@pytest.mark.parametrize(("parts", "devices", "problem"), [(3, 2, "3 parts"), (None, 5, "12 windows")])
def test_a_batch_that_cannot_be_divided_is_told(parts, devices, problem):
    with pytest.raises(UserInputError, match=problem):
        Shares.plan(SETTINGS.model_copy(update={"parts": parts}), Devices(devices))


def test_two_processes_with_half_a_batch_each_are_one_with_the_whole(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    from whole_or_shared import train

    finish(start(HERE / "whole_or_shared.py", 2, tmp_path))
    shared = load_file(tmp_path / "weights.safetensors")
    whole = train(1, 1, tmp_path / "whole")
    in_parts = train(1, 2, tmp_path / "parts")
    for name, tensor in whole.items():
        torch.testing.assert_close(shared[name], tensor, rtol=0, atol=1e-5)
        torch.testing.assert_close(in_parts[name], tensor, rtol=0, atol=1e-5)


SMALL = """
width = 8
dilations = [1]
members = 1
steps = 40
batch = 4
save_every = 5
parts = 2
"""


def test_a_run_of_two_processes_goes_on_after_kill_9(small_data, tmp_path):
    """Against one process that is not interrupted: noise, dropout and masked means are those of the parts."""
    (tmp_path / "small.toml").write_text(SMALL)
    options = ["train", "refiner", "--data", small_data, "--settings", tmp_path / "small.toml"]
    assert cli.run([str(part) for part in (*options, "--out", tmp_path / "whole")]) == 0
    broken = tmp_path / "broken"
    killed = start("-m", "gaitdynamics", *options, "--out", broken, "--devices", 2)
    deadline = time.monotonic() + PATIENCE
    while not (broken / "last.ckpt").is_file() and killed.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=PATIENCE)  # the other process ends by itself, as it is alone
    assert killed.returncode == -signal.SIGKILL
    assert not (broken / "model.json").exists()
    state = torch.load(broken / "last.ckpt", weights_only=True)
    assert 0 < state["global_step"] < 40
    alone = shutil.copytree(broken, tmp_path / "alone")
    finish(start("-m", "gaitdynamics", *options, "--out", broken, "--devices", 2, "--resume"))
    # The same parts on one device are the same run too.
    assert cli.run([str(part) for part in (*options, "--out", alone, "--resume")]) == 0
    expected, found, other = (load_file(run / "weights.safetensors") for run in (tmp_path / "whole", broken, alone))
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-6)
        torch.testing.assert_close(other[name], tensor, rtol=0, atol=1e-6)


def test_a_run_is_not_continued_with_other_parts(small_data, tmp_path, capsys):
    (tmp_path / "small.toml").write_text(SMALL)
    options = [
        "train",
        "refiner",
        "--data",
        small_data,
        "--settings",
        tmp_path / "small.toml",
        "--out",
        tmp_path / "run",
    ]
    command = [str(part) for part in options]
    assert cli.run([*command, "--steps", "5"]) == 0
    (tmp_path / "run" / "member.safetensors").unlink()
    capsys.readouterr()
    assert cli.run([*command, "--resume", "--parts", "4", "--steps", "10"]) == 2
    said = capsys.readouterr().err
    assert "begun with batches of 2 parts" in said
    assert "--parts 2" in said
