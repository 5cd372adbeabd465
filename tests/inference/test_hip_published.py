"""Published files of Gait2Hip-60: converted without loss, refused where anything is odd, never run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gaitdynamics import cli
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.hip import ANGLES
from gaitdynamics.inference.hip_checkpoint import find_hip, load_hip
from gaitdynamics.inference.hip_published import import_hip, read_hip_file
from gaitdynamics.networks.hip import HipConfig, make_hip_network
from hip_weights import CONFIGS, MEAN, SD, content, save_published
from published_files import LFS_POINTER, save_pair


@pytest.mark.parametrize("network", CONFIGS)
@pytest.mark.parametrize("task", ["muscle_forces", "joint_moments"])
def test_conversion_changes_no_number(network, task, tmp_path):
    path = save_published(tmp_path / "a.pt", network=network, task=task)
    import_hip([path], tmp_path / "w")
    loaded = load_hip(tmp_path / "w" / f"{network}_{task}")
    made = content(network, task)
    reference = make_hip_network(HipConfig(network, 10, len(made["out_cols"]), **CONFIGS[network])).eval()
    reference.load_state_dict(made["state_dict"])
    angles = np.random.default_rng(0).normal(10.0, 15.0, (3, 180, 10))
    scaled = torch.from_numpy(((angles - np.array(MEAN)) / np.array(SD)).astype(np.float32))
    with torch.inference_mode():
        np.testing.assert_allclose(loaded.predict(angles), reference(scaled).numpy(), atol=1e-6)
    assert loaded.description.metrics["test_person_mean"] == {"RMSE": 0.5, "MAE": 0.25, "R2": 0.75}
    assert loaded.description.source["name"] == "a.pt"


def test_the_published_files_are_imported_and_shown(hip_files, tmp_path, capsys):
    files = sorted(hip_files.glob("*.pt"))
    assert cli.run(["weights", "import", *map(str, files), "--out", str(tmp_path / "w")]) == 0
    assert "transformer_muscle_forces: 332,174 parameters; published test: RMSE 1.328" in capsys.readouterr().out
    assert cli.run(["weights", "show", str(tmp_path / "w" / "lstm_joint_moments")]) == 0
    shown = capsys.readouterr().out
    assert "R2: 0.8489" in shown
    assert "H29, H56" in shown
    for name in ("transformer", "mamba", "lstm"):
        found = find_hip(tmp_path / "w", name)
        assert list(found) == ["muscle_forces", "joint_moments"]
        assert {network.description.architecture.network for network in found.values()} == {name}
    assert {n.description.architecture.network for n in find_hip(tmp_path / "w").values()} == {"transformer"}


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_file_that_calls_something_is_refused_and_not_run(tmp_path):
    path = save_published(tmp_path / "a.pt", hparams=Bomb(tmp_path / "was_run"))
    with pytest.raises(FileFormatError, match=r"wants to call .*which no weights need"):
        read_hip_file(path)
    assert not (tmp_path / "was_run").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mu_x": np.zeros(9)}, "'mu_x' is not 10 finite numbers"),
        ({"mu_x": [0.0] * 10}, "'mu_x' is not 10"),
        ({"sd_x": np.full(10, np.nan)}, "'sd_x' is not 10"),
        ({"sd_x": np.zeros(10)}, "not above zero"),
        ({"sd_x": np.array([object()] * 10)}, "no weights need"),
        ({"in_cols": list(ANGLES[::-1])}, "its inputs are ankle_angle_l"),
        ({"out_cols": ["a", "b", "c"]}, "its outputs are a, b, c"),
        ({"target_unit": "Nm"}, "outputs are in 'Nm', expected is N.m/kg"),
        ({"model_type": "gru"}, "model_type is 'gru'"),
        ({"hparams": {"d_model": 10**9}}, "d_model = 1000000000, which cannot be"),
        ({"hparams": {"d_model": 16, "d_state": 5, "layers": 1}}, "A_log"),
        ({"state_dict": {}}, "no weights in it"),
        ({"state_dict": {"D": torch.zeros(3, dtype=torch.int64)}}, "no tensor of real numbers"),
        ({"state_dict": {"D": torch.full((3,), torch.nan)}}, "not finite"),
    ],
)
def test_an_odd_file_is_refused_and_nothing_is_left(changes, said, tmp_path):
    path = save_published(tmp_path / "a.pt", **changes)
    good = save_published(tmp_path / "b.pt", network="lstm")
    with pytest.raises(UserInputError) as caught:
        import_hip([good, path], tmp_path / "w")
    assert said in str(caught.value)
    assert not (tmp_path / "w").exists()


def test_the_command_tells_kinds_apart(tmp_path, capsys):
    save_pair(tmp_path)
    hip, twin = save_published(tmp_path / "hip.pt"), save_published(tmp_path / "twin.pt")
    pointer = tmp_path / "pointer.pt"
    pointer.write_text(LFS_POINTER)
    pair = [tmp_path / "diffusion.pt", tmp_path / "refinement.pt"]

    def said(*files: Path) -> str:
        assert cli.run(["weights", "import", *map(str, files), "--out", str(tmp_path / "w")]) == 2
        assert not (tmp_path / "w").exists()
        return capsys.readouterr().err

    assert "belongs to Gait2Hip-60, others of those given do not" in said(pair[0], hip)
    assert "1 file(s) given; GaitDynamics is a pair of files" in said(pair[0])
    assert "3 file(s) given" in said(*pair, pair[0])
    assert "git-LFS pointer" in said(pointer)
    assert "another of the files is a network 'mamba_joint_moments' too" in said(hip, twin)
