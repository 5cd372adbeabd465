"""Published weight files: read as data, recognised, or refused with a reason. The parameters are made by rule."""

from __future__ import annotations

import builtins
import hashlib
import io
import os
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitdynamics.diffusion.schedules import PUBLISHED_SCHEDULE
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.inference import published_files
from gaitdynamics.inference.checkpoint import MODEL_FILE
from gaitdynamics.inference.published_checkpoint import DIFFUSION_FILE, import_published, load_published
from gaitdynamics.inference.published_files import RELEASES, read_diffusion_file, read_refinement_file
from gaitdynamics.networks.denoiser import LARGE, SMALL
from gaitdynamics.networks.published_state import effective_state
from published_files import (
    LFS_POINTER,
    importable,
    save_pair,
    save_parts,
    save_published,
    scale_and_bias,
    tiny_diffusion_state,
)
from published_weights import baseline_state, denoiser_state, deviations, input_wave, refinement_state


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return save_pair(tmp_path_factory.mktemp("published"))


@pytest.mark.parametrize("config", [SMALL, LARGE], ids=["small", "large"])
def test_imported_networks_give_the_published_outputs(config, tmp_path):
    state = denoiser_state(config.width, config.blocks)
    diffusion = save_published(tmp_path / "d.pt", state)
    refinement = save_published(tmp_path / "r.pt", refinement_state())
    import_published(diffusion, refinement, tmp_path / "out")
    loaded = load_published(tmp_path / "out")
    assert loaded.denoiser.config == config
    assert not loaded.denoiser.training
    assert not loaded.refinement.training
    for name, tensor in effective_state(state).items():
        assert torch.equal(loaded.denoiser.state_dict()[name], tensor), name
    with torch.no_grad():
        results = {
            f"diffusion_{'small' if config is SMALL else 'large'}": loaded.denoiser(
                input_wave(2, 63), torch.tensor([0, 500])
            ),
            "refinement": loaded.refinement(input_wave(2, 63)[..., list(PUBLISHED_63.kinematic)]),
        }
    for vector, result in results.items():
        for what, stored, found in deviations(result, vector):
            assert found == pytest.approx(stored, rel=1e-4, abs=1e-4), (vector, what)


def test_description_says_where_all_comes_from(pair, tmp_path):
    written = import_published(*pair, tmp_path / "out")
    description = load_published(tmp_path / "out").description
    assert description == written
    assert description.schema_name == "published-63"
    assert description.columns == PUBLISHED_63.names
    assert description.schedule == PUBLISHED_SCHEDULE
    assert description.diffusion.sources[0].name == "diffusion.pt"
    assert description.diffusion.sources[0].size_bytes == pair[0].stat().st_size
    assert description.diffusion.sources[0].sha256 == hashlib.sha256(pair[0].read_bytes()).hexdigest()
    assert description.diffusion.averaged
    assert any("not byte by byte a released file" in note for note in description.notes)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "diffusion.safetensors",
        "model.json",
        "refinement.safetensors",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_released_files_are_known_by_their_checksum(pair, tmp_path, monkeypatch):
    released = [sha for sha, text in RELEASES.items() if "large" in text or "refinement" in text]
    checksums = {str(pair[0]): released[0], str(pair[1]): released[1]}
    monkeypatch.setattr(published_files, "file_sha256", lambda path: checksums[str(path)])
    description = import_published(*pair, tmp_path / "out")
    assert "large" in description.diffusion.release
    assert "refinement" in description.refinement.release
    assert description.notes == ()
    assert "Camargo2021" in description.training["studies"]


def test_scalers_are_those_of_the_files_to_the_last_bit(pair):
    scale, bias = scale_and_bias()
    scaler = read_diffusion_file(pair[0]).scaler
    assert scaler.columns == PUBLISHED_63.names
    assert np.array_equal(np.float32(scaler.scale), scale.numpy())
    assert np.array_equal(np.float32(scaler.bias), bias.numpy())


def test_where_the_scalers_differ_columns_are_converted_between_them(tmp_path):
    description = import_published(*save_pair(tmp_path / "files", refinement_seed=1), tmp_path / "out")
    assert not description.scalers_agree
    assert any("scale columns differently" in note for note in description.notes)
    loaded = load_published(tmp_path / "out")
    (scale_d, bias_d), (scale_r, bias_r) = (tuple(x.double().numpy() for x in scale_and_bias(s)) for s in (0, 1))
    values = np.random.default_rng(0).normal(size=(4, 7, 63))
    converted = loaded.refinement_scaled(values * scale_d + bias_d)
    np.testing.assert_allclose(converted, values * scale_r + bias_r, rtol=1e-12, atol=1e-12)


