"""The commands about weights, as a user meets them: statuses, messages, files."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from gaitdynamics import cli
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference.published_checkpoint import load_published
from published_files import LFS_POINTER, save_pair, save_parts, save_published, tiny_diffusion_state
from published_weights import denoiser_state, refinement_state


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    save_pair(folder)
    return folder


@pytest.fixture(scope="module")
def imported(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights") / "pair"
    arguments = ["weights", "import", *map(str, sorted(published.iterdir())), "--out", str(folder)]
    assert cli.run(arguments) == 0
    return folder


def run(*arguments: object) -> int:
    return cli.run(["weights", *map(str, arguments)])


def test_import_says_what_it_found(published, tmp_path, capsys):
    out = tmp_path / "deep" / "pair"
    assert run("import", published / "diffusion.pt", published / "refinement.pt", "--out", out) == 0
    said = capsys.readouterr().out
    assert "refinement: 2,090,124 parameters; not a released file" in said
    assert f"Weights 'pair' in {out}" in said
    assert load_published(out).description.name == "pair"


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit(3)",)


def pointer(folder: Path) -> Path:
    (folder / "d.pt").write_text(LFS_POINTER)
    return folder / "d.pt"


def truncated(folder: Path) -> Path:
    path = save_published(folder / "d.pt", tiny_diffusion_state())
    path.write_bytes(path.read_bytes()[:-1000])
    return path


def without_part(folder: Path) -> Path:
    parts = save_parts(folder, tiny_diffusion_state())
    parts[1].unlink()
    return parts[0]


def bomb(folder: Path) -> Path:
    torch.save({"ema_state_dict": {}, "normalizer": Bomb()}, folder / "d.pt")
    return folder / "d.pt"


def without_normalizer(folder: Path) -> Path:
    torch.save({"ema_state_dict": tiny_diffusion_state()}, folder / "d.pt")
    return folder / "d.pt"


def with_nan(folder: Path) -> Path:
    state = tiny_diffusion_state()
    state["final_layer.bias"][0] = torch.nan
    return save_published(folder / "d.pt", state)


BAD = {
    "absent": (lambda folder: folder / "d.pt", "no such file"),
    "folder": (lambda folder: folder, "no such file"),
    "pointer": (pointer, "git-LFS pointer"),
    "truncated": (truncated, "truncated or damaged"),
    "part missing": (without_part, "missing: Diffusion_part2.pt"),
    "bomb": (bomb, "it wants to call"),
    "refinement": (lambda folder: save_published(folder / "d.pt", refinement_state()), "this is the refinement"),
    "75 columns": (
        lambda folder: save_published(folder / "d.pt", denoiser_state(64, 1, 75, 32), count=75),
        "found [64, 75]",
    ),
    "no normalizer": (without_normalizer, "no 'normalizer'"),
    "nan": (with_nan, "not finite"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_told_with_status_2_and_nothing_is_written(kind, published, tmp_path, capsys):
    make, message = BAD[kind]
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    path = make(inputs)
    assert run("import", path, published / "refinement.pt", "--out", tmp_path / "out" / "pair") == 2
    said = capsys.readouterr()
    assert message in said.err
    assert str(path) in said.err
    assert "Remedy:" in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["inputs"]


def test_exchanged_files_are_told(published, tmp_path, capsys):
    assert run("import", published / "refinement.pt", published / "diffusion.pt", "--out", tmp_path / "out") == 2
    assert "first the diffusion file, then the refinement file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_list_has_packaged_and_given_weights(imported, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for folder in (imported, imported.parent):
        assert run("list", folder) == 0
        rows = [line.split() for line in capsys.readouterr().out.replace("│", " ").splitlines()]
        kinds = {row[0]: row[1:3] for row in rows if len(row) > 3}
        assert kinds["refiner-3"] == ["refiner", "foot-view-3"]
        assert kinds["pair"] == ["published-pair", "published-63"]


def test_list_tells_unreadable_and_absent_weights(tmp_path, capsys):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.json").write_text("{")
    assert run("list", tmp_path) == 0
    assert "broken: cannot be read" in capsys.readouterr().out
    assert run("list", tmp_path / "none") == 2
    assert "no such folder" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run("list", tmp_path / "empty") == 2
    assert "no weights in it" in capsys.readouterr().err


def test_show_a_pair(imported, capsys):
    assert run("show", imported) == 0
    said = capsys.readouterr().out
    for part in ("refinement: 2,090,124 parameters", "diffusion.safetensors:", "scaled_linear", "published-63"):
        assert part in said
    assert run("show", imported, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["columns"] == list(PUBLISHED_63.names)
    assert document["files"]["model.json"] == (imported / "model.json").stat().st_size
    assert len(document["diffusion"]["scaler"]["scale"]) == 63


def test_show_packaged_weights(capsys):
    assert run("show", "refiner-3") == 0
    said = capsys.readouterr().out
    for part in ("foot-view-3", "weights.safetensors:", "metrics:", "training:"):
        assert part in said


@pytest.mark.parametrize("name", ["no-such-weights", "."])
def test_show_what_is_none(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("show", name) == 2
    assert "Remedy:" in capsys.readouterr().err


@pytest.fixture
def address(published: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of the folder of published files, on this machine."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=published)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_fetch_then_import(address, published, tmp_path, capsys):
    for name in ("diffusion.pt", "refinement.pt"):
        sha256 = hashlib.sha256((published / name).read_bytes()).hexdigest()
        assert run("fetch", f"{address}/{name}", "--out", tmp_path / "files", "--sha256", sha256) == 0
        assert f"SHA-256 {sha256}, as expected" in capsys.readouterr().out
    files = tmp_path / "files"
    assert run("import", files / "diffusion.pt", files / "refinement.pt", "--out", tmp_path / "pair") == 0
    load_published(tmp_path / "pair")


def test_a_fetch_that_fails_has_status_2_and_leaves_nothing(address, tmp_path, capsys):
    out = tmp_path / "files"
    assert run("fetch", f"{address}/none.pt", "--out", out) == 2
    assert "404" in capsys.readouterr().err
    assert run("fetch", f"{address}/diffusion.pt", "--out", out, "--sha256", "0" * 64) == 2
    assert "it was removed" in capsys.readouterr().err
    assert run("fetch", "diffusion.pt", "--out", out) == 2
    assert "is not an address" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
