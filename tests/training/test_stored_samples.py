"""The refiner's samples through a store are those of `samples_of`, to the precision that is stated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from gaitdynamics.dataset import Catalogue
from gaitdynamics.dataset.preprocessing import Describer
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.dataset.store_writing import write_store
from gaitdynamics.dataset.window_sampling import WindowSampler
from gaitdynamics.dataset.window_store import WindowStore
from gaitdynamics.errors import FileFormatError
from gaitdynamics.features.body_state import body_state
from gaitdynamics.features.refiner_schema import COLUMNS, TOTAL_FORCE, refiner_features
from gaitdynamics.inference.checkpoint import load_refiner
from gaitdynamics.training.force_windows import VARIANTS, Sample, noise_seed, samples_of
from gaitdynamics.training.refiner import RefinerTraining, train_refiner
from gaitdynamics.training.stored_samples import (
    FIELDS,
    batch_from_store,
    both_views,
    prepare_refiner_store,
    refiner_content,
    samples_from_store,
)
from gaitdynamics.trial import Trial
from walking_with_forces import with_forces, write_folder

pytest.importorskip("pyarrow")

#: Half precision: relative, and below 1e-4 absolute.
HALF, TINY = 2.0**-11, 1e-7

ROWS = [
    ("Arc", "s1", "walk1", "train", "walking"),
    ("Arc", "s1", "squat", "train", "other"),
    ("Bow", "s1", "run1", "train", "running"),
    ("Bow", "s2", "run1", "val", "running"),
    ("Bow", "s3", "run1", "test_unseen_study", "running"),
]


@pytest.fixture(scope="module")
def folder(example_trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data"), with_forces(example_trial, 220), ROWS)


@pytest.fixture(scope="module")
def store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> WindowStore:
    return prepare_refiner_store(folder, tmp_path_factory.mktemp("stores") / "store")[0]


def made(record: TrialRecord) -> list[Sample]:
    return samples_of(record.study, record.load(), record.person, noise_seed(record.label))


def assert_same(found: Sample, expected: Sample) -> None:
    assert found.study == expected.study
    np.testing.assert_allclose(found.features, expected.features, rtol=HALF, atol=TINY)
    np.testing.assert_array_equal(found.targets.force, expected.targets.force)
    np.testing.assert_allclose(found.targets.cop, expected.targets.cop, rtol=HALF, atol=TINY)
    np.testing.assert_array_equal(found.targets.contact, expected.targets.contact)
    np.testing.assert_array_equal(found.targets.valid, expected.targets.valid)
    for name in ("force", "cop", "contact", "valid"):
        assert getattr(found.targets, name).dtype == np.float32
    assert found.features.dtype == np.float32


def test_the_second_view_follows_from_the_first(example_trial: Trial) -> None:
    features = refiner_features(body_state(example_trial))
    np.testing.assert_array_equal(both_views(features[:, 0]), features)
    assert np.abs(features[:, 0] - features[:, 1]).max() > 0.1


def test_samples_come_back_as_they_are_made(folder: Path, store: WindowStore) -> None:
    for split, studies in (("train", ["Arc", "Bow"]), ("val", ["Bow"])):
        records = [r for r in Catalogue.read(folder).select(split=split) if r.activity != "other"]
        expected = [sample for record in records for sample in made(record)]
        found = samples_from_store(store, split)
        assert sorted({sample.study for sample in found}) == studies
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    assert samples_from_store(store, "test_unseen_study") == []
    flag = COLUMNS.index("trunk_missing")
    for entry, sample in zip(store.select("train"), samples_from_store(store, "train"), strict=True):
        assert entry.variant == sample.variant
        assert sample.person == f"{entry.study}/{entry.subject}"
        assert bool(sample.features[0, 0, flag]) == (VARIANTS.index(entry.variant) % 2 == 1)
        assert entry.rate_hz == 100.0


def test_batches_are_windows_of_the_samples(store: WindowStore) -> None:
    draw = WindowSampler(store.entries, 5, seed=3, lengths={60: 1.0}).draw(2)
    batch = batch_from_store(store, draw)
    assert batch.features.shape == (5, 2, 60, len(COLUMNS))
    everything = samples_from_store(store, "train") + samples_from_store(store, "val")
    order = [*store.select("train"), *store.select("val")]
    for k in range(5):
        entry = store.entries[draw.sample[k]]
        sample = everything[order.index(entry)]
        start = int(draw.rows[k]) - entry.first_row
        part = slice(start, start + 60)
        for name in ("features", "force", "cop", "contact", "valid"):
            whole = sample.features if name == "features" else getattr(sample.targets, name)
            expected = torch.from_numpy(whole[part]).transpose(0, 1)
            assert torch.equal(getattr(batch, name)[k], expected), name


def test_rules_leave_out_trials_and_cut_frames(example_trial: Trial, tmp_path: Path) -> None:
    trial = with_forces(example_trial, 220)
    values = trial.values.copy()
    values[80:140, trial.coordinates.index("lumbar_rotation")] += 0.6
    folder = tmp_path / "data"
    folder.mkdir()
    write_folder(folder, trial.with_values(values), ROWS[:1])
    record = Catalogue.read(folder).records[0]
    whole = Describer(refiner_content)(record).samples
    outcome = Describer(refiner_content, "paper")(record)
    cut = outcome.samples
    assert [(f.rule, f.bad_frames) for f in outcome.findings if f.reason] == [("joint_speed", 10)]
    assert outcome.seconds == pytest.approx(2.2)
    assert [sample.frames for sample in whole] == [220] * len(VARIANTS)
    # The jumps are from frame 79 to 80 and from 139 to 140: 77 to 81 and 137 to 141 go.
    assert [(s.variant, s.frames, round(s.start_s, 2)) for s in cut] == [
        (variant, frames, start) for frames, start in ((77, 0.0), (55, 0.82), (78, 1.42)) for variant in VARIANTS
    ]
    write_folder(
        folder, replace(trial, time=trial.time[:140], values=trial.values[:140], forces=trial.forces), ROWS[:1]
    )
    record = Catalogue.read(folder).records[0]
    short = Describer(refiner_content, "paper")(record)
    assert (short.samples, short.step) == ([], "length")
    assert short.reason == "duration: 1.4 s, at least 1.5 s is kept"
    assert Describer(refiner_content, "paper", ("length",))(record).samples


def test_a_store_of_something_else_is_refused(store: WindowStore, tmp_path: Path) -> None:
    description = store.description.model_copy(update={"name": "refiner-samples-0/foot-view-0"})
    other = write_store(tmp_path / "old", description, store.entries, lambda k: store.sample(store.entries[k]))
    with pytest.raises(FileFormatError, match=r"foot-view-0[\s\S]*gaitdynamics prepare"):
        samples_from_store(other, "train")


@pytest.mark.parametrize("study", ["Rajagopal2016", "Schreiber2019", "ZhejiangIMU", "Fukuchi2017"])
def test_real_samples_lose_no_more_than_half_precision_takes(data_folder: Path, tmp_path: Path, study: str) -> None:
    catalogue = Catalogue.read(data_folder).select(split="train", study=study)
    record = next(r for r in catalogue if r.activity in ("walking", "running"))
    describe = Describer(refiner_content)
    expected = made(record)
    found = describe(record).samples
    assert len(found) == len(expected) == (3 if study in ("ZhejiangIMU", "Fukuchi2017") else 4)
    for one, other in zip(found, expected, strict=True):
        stored = {name: one.arrays[name].astype(field.dtype) for name, field in FIELDS.items()}
        back = both_views(stored["features"])
        np.testing.assert_allclose(back, other.features, rtol=HALF, atol=TINY)
        # What it means: Newton's total force in body weights, centres of pressure in foot lengths.
        assert np.abs(back - other.features)[..., TOTAL_FORCE].max() < 2.5e-3
        assert np.abs(stored["cop"] - other.targets.cop).max() < 5e-4
        np.testing.assert_array_equal(stored["force"], other.targets.force)


def test_training_takes_a_store_for_the_folder_it_was_made_from(
    store: WindowStore, folder: Path, tmp_path: Path
) -> None:
    """Features are in half precision there, so the networks agree to about that."""
    pytest.importorskip("lightning")
    settings = RefinerTraining(steps=2, batch=2, width=8, dilations=(1, 2))
    quiet = Console(quiet=True)
    runs = [train_refiner(data, tmp_path / data.name, settings, console=quiet) for data in (store.folder, folder)]
    assert [run.training["samples"] for run in runs] == [runs[0].training["samples"]] * 2
    assert runs[0].training["store_fingerprint"] == store.description.fingerprint
    assert "manifest_sha256" in runs[1].training
    networks = [load_refiner(str(tmp_path / data.name))[0].state_dict() for data in (store.folder, folder)]
    for name, tensor in networks[0].items():
        torch.testing.assert_close(tensor, networks[1][name], rtol=0.02, atol=5e-3, msg=name)