def test_where_the_scalers_agree_columns_stay_as_they_are(pair, tmp_path):
    assert import_published(*pair, tmp_path / "out").scalers_agree
    values = np.random.default_rng(0).normal(size=(3, 63))
    assert load_published(tmp_path / "out").refinement_scaled(values) is values


def test_a_split_file_is_joined_from_any_of_its_parts(tmp_path):
    state = tiny_diffusion_state()
    parts = save_parts(tmp_path, state)
    for part in parts:
        found = read_diffusion_file(part)
        assert [source.name for source in found.sources] == [p.name for p in parts]
        for name, tensor in effective_state(state).items():
            assert torch.equal(found.network.state_dict()[name], tensor)


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_missing_parts_are_named(gone, tmp_path):
    parts = save_parts(tmp_path, tiny_diffusion_state())
    parts[gone].unlink()
    with pytest.raises(FileFormatError, match=rf"missing: {parts[gone].name}\b"):
        read_diffusion_file(parts[(gone + 1) % 3])


def test_prefixes_of_distributed_training_do_not_matter(tmp_path):
    state = tiny_diffusion_state()
    path = save_published(tmp_path / "d.pt", {f"module.{name}": tensor for name, tensor in state.items()})
    found = read_diffusion_file(path).network.state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in effective_state(state).items())


def test_of_a_training_checkpoint_the_average_is_taken(tmp_path):
    state = tiny_diffusion_state()
    path = save_published(
        tmp_path / "train.pt",
        state,
        modules=("data.preprocess", "data.scaler"),
        more={"model_state_dict": {name: tensor + 1 for name, tensor in state.items()}},
    )
    found = read_diffusion_file(path)
    assert found.averaged
    name = "final_layer.weight"
    assert torch.equal(found.network.state_dict()[name], state[name])


def test_parameters_of_the_last_step_are_taken_where_alone_and_noted(tmp_path):
    diffusion = save_published(tmp_path / "d.pt", tiny_diffusion_state(), entry="model_state_dict")
    refinement = save_published(tmp_path / "r.pt", refinement_state())
    description = import_published(diffusion, refinement, tmp_path / "out")
    assert not description.diffusion.averaged
    assert any("last training step" in note for note in description.notes)


class Bomb:
    """Pickles as a call."""

    def __init__(self, call, *arguments):
        self.call = call, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("place", ["normalizer", "ema_state_dict", "more"])
@pytest.mark.parametrize("way", ["system", "exec", "getattr"])
def test_nothing_in_a_file_is_run(way, place, tmp_path):
    marker = tmp_path / "run"
    bomb = {
        "system": Bomb(os.system, f"touch {marker}"),
        "exec": Bomb(builtins.exec, f"open({str(marker)!r}, 'w').close()"),
        "getattr": Bomb(getattr, marker, "touch"),
    }[way]
    content = {"ema_state_dict": OrderedDict(tiny_diffusion_state()), "normalizer": None} | {place: bomb}
    path = tmp_path / "bomb.pt"
    torch.save(content, path)
    with pytest.raises(FileFormatError, match="nothing of it was run") as told:
        read_diffusion_file(path)
    assert f".{way}" in str(told.value)
    assert "weights_only" not in str(told.value)
    assert not marker.exists()
    # The file does ask for the call: only because it was refused did nothing happen.
    with zipfile.ZipFile(path) as archive:
        pickled = archive.read(next(name for name in archive.namelist() if name.endswith("/data.pkl")))
    asked = [(operation.name, argument) for operation, argument, _ in pickletools.genops(pickled)]
    call = next(i for i, (name, argument) in enumerate(asked) if name == "GLOBAL" and argument.endswith(f" {way}"))
    assert "REDUCE" in [name for name, _ in asked[call:]]


def test_a_class_of_a_known_name_is_not_called_either(tmp_path):
    marker = tmp_path / "run"
    with importable("__main__.Normalizer") as classes:
        normalizer = classes["Normalizer"]

        def mark(self, state):
            marker.touch()

        normalizer.__setstate__ = mark
        instance = normalizer()
        vars(instance).update(scaler=1)
        path = tmp_path / "d.pt"
        torch.save({"ema_state_dict": tiny_diffusion_state(), "normalizer": instance}, path)
        with pytest.raises(FileFormatError, match="normalizer"):
            read_diffusion_file(path)
        assert not marker.exists()


