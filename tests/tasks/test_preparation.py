"""From any source to a store: what is in it, what is left out, and that every step can be switched off."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from b3d_files import MadeUpFile
from gaitdynamics import cli
from gaitdynamics.dataset.b3d_source import B3dRecording
from gaitdynamics.dataset.recordings import Source
from gaitdynamics.dataset.sources import open_source
from gaitdynamics.dataset.study_map import StudyMap
from gaitdynamics.dataset.window_store import WindowStore
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.files.b3d_writer import write_b3d
from gaitdynamics.tasks.preparation import Preparation, prepare
from gaitdynamics.training.published_data import sample_of
from gaitdynamics.training.stored_columns import columns_from_store
from gaitdynamics.training.stored_samples import samples_from_store
from gaitdynamics.trial import Trial
from opencap_files import write_session
from walking_with_forces import with_forces

parquet = pytest.importorskip("pyarrow.parquet")

OWN = StudyMap.model_validate(
    {
        "not_gait": ["squat"],
        "studies": {
            "Own2024": {"side": "train", "held_out": ["p2"], "mass_kg": {"1": 70.0}},
            "Other2024": {"side": "unseen", "surface": "overground", "activity": "running"},
        },
    }
)


@pytest.fixture(scope="module")
def walk(example_trial: Trial) -> Trial:
    return with_forces(example_trial, 220)


@pytest.fixture(scope="module")
def archive(walk: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five people's files, of which one is damaged, with one trial for each way of being left out."""
    folder = tmp_path_factory.mktemp("archive")
    values = walk.values.copy()
    values[:, walk.coordinates.index("lumbar_rotation")] += 1.0
    turned = walk.values.copy()
    turned[:, walk.coordinates.index("pelvis_rotation")] += np.linspace(0.0, 1.0, len(turned))
    far = replace(walk.forces, cop=walk.forces.cop + np.array([0.0, 0.0, 0.8]))
    short = with_forces(walk, 120)
    trials = [
        replace(walk, name="sound"),
        replace(walk.with_values(values), name="trunk"),
        replace(walk.with_values(turned), name="turn"),
        replace(walk, name="far", forces=far),
        replace(short, name="short"),
        replace(walk, name="squat1"),
    ]
    for study, people in (("Own2024", ("p1", "p2")), ("Other2024", ("p1",))):
        for person in people:
            home = folder / f"{study}_Formatted_No_Arm" / person
            home.mkdir(parents=True)
            write_b3d(home / f"{person}.b3d", trials)
    (folder / "Own2024_Formatted_No_Arm" / "p3.b3d").write_bytes(b"damaged")
    return folder


def test_columns_in_a_store_are_those_of_the_trials(archive: Path, tmp_path: Path) -> None:
    preparation = Preparation("denoiser", OWN, ("train",), "paper")
    store, made = prepare(archive, tmp_path / "store", preparation)
    assert made
    assert [(e.label, e.split, e.activity) for e in store.entries] == [
        ("Own2024/p1/sound", "train", "walking"),
        ("Own2024/p1/squat1", "train", "other"),
    ]
    recording = next(r for r in preparation.choose(open_source(archive)) if r.trial == "sound")
    trial = recording.load()
    assert trial.subject.mass_kg == 70.0
    expected = sample_of("Own2024", "Own2024/p1/sound", trial)
    (found,) = columns_from_store(store, "train")
    np.testing.assert_array_equal(found.values, expected.values.astype(np.float32))
    np.testing.assert_array_equal(found.known, expected.known)
    assert (found.study, found.label, found.running) == (expected.study, expected.label, False)
    assert found.height_m == pytest.approx(expected.height_m)
    assert len(columns_from_store(store, "train", ("walking", "other"))) == 2
    assert store.description.settings["columns"] == list(PUBLISHED_63.names)
    with pytest.raises(FileFormatError, match=r"column-samples[\s\S]*--for refiner"):
        samples_from_store(store, "train")
    assert not prepare(archive, tmp_path / "store", preparation)[1]


