"""Stores of made-up samples: what is written comes back, whole or not at all, and only where something changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.dataset import identity, store_building, store_parts
from gaitdynamics.dataset.preprocessing import Described, Outcome
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.dataset.store_building import build_store, fingerprint
from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.dataset.store_writing import changed_files, write_store
from gaitdynamics.dataset.window_store import Field, StoreDescription, WindowStore
from gaitdynamics.engines.local import LocalEngine
from gaitdynamics.errors import FileFormatError, GaitError, UserInputError
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.trial import Surface
from made_up_samples import FIELDS, RECIPE, content

pytest.importorskip("pyarrow")


@pytest.fixture(autouse=True)
def one_trial_per_part(monkeypatch) -> None:
    monkeypatch.setattr(store_parts, "TRIALS_PER_PART", 1)


@pytest.fixture
def records(tmp_path: Path) -> list[TrialRecord]:
    paths = [tmp_path / name for name in ("model.osim", "ik.mot", "grf.mot")]
    for path in paths:
        path.write_text(path.name)
    common = {
        "activity": "walking",
        "condition": "",
        "surface": Surface(),
        "mass_kg": 70.0,
        "height_m": None,
        "speed": 1.0,
        "valid_r": ((0.0, 1.0),),
        "valid_l": (),
    }
    files = dict(zip(("model_file", "motion_file", "forces_file"), paths, strict=True))
    sides = ("train", "train", "val", "train")
    return [TrialRecord("S", "p", f"t{k}", split=side, **common, **files) for k, side in enumerate(sides)]


def test_what_is_stored_comes_back_mapped_and_read_only(records, tmp_path) -> None:
    store, made = build_store(tmp_path / "store", RECIPE, records)
    assert made
    assert [(e.label, e.variant, e.frames) for e in store.entries] == [
        (f"S/p/t{k}", variant, frames) for k in range(3) for variant, frames in (("a", 5 + k), ("b", 2))
    ]
    assert store.reasons == {"S/p/t3": "nothing to learn"}
    assert [(t.split, t.step, t.seconds) for t in store.left_out] == [("train", "usable", 0.08)]
    assert {(e.mass_kg, e.height_m, e.height_estimated) for e in store.entries} == {(70.0, 1.7, False)}
    assert store.description.rows == 24
    assert [e.trial for e in store.select("val")] == ["t2", "t2"]
    assert {e.start_s for e in store.entries} == {0.25}
    for entry, sample in zip(store.entries, [s for r in records[:3] for s in content(r).samples], strict=True):
        found = store.sample(entry)
        # Half precision keeps eleven binary digits.
        np.testing.assert_allclose(found["x"], sample.arrays["x"], rtol=2**-11, atol=1e-7)
        np.testing.assert_array_equal(found["flag"], sample.arrays["flag"])
        assert found["x"].dtype == np.float16
    with pytest.raises(ValueError, match="read-only"):
        store.sample(store.entries[0])["x"][0] = 1.0


def test_windows_are_gathered_from_many_samples_at_once(records, tmp_path) -> None:
    store, _ = build_store(tmp_path / "store", RECIPE, records)
    rows = np.array([0, 9, 2])
    found = store.gather(rows, 2)
    np.testing.assert_array_equal(found["x"], np.stack([store.arrays["x"][r : r + 2] for r in rows]))
    assert found["flag"].shape == (3, 2)
    assert set(store.gather(rows, 2, ["flag"])) == {"flag"}


def test_the_same_store_is_not_made_twice(records, tmp_path, monkeypatch) -> None:
    place = tmp_path / "store"
    build_store(place, RECIPE, records)
    before = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    monkeypatch.setattr(store_building, "_make_parts", lambda *_: pytest.fail("it was made again"))
    store, made = build_store(place, RECIPE, records)
    assert not made
    assert store.description.rows == 24
    assert {path.name: path.stat().st_mtime_ns for path in place.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_fingerprint_knows_sources_facts_schema_and_settings(records, tmp_path) -> None:
    first = fingerprint(RECIPE, records)
    others = [
        fingerprint(replace(RECIPE, settings={"noise": 1}), records),
        fingerprint(replace(RECIPE, name="made-up-2"), records),
        fingerprint(replace(RECIPE, fields={"x": FIELDS["x"]}), records),
        fingerprint(RECIPE, records[:-1]),
        fingerprint(RECIPE, [replace(records[0], valid_l=((0.0, 0.5),)), *records[1:]]),
    ]
    (tmp_path / "grf.mot").write_text("another measurement")
    others.append(fingerprint(RECIPE, records))
    assert len({first, *others}) == 7
    (tmp_path / "grf.mot").write_text("grf.mot")
    moved = tmp_path / "moved.mot"
    moved.write_text("ik.mot")
    assert fingerprint(RECIPE, [replace(record, motion_file=moved) for record in records]) == first


def test_large_files_are_read_by_the_engine_to_the_same_fingerprint(records, monkeypatch) -> None:
    expected = identity.identities(records)
    monkeypatch.setattr(identity, "_MUCH", 1)
    assert identity.identities(records, LocalEngine(2)) == expected
    missing = [replace(records[0], motion_file=Path("nowhere.mot"))]
    assert identity.identities(missing, LocalEngine(1)) == identity.identities(missing)
    assert identity.identities(missing) != expected[:1]


def test_another_store_is_replaced_only_when_asked(records, tmp_path) -> None:
    place = tmp_path / "store"
    build_store(place, RECIPE, records)
    other = replace(RECIPE, settings={"noise": 1})
    with pytest.raises(UserInputError, match=r"other data or settings[\s\S]*--overwrite"):
        build_store(place, other, records)
    assert WindowStore.open(place).description.settings == {"noise": 0}
    store, made = build_store(place, other, records, overwrite=True)
    assert made
    assert store.description.settings == {"noise": 1}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_never_replaced(records, tmp_path, overwrite) -> None:
    place = tmp_path / "store"
    place.mkdir()
    (place / "thesis.txt").write_text("years of work")
    with pytest.raises(UserInputError, match="something else"):
        build_store(place, RECIPE, records, overwrite=overwrite)
    assert (place / "thesis.txt").read_text() == "years of work"


def test_a_stopped_run_leaves_no_store_and_goes_on(records, tmp_path) -> None:
    described = []

    def interrupted(record: TrialRecord) -> Outcome:
        if record.trial == "t2":
            raise KeyboardInterrupt
        described.append(record.trial)
        return content(record)

    place = tmp_path / "store"
    with pytest.raises(KeyboardInterrupt):
        build_store(place, replace(RECIPE, describe=interrupted), records)
    assert not place.exists()
    seen = []

    def counted(record: TrialRecord) -> Outcome:
        described.append(record.trial)
        return content(record)

    build_store(place, replace(RECIPE, describe=counted), records, progress=lambda *numbers: seen.append(numbers))
    assert described == ["t0", "t1", "t2", "t3"]
    assert seen == [(2, 4), (3, 4), (4, 4)]
    whole, _ = build_store(tmp_path / "whole", RECIPE, records)
    assert_same_files(place, tmp_path / "whole")
    assert whole.entries == WindowStore.open(place).entries


def assert_same_files(one: Path, other: Path) -> None:
    names = [sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()) for root in (one, other)]
    assert names[0] == names[1]
    for name in names[0]:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_what_was_left_by_other_settings_is_not_used(records, tmp_path) -> None:
    def interrupted(record: TrialRecord) -> Outcome:
        if record.trial == "t2":
            raise KeyboardInterrupt
        return Outcome([Described("old", 0.0, {"x": np.ones((4, 3)), "flag": np.ones(4, dtype=bool)})])

    with pytest.raises(KeyboardInterrupt):
        build_store(tmp_path / "store", replace(RECIPE, describe=interrupted, settings={"noise": 9}), records)
    store, _ = build_store(tmp_path / "store", RECIPE, records)
    assert {entry.variant for entry in store.entries} == {"a", "b"}


def test_other_processes_make_the_same_store_whatever_the_order(records, tmp_path) -> None:
    class Backwards:
        def run(self, function, items):
            yield from reversed([(key, function(item)) for key, item in items])

    for name, engine in (("one", None), ("two", LocalEngine(2)), ("back", Backwards())):
        build_store(tmp_path / name, RECIPE, records, engine=engine, shard_rows=9)
    assert_same_files(tmp_path / "one", tmp_path / "two")
    assert_same_files(tmp_path / "one", tmp_path / "back")


def test_rows_are_read_across_shards_as_from_one(records, tmp_path) -> None:
    one, _ = build_store(tmp_path / "one", RECIPE, records)
    many, _ = build_store(tmp_path / "many", RECIPE, records, shard_rows=8)
    assert [shard.rows for shard in many.description.shards] == [15, 9]
    assert [(e.shard, e.offset, e.first_row) for e in many.entries] == [
        *((0, 0, 0), (0, 5, 5), (0, 7, 7), (0, 13, 13)),
        *((1, 0, 15), (1, 7, 22)),
    ]
    for name in FIELDS:
        np.testing.assert_array_equal(np.asarray(many.arrays[name]), np.asarray(one.arrays[name]))
        index = np.array([[3, 23, 0], [14, 15, -1]])
        np.testing.assert_array_equal(many.arrays[name][index], one.arrays[name][index])
        np.testing.assert_array_equal(many.arrays[name][12:18], one.arrays[name][12:18])
    rows = np.array([15, 0, 20, 7])
    np.testing.assert_array_equal(many.gather(rows, 4)["x"], one.gather(rows, 4)["x"])
    for entry, other in zip(many.entries, one.entries, strict=True):
        np.testing.assert_array_equal(many.sample(entry)["x"], one.sample(other)["x"])
        assert entry.sha256 == other.sha256
    with pytest.raises(IndexError, match="beyond its shard"):
        many.gather(np.array([13]), 4)
    with pytest.raises(IndexError, match="24 rows"):
        many.arrays["x"][np.array([24])]


def test_parts_that_are_there_serve_a_store_of_more_trials(records, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(store_parts, "TRIALS_PER_PART", 2)
    described = []

    def counted(record: TrialRecord) -> Outcome:
        described.append(record.trial)
        if len(described) == 3:
            raise KeyboardInterrupt
        return content(record)

    recipe = replace(RECIPE, describe=counted)
    with pytest.raises(KeyboardInterrupt):
        build_store(tmp_path / "store", recipe, records[:3])
    build_store(tmp_path / "store", recipe, records)
    assert described == ["t0", "t1", "t2", "t2", "t3"]


def test_a_fault_in_one_trial_is_told_and_the_others_are_kept(records, tmp_path) -> None:
    def faulty(record: TrialRecord) -> Outcome:
        if record.trial == "t1":
            raise ZeroDivisionError("nobody foresaw this")
        return content(record)

    store, _ = build_store(tmp_path / "store", replace(RECIPE, describe=faulty), records)
    assert {entry.trial for entry in store.entries} == {"t0", "t2"}
    fault = next(trial for trial in store.left_out if trial.trial == "t1")
    assert fault.step == "unforeseen_error"
    assert fault.reason.startswith("ZeroDivisionError: nobody foresaw this (test_window_store.py, line ")
    assert "| unforeseen_error | 1 (25 %) |" in (tmp_path / "store/report.md").read_text()


def test_a_full_disk_is_no_fault_of_a_trial(records, tmp_path) -> None:
    full = True

    def writing(record: TrialRecord) -> Outcome:
        if record.trial == "t1" and full:
            raise OSError("no space left on device")
        return content(record)

    recipe = replace(RECIPE, describe=writing)
    with pytest.raises(GaitError, match=r"trials of S/p/t1: OSError: no space left[\s\S]*goes on with what is left"):
        build_store(tmp_path / "store", recipe, records)
    assert not (tmp_path / "store").exists()
    full = False
    assert len(build_store(tmp_path / "store", recipe, records)[0].entries) == 6


def test_hashes_tell_what_was_changed(records, tmp_path) -> None:
    store, _ = build_store(tmp_path / "store", RECIPE, records)
    again, _ = build_store(tmp_path / "again", RECIPE, records)
    assert store.description.content == again.description.content
    assert changed_files(store) == []
    path = tmp_path / "store/shards/00000/x.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert changed_files(store) == ["shards/00000/x.npy"]


def entry(frames: int) -> SampleEntry:
    return SampleEntry("S", "p", "t", "train", "walking", "as_measured", 0.0, 100.0, frames)


def description(fields: dict[str, Field], name: str = "made-up-1") -> StoreDescription:
    return StoreDescription(name=name, fields=fields, settings={}, fingerprint="0" * 64)


@pytest.mark.parametrize(("value", "message"), [(1e5, "float16 cannot hold"), (np.nan, "cannot hold")])
def test_numbers_that_do_not_fit_are_refused_and_nothing_is_left(tmp_path, value, message) -> None:
    with pytest.raises(ValueError, match=message):
        write_store(
            tmp_path / "store", description({"x": FIELDS["x"]}), [entry(4)], lambda _: {"x": np.full((4, 3), value)}
        )
    assert list(tmp_path.iterdir()) == []


def test_the_published_columns_fit_into_the_same_store(tmp_path) -> None:
    columns = len(PUBLISHED_63.columns)
    values = np.random.default_rng(0).normal(size=(40, columns))
    fields = {"values": Field(dtype="float32", shape=(columns,)), "known": Field(dtype="bool", shape=(columns,))}
    store = write_store(
        tmp_path / "store",
        description(fields, PUBLISHED_63.name),
        [entry(40)],
        lambda _: {"values": values, "known": values > 0},
    )
    assert WindowStore.open(tmp_path / "store").description.name == "published-63"
    np.testing.assert_array_equal(store.arrays["values"], values.astype(np.float32))
    np.testing.assert_array_equal(store.arrays["known"], values > 0)


def test_a_damaged_store_says_what_to_do(records, tmp_path) -> None:
    place = tmp_path / "store"
    with pytest.raises(FileFormatError, match=r"no store\.json[\s\S]*gaitdynamics prepare"):
        WindowStore.open(place)
    build_store(place, RECIPE, records)
    array = (place / "shards/00000/x.npy").read_bytes()
    (place / "shards/00000/x.npy").write_bytes(array[:-7])
    with pytest.raises(FileFormatError, match=r"x\.npy[\s\S]*gaitdynamics prepare"):
        WindowStore.open(place)
    np.save(place / "shards/00000/x.npy", np.zeros((3, 3)))
    with pytest.raises(FileFormatError, match=r"x\.npy.*\(3, 3\) of float64"):
        WindowStore.open(place)
    (place / "shards/00000/x.npy").write_bytes(array)
    (place / "manifest.parquet").write_bytes(b"PAR1")
    with pytest.raises(FileFormatError, match=r"manifest\.parquet"):
        WindowStore.open(place)
    facts = json.loads((place / "store.json").read_text())
    (place / "store.json").write_text(json.dumps(facts | {"format": "gaitdynamics-windows-9"}))
    with pytest.raises(FileFormatError, match="gaitdynamics-windows-9"):
        WindowStore.open(place)
    (place / "store.json").write_text("{")
    with pytest.raises(FileFormatError, match="not the description"):
        WindowStore.open(place)