def test_an_old_format_is_refused_unread(tmp_path):
    marker = tmp_path / "run"
    path = tmp_path / "old.pt"
    for content in (pickle.dumps(Bomb(os.system, f"touch {marker}")), b"\x80\x02", b""):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match="zip format"):
            read_diffusion_file(path)
    torch.save({"a": torch.ones(3)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(FileFormatError, match="zip format"):
        read_diffusion_file(path)
    assert not marker.exists()


def test_what_stands_in_place_of_a_file_is_named(tmp_path):
    path = tmp_path / "d.pt"
    with pytest.raises(FileFormatError, match="no such file"):
        read_diffusion_file(path)
    path.write_text(LFS_POINTER)
    with pytest.raises(FileFormatError, match=r"git-LFS pointer.*143,259,205 bytes(.|\n)*git lfs pull"):
        read_diffusion_file(path)
    path.write_text("\n<!DOCTYPE html><html><body>sign in</body></html>")
    with pytest.raises(FileFormatError, match="web page"):
        read_diffusion_file(path)


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.999])
def test_truncated_files_are_told(kept, pair, tmp_path):
    content = pair[0].read_bytes()
    path = tmp_path / "d.pt"
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(FileFormatError, match="truncated or damaged"):
        read_diffusion_file(path)


def test_a_flipped_bit_is_found(pair, tmp_path):
    content = bytearray(pair[0].read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / "d.pt"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="damaged"):
        read_diffusion_file(path)


def test_other_and_compressed_zip_files_are_refused(pair, tmp_path):
    path = tmp_path / "d.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(FileFormatError, match=r"not one of torch\.save"):
        read_diffusion_file(path)
    with zipfile.ZipFile(pair[0]) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in archive.namelist():
            packed.writestr(entry, archive.read(entry))
    with pytest.raises(FileFormatError, match="compressed"):
        read_diffusion_file(path)


def changed(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    state = tiny_diffusion_state()
    for name, value in changes.items():
        del state[name]
        if value is not None:
            state[name] = value
    return state


PROJECTION, FINAL, HIDDEN = "input_projection.weight", "final_layer.weight", "seqTransDecoder.stack.0.linear1.weight"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (refinement_state(), "this is the refinement network; the diffusion"),
        (baseline_state("groundlink"), "convolutional baseline"),
        (baseline_state("sugai"), "recurrent baseline"),
        ({"other.weight": torch.ones(2)}, r"such as 'input_projection.weight', found are 'other"),
        (denoiser_state(64, 1, channels=75, feedforward=32), r"found \[64, 75\], expected \[a multiple of 64, 63\]"),
        (denoiser_state(32, 1, feedforward=32), r"found \[32, 63\]"),
        (changed(**{FINAL: None}), r'expected, not found: "final_layer.weight"'),
        (tiny_diffusion_state() | {"extra.bias": torch.ones(2)}, r'found, not expected: "extra.bias"'),
        (changed(**{FINAL: torch.ones(62, 64)}), r"final_layer.weight: found \[62, 64\], expected \[63, 64\]"),
        (changed(**{HIDDEN: None}), r"linear1.weight: found none"),
        (changed(**{HIDDEN: torch.ones(10**9, 0)}), r"linear1.weight: found \[1000000000, 0\]"),
        (changed(**{FINAL: torch.ones(1, 1).expand(63 * 10**9, 64)}), "claim"),
        (changed(**{FINAL: torch.full((63, 64), torch.nan)}), "'final_layer.weight' has values that are not finite"),
        (changed(**{FINAL: torch.full((63, 64), torch.inf)}), "'final_layer.weight' has values that are not finite"),
        (changed(**{FINAL: torch.ones(63, 64, dtype=torch.int64)}), "'final_layer.weight' of its weights is no"),
        ({name.replace("stack.0", "stack.7"): t for name, t in tiny_diffusion_state().items()}, r"found blocks \[7\]"),
        ({}, "no weights in it"),
    ],
)  # fmt: skip
def test_other_networks_are_refused_with_what_differs(state, message, tmp_path):
    path = save_published(tmp_path / "d.pt", state)
    with pytest.raises(FileFormatError, match=message) as told:
        read_diffusion_file(path)
    assert len(str(told.value)) < 2500
    assert told.value.file == path


def test_the_diffusion_file_is_not_a_refinement(pair):
    with pytest.raises(FileFormatError, match="this is the diffusion network; the refinement"):
        read_refinement_file(pair[0])


