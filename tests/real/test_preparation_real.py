"""Real trials through two sources, .b3d files and the folder that these were made from: the same columns come out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset import Catalogue
from gaitdynamics.dataset.window_store import WindowStore
from gaitdynamics.files.b3d_writer import write_b3d
from gaitdynamics.tasks.preparation import Preparation, prepare
from gaitdynamics.training.stored_columns import columns_from_store

pytest.importorskip("pyarrow")

STUDIES = ("GaitEventsMoissenet", "Fukuchi2017", "Schreiber2019")


@pytest.fixture(scope="module")
def stores(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, WindowStore]:
    """Prepare trials of three training people, from .b3d files that are written of them, and from a small folder."""
    folder = tmp_path_factory.mktemp("sources")
    people: dict[str, list] = {}
    for record in Catalogue.read(data_folder).select(split="train", study=STUDIES):
        if len(people.setdefault(record.study, [])) < 2 and (
            not people[record.study] or people[record.study][0].subject == record.subject
        ):
            people[record.study].append(record)
    small = folder / "folder"
    small.mkdir()
    header, *rows = (data_folder / "manifest.csv").read_text().splitlines()
    chosen = {tuple(r.label.split("/")) for of in people.values() for r in of}
    rows = [row for row in rows if tuple(row.split(",")[:3]) in chosen]
    (small / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")
    for study, records in people.items():
        (small / study).symlink_to(data_folder / study)
        home = folder / "b3d" / study / records[0].subject
        home.mkdir(parents=True)
        # The format does not tell the surface, and has one mark of validity for both feet.
        trials = [replace(record.load(), name=record.trial) for record in records]
        write_b3d(home / f"{records[0].subject}.b3d", trials)
    preparation = Preparation("denoiser", splits=("train",))
    return {name: prepare(folder / name, folder / f"{name}_store", preparation)[0] for name in ("folder", "b3d")}


def test_two_sources_give_the_same_columns(stores: dict[str, WindowStore]) -> None:
    found = {name: {s.label: s for s in columns_from_store(store, "train")} for name, store in stores.items()}
    assert set(found["folder"]) == set(found["b3d"])
    assert {label.split("/")[0] for label in found["folder"]} == set(STUDIES)
    for label, one in found["folder"].items():
        other = found["b3d"][label]
        assert one.frames == other.frames
        assert one.height_m == pytest.approx(other.height_m)
        treadmill = label.startswith("Fukuchi")
        first = 1 if treadmill else 0  # the forward velocity over an unknown belt
        np.testing.assert_allclose(one.values[:, first:], other.values[:, first:], atol=2e-4)
        # Valid in the file is valid for both feet.
        assert not (other.known & ~one.known).any()
        if treadmill:
            speed = (one.values[:, 0] - other.values[:, 0]) * one.height_m
            assert speed == pytest.approx(np.full(one.frames, speed[0]), abs=1e-4)
            assert 2.0 < speed[0] < 5.0


def test_samples_are_finite_and_of_people(stores: dict[str, WindowStore]) -> None:
    store = stores["folder"]
    assert {entry.split for entry in store.entries} == {"train"}
    assert all(1.0 < entry.height_m < 2.1 for entry in store.entries if entry.height_m)
    values = np.asarray(store.arrays["values"])
    assert np.isfinite(values).all()
    force = values[:, [10, 16]]  # vertical, right and left [N/kg]
    assert force.min() > -1.0
    assert 9.0 < force.max() < 40.0
