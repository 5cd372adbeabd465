"""Training from a store that stays on the disk: the windows are those of its samples, as often as they should be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitdynamics import cli
from gaitdynamics.dataset.window_store import WindowStore
from gaitdynamics.training.draws import PlaceDraws
from gaitdynamics.training.force_windows import NOISY, ForceWindows
from gaitdynamics.training.published_data import fit_scaler
from gaitdynamics.training.published_windows import PublishedWindows
from gaitdynamics.training.stored_columns import column_entries, columns_from_store
from gaitdynamics.training.stored_samples import samples_from_store
from gaitdynamics.training.stored_windows import StoredColumnWindows, StoredForceWindows, StoredSamples

pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def stores(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("stores")
    for purpose in ("refiner", "denoiser"):
        command = ["prepare", str(small_data), "--out", str(home / purpose), "--for", purpose, "--workers", "1"]
        assert cli.run(command) == 0
    return {purpose: home / purpose for purpose in ("refiner", "denoiser")}


def force_windows(folder: Path, batch: int, share: float = 0.3) -> StoredForceWindows:
    store = WindowStore.open(folder)
    return StoredForceWindows(store, store.entries, batch, seed=4, noisy_share=share)


def test_windows_of_forces_are_cut_out_of_the_samples(stores):
    windows = force_windows(stores["refiner"], batch=6)
    store = windows.store
    everything = {(s.person, s.variant): s for split in ("train", "val") for s in samples_from_store(store, split)}
    lengths = set()
    for index in range(16):
        batch = windows.draw(index)
        length = batch.features.shape[2]
        lengths.add(length)
        rng = np.random.default_rng((4, index))
        assert windows._places.length(rng) == length
        drawn, rows = windows._places.draw(rng, length, 6)
        for k in range(6):
            entry = store.entries[drawn[k]]
            sample = everything[entry.person, entry.variant]
            part = slice(rows[k] - entry.first_row, rows[k] - entry.first_row + length)
            assert torch.equal(batch.features[k], torch.from_numpy(sample.features[part]).transpose(0, 1))
            assert torch.equal(batch.force[k], torch.from_numpy(sample.targets.force[part]).transpose(0, 1))
    assert lengths == {60, 100, 150}


@pytest.mark.parametrize("kind", ["refiner", "denoiser"])
def test_parts_of_a_batch_are_parts_of_the_batch(stores, kind):
    windows = force_windows(stores["refiner"], batch=6) if kind == "refiner" else column_windows(stores["denoiser"])[0]
    whole = windows.draw(3)
    for part in (slice(0, 2), slice(2, 6)):
        for some, all_of_them in zip(windows.draw(3, part), whole, strict=True):
            assert torch.equal(some.nan_to_num(7.0), all_of_them[part].nan_to_num(7.0))


def test_noisy_variants_and_studies_are_drawn_as_often_as_asked(stores):
    windows = force_windows(stores["refiner"], batch=4000)
    drawn, _ = windows._places.draw(np.random.default_rng(0), 60, 4000)
    noisy = np.array([windows.entries[k].variant in NOISY for k in drawn])
    assert noisy.mean() == pytest.approx(0.3, abs=0.03)

    class Made:
        def __init__(self, study, frames):
            self.study, self.frames = study, frames

    made = [Made("a", 100), Made("a", 300), Made("b", 1600), Made("b", 50)]
    apart = np.array([False, True, True, True])
    places = PlaceDraws(made, apart=apart, apart_share=0.2)
    found, _ = places.draw(np.random.default_rng(1), 60, 20_000)
    # Roots of the durations of the studies: 20 to 40.6; of b, all samples are apart, and one is too short.
    expected = np.array([0.33 * 0.8, 0.33 * 0.2, 0.67 / 2, 0.0])
    np.testing.assert_allclose(np.bincount(found, minlength=4) / 20_000, expected / expected.sum(), atol=0.02)


def test_the_scale_of_the_features_is_that_of_the_samples(stores):
    windows = force_windows(stores["refiner"], batch=2)
    store = windows.store
    samples = [*samples_from_store(store, "train"), *samples_from_store(store, "val")]
    for found, expected in zip(windows.moments(), ForceWindows(samples, 2, 0).moments(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-4)


def test_samples_are_made_when_they_are_asked_for(stores):
    store = WindowStore.open(stores["refiner"])
    lazy, whole = StoredSamples(store, store.select("val")), samples_from_store(store, "val")
    assert len(lazy) == len(whole)
    for one, other in zip(lazy, whole, strict=True):
        np.testing.assert_array_equal(one.features, other.features)
        assert (one.person, one.variant) == (other.person, other.variant)
    assert len(lazy[:1]) == 1


def column_windows(folder: Path) -> tuple[StoredColumnWindows, PublishedWindows]:
    store = WindowStore.open(folder)
    samples, entries = columns_from_store(store, "train"), column_entries(store, "train")
    scaler = fit_scaler(samples)
    facts = np.array([sample.facts for sample in samples])
    return StoredColumnWindows(store, entries, facts, scaler, 6, 9), PublishedWindows(samples, scaler, 6, 9)


def test_columns_from_the_disk_are_those_from_memory(stores):
    mapped, loaded = column_windows(stores["denoiser"])
    for index in range(4):
        found, expected = mapped.draw(index), loaded.draw(index)
        torch.testing.assert_close(found.values, expected.values, rtol=0, atol=2e-5)
        assert torch.equal(found.known, expected.known)
        torch.testing.assert_close(found.facts, expected.facts, rtol=0, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize(
    ("command", "purpose"),
    [(["denoiser"], "denoiser"), (["refiner", "--network", "published"], "denoiser"), (["refiner"], "refiner")],
    ids=["denoiser", "published refiner", "foot-view refiner"],
)
def test_networks_are_trained_from_a_store(stores, tmp_path, command, purpose):
    pytest.importorskip("lightning")
    out = tmp_path / "run"
    options = ["--data", str(stores[purpose]), "--out", str(out), "--steps", "2", "--batch", "2"]
    assert cli.run(["train", *command, *options]) == 0
    facts = json.loads((out / "training.json").read_text())
    facts = facts.get("diffusion", facts.get("refinement", facts))
    assert facts["store_fingerprint"] == WindowStore.open(stores[purpose]).description.fingerprint
    assert facts["studies"] == ["Ours"]


def test_a_store_of_the_wrong_kind_or_at_other_tempos_is_told(stores, tmp_path, capsys):
    pytest.importorskip("lightning")
    out = ["--out", str(tmp_path / "run")]
    for command, data, said in (
        (["denoiser"], "refiner", "--for denoiser"),
        (["refiner"], "denoiser", "--for refiner"),
        (["denoiser", "--tempo", "0.95"], "denoiser", "one tempo"),
    ):
        assert cli.run(["train", *command, "--data", str(stores[data]), *out]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