def test_a_refinement_with_other_outputs_is_refused(tmp_path):
    state = refinement_state()
    state |= {"embedding_to_output.weight": torch.ones(6, 192), "embedding_to_output.bias": torch.ones(6)}
    with pytest.raises(FileFormatError, match="found 6 rows, expected 12"):
        read_refinement_file(save_published(tmp_path / "r.pt", state))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 75}, "not for the 63 columns"),
        ({"count": 75, "columns": range(63)}, "75 scales and 75 offsets, expected are 63"),
        ({"columns": list(range(62, -1, -1))}, "not for the 63 columns in order"),
        ({"columns": torch.arange(63)}, "not for the 63 columns in order"),
        ({"scaler_class": "StandardScaler"}, "is a StandardScaler, expected is MinMaxScaler"),
    ],
)
def test_other_normalizers_are_refused(settings, message, tmp_path):
    path = save_published(tmp_path / "d.pt", tiny_diffusion_state(), **settings)
    with pytest.raises(FileFormatError, match=message):
        read_diffusion_file(path)


@pytest.mark.parametrize("entry", ["normalizer", None])
def test_a_missing_normalizer_is_told(entry, tmp_path):
    path = tmp_path / "d.pt"
    state = tiny_diffusion_state()
    torch.save({"ema_state_dict": state} if entry else state, path)
    with pytest.raises(FileFormatError, match="no 'normalizer'"):
        read_diffusion_file(path)


def test_a_normalizer_with_nan_is_refused(tmp_path):
    path = tmp_path / "d.pt"
    with importable("__main__.Normalizer", "__main__.MinMaxScaler") as classes:
        scaler, normalizer = classes["MinMaxScaler"](), classes["Normalizer"]()
        scale, bias = scale_and_bias()
        scale[5] = torch.nan
        vars(scaler).update(scale_=scale, min_=bias)
        vars(normalizer).update(scaler=scaler, cols_to_normalize=range(63))
        torch.save({"ema_state_dict": tiny_diffusion_state(), "normalizer": normalizer}, path)
    with pytest.raises(FileFormatError, match="finite"):
        read_diffusion_file(path)


def test_not_a_dictionary(tmp_path):
    torch.save([torch.ones(2)], tmp_path / "d.pt")
    with pytest.raises(FileFormatError, match="holds a list"):
        read_diffusion_file(tmp_path / "d.pt")


def test_an_import_that_fails_leaves_nothing(pair, tmp_path, monkeypatch):
    with pytest.raises(FileFormatError):
        import_published(pair[0], pair[0], tmp_path / "deep" / "out")
    assert list(tmp_path.iterdir()) == []
    from gaitdynamics.inference import published_checkpoint

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(published_checkpoint, "write_text", full)
    with pytest.raises(UserInputError, match="No space left"):
        import_published(*pair, tmp_path / "deep" / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_content_is_left_as_it_is(pair, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserInputError, match="there already"):
        import_published(*pair, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    import_published(*pair, tmp_path / "empty")
    load_published(tmp_path / "empty")


@pytest.fixture
def imported(pair, tmp_path) -> Path:
    import_published(*pair, tmp_path / "out")
    return tmp_path / "out"


def test_damage_to_an_imported_pair_is_found(imported):
    file = imported / DIFFUSION_FILE
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(FileFormatError, match="SHA-256"):
        load_published(imported)
    file.unlink()
    with pytest.raises(FileFormatError, match="no such file"):
        load_published(imported)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"published-63"', '"published-64"', "made for columns 'published-64'"),
        ('"pelvis_tx"', '"pelvis_tq"', "that differ"),
        ('"published-pair"', '"refiner"', "not the description of a published pair"),
        ('"heads": 1', '"heads": 0', "architecture"),
        ('"feedforward": 32', '"feedforward": 33', "does not fit the architecture"),
        ("{", "", "not the description"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(imported, old, new, message):
    file = imported / MODEL_FILE
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(FileFormatError, match=message):
        load_published(imported)


def test_any_pickle_made_of_noise_is_refused_as_a_file_error(pair, tmp_path):
    """Whatever the instructions are, the user gets a message, not a traceback."""
    with zipfile.ZipFile(pair[0]) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    pickled = next(name for name in entries if name.endswith("/data.pkl"))
    draw = np.random.default_rng(0)
    path = tmp_path / "d.pt"
    refused = 0
    for _ in range(60):
        content = bytearray(entries[pickled])
        content[draw.integers(len(content))] = draw.integers(256)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in (entries | {pickled: bytes(content)}).items():
                archive.writestr(name, data)
        path.write_bytes(buffer.getvalue())
        try:
            read_diffusion_file(path)
        except FileFormatError:
            refused += 1
    assert refused > 20