def test_the_report_counts_what_each_step_removed(archive: Path, tmp_path: Path) -> None:
    preparation = Preparation("denoiser", OWN, ("train", "test_held_out_subject", "test_unseen_study"), "paper")
    store, _ = prepare(archive, tmp_path / "store", preparation)
    assert sorted((t.label, t.step) for t in store.left_out if t.subject == "p1" and t.study == "Own2024") == [
        ("Own2024/p1/far", "cop_distance"),
        ("Own2024/p1/short", "length"),
        ("Own2024/p1/trunk", "trunk_rotation"),
        ("Own2024/p1/turn", "heading_change"),
    ]
    assert [t.step for t in store.left_out if t.subject == "p3"] == ["readable"]
    text = (tmp_path / "store/report.md").read_text()
    assert "Of 19 trials" in text
    assert "| readable | 1 (5.3 %) |" in text
    # Three people; the turned walk leaves its points of force behind.
    assert "| trunk_rotation | 3 (16 %) | 6.6 | 660 (18 %) | 3 | 121 (0.5 %) |" in text
    assert "| heading_change | 3 (16 %) | 6.6 | 660 (18 %) | 3 | 1682 (7.5 %) |" in text
    assert "| length | 3 (16 %) | 3.6 | 360 (9.8 %) | 3 | 3669 (16.4 %) |" in text
    assert "| train | 1 | 2 | 0.001 |" in text
    checks = parquet.read_table(tmp_path / "store/checks.parquet").to_pylist()
    assert len(checks) == 18 * 5
    far = next(c for c in checks if (c["trial"], c["rule"]) == ("far", "cop_distance"))
    assert far["removes_trial"]
    assert far["value"] == pytest.approx(100.0)
    manifest = parquet.read_table(tmp_path / "store/manifest.parquet")
    assert manifest.num_rows == len(store.entries) + len(store.left_out)


@pytest.mark.parametrize("rule", ["trunk_rotation", "heading_change", "length", "cop_distance"])
def test_every_rule_can_be_left_out(archive: Path, tmp_path: Path, rule: str) -> None:
    name = {"trunk_rotation": "trunk", "heading_change": "turn", "length": "short", "cop_distance": "far"}[rule]
    preparation = Preparation("denoiser", OWN, ("train",), "paper", (rule,))
    store, _ = prepare(archive, tmp_path / "store", preparation)
    # A turn is also what the columns themselves cannot express, and it moves the feet from the points of force.
    kept = {entry.trial for entry in store.entries} - {"sound", "squat1"}
    assert kept == (set() if rule == "heading_change" else {name})
    assert rule not in store.description.settings["thresholds"]


def test_steps_of_reading_can_be_left_out(archive: Path, example_trial: Trial, tmp_path: Path) -> None:
    source = open_source(archive)

    def mass(*without: str) -> float:
        preparation = Preparation("denoiser", OWN, ("train",), without=without)
        return preparation.choose(source)[0].load().subject.mass_kg

    assert mass() == 70.0
    assert mass("body_mass") == pytest.approx(example_trial.subject.mass_kg)
    home = tmp_path / "Carter2023_Formatted_No_Arm"
    home.mkdir()
    made_up = MadeUpFile(example_trial)
    made_up.add("run", 40)
    made_up.write(home / "p.b3d")
    carter = open_source(tmp_path)

    def reading(rules: str | None, *without: str) -> tuple[str, str]:
        (recording,) = Preparation("denoiser", None, ("train",), rules, without).choose(carter)
        assert isinstance(recording, B3dRecording)
        return recording.reading.cop, recording.reading.missing

    assert reading("paper") == ("plates", "stated")
    assert reading("published") == ("plates", "published")
    assert reading("published", "missing_marks", "plate_cop") == ("pass", "stated")
    names = Preparation("denoiser", None, ("train",), "paper", ("plate_cop",)).recipe().settings["reading"]
    assert names == ["missing_marks", "body_mass", "belt_speed"]
    for wrong in (("yaw",), ("pelvis_acceleration",)):
        with pytest.raises(UserInputError, match=r"no step (yaw|pelvis_acceleration) with the rules 'paper'"):
            Preparation("denoiser", None, ("train",), "paper", wrong).recipe()
    with pytest.raises(UserInputError, match="no rules 'strict'"):
        Preparation("denoiser", None, ("train",), "strict").recipe()


def test_published_rules_make_published_columns(archive: Path, tmp_path: Path) -> None:
    preparation = Preparation("denoiser", OWN, ("train",), "published")
    store, _ = prepare(archive, tmp_path / "store", preparation)
    trial = next(r for r in preparation.choose(open_source(archive)) if r.trial == "sound").load()
    (found,) = columns_from_store(store, "train")
    expected = sample_of("Own2024", "x", trial, published=True)
    # Rules of the code cut nothing off here but the ends without force; the walk has none.
    np.testing.assert_array_equal(found.values, expected.values.astype(np.float32)[: found.frames])
    assert store.description.settings["published_columns"]


def test_sides_that_nobody_is_on_are_told(archive: Path) -> None:
    source: Source = open_source(archive)
    with pytest.raises(UserInputError, match=r"no trial has split 'val'[\s\S]*test_held_out_subject, .*train"):
        Preparation("denoiser", OWN, ("val",)).choose(source)
    assert {r.trial for r in Preparation("refiner", OWN, ("train",)).choose(source)} == {
        *("sound", "trunk", "turn", "far", "short"),
    }


def run(*arguments: object) -> int:
    return cli.run(["prepare", *map(str, arguments)])


def test_the_command_takes_opencap_and_tables(walk: Trial, tmp_path: Path, capsys) -> None:
    session = write_session(tmp_path / "session", ("walk1", "walk2"))
    assert run(session, "--out", tmp_path / "opencap", "--for", "denoiser", "--rules", "paper", "--workers", "1") == 0
    said = capsys.readouterr().out
    assert "2 samples, 2002 frames, 1 shards" in said
    store = WindowStore.open(tmp_path / "opencap")
    assert {(e.study, e.height_m, e.split) for e in store.entries} == {("OpenCap", 1.72, "train")}
    kinetic = store.sample(store.entries[0])["known"][:, list(PUBLISHED_63.kinetic)]
    assert not kinetic.any()
    table = tmp_path / "trials.csv"
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["motion", "mass", "height", "surface"])
        motion = session / "OpenSimData/Kinematics/walk1.mot"
        writer.writerow([motion, 70, 1.7, "overground"])
        writer.writerow([tmp_path / "nowhere.mot", 70, 1.7, "overground"])
    assert run(table, "--out", tmp_path / "table", "--for", "denoiser", "--workers", "1") == 0
    assert "1 trials are left out" in capsys.readouterr().out
    assert run(table, "--out", tmp_path / "refiner", "--workers", "1") == 2
    assert "no trial can be used" in capsys.readouterr().err
    assert not (tmp_path / "refiner").exists()


def test_mistakes_of_the_command_are_told(archive: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "store"
    for arguments, message in (
        (("--address", "auto"), "has no address"),
        (("--study-map", tmp_path / "no.toml"), "no.toml"),
        (("--study-map", "addbiomechanics"), "does not know Other2024, Own2024"),
        (("--split", "test"), "no trial has split 'test'"),
        (("--without", "yaw"), "no step yaw"),
        (("--workers", "0"), "0 workers"),
    ):
        assert run(archive, "--out", out, *arguments) == 2
        assert message in capsys.readouterr().err
        assert not out.exists()


def test_where_nothing_can_be_looked_into_the_first_reason_is_told(tmp_path):
    example = Path(__file__).parents[2] / "examples" / "walking"
    for name, source in (("walk.mot", "walking.mot"), ("one.osim", "subject.osim"), ("two.osim", "subject.osim")):
        shutil.copy(example / source, tmp_path / name)
    with pytest.raises(UserInputError, match=r"no trial in it can be looked into[\s\S]*walk.mot: several models"):
        Preparation().choose(open_source(tmp_path))
