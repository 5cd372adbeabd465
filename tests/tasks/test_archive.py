"""Forces of whole archives: every trial has a result or a reason, and a run that was stopped goes on."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gaitdynamics import cli
from gaitdynamics.dataset.people_table import NOTHING, Facts, PeopleTable
from gaitdynamics.dataset.sources import open_source
from gaitdynamics.engines.engine import Failure
from gaitdynamics.engines.local import LocalEngine
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.forces import read_forces
from gaitdynamics.files.motion import read_trial
from gaitdynamics.tasks.archive import ArchiveResult, estimate_archive, plan_archive
from gaitdynamics.tasks.archive_journal import JOURNAL
from gaitdynamics.tasks.archive_summary import write_summary
from gaitdynamics.tasks.archive_trials import EstimateSettings
from gaitdynamics.trial import Surface
from opencap_files import write_session

EXAMPLE = Path(__file__).parents[2] / "examples" / "walking"


def cut_walk(path: Path, start: int, rows: int) -> None:
    """Write some rows of the example walk."""
    lines = (EXAMPLE / "walking.mot").read_text().splitlines()
    head = next(i for i, line in enumerate(lines) if line.strip() == "endheader") + 2
    kept = [line for line in lines[:head] if not line.startswith(("nRows", "datarows"))]
    path.write_text("\n".join([*kept, *lines[head + start : head + start + rows]]) + "\n")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with three good motions, one that is too short and one that is broken, and measured forces."""
    folder = tmp_path_factory.mktemp("source") / "archive"
    for name in ("anna", "bob"):
        (folder / name).mkdir(parents=True)
        shutil.copy(EXAMPLE / "subject.osim", folder / name)
    cut_walk(folder / "anna" / "walk 1.mot", 0, 130)
    cut_walk(folder / "anna" / "walk2.mot", 200, 120)
    cut_walk(folder / "bob" / "walk1.mot", 400, 140)
    cut_walk(folder / "bob" / "short.mot", 0, 10)
    text = (folder / "bob" / "walk1.mot").read_text().splitlines()
    text[-3] = text[-3].replace(text[-3].split()[4], "oops")
    (folder / "bob" / "broken.mot").write_text("\n".join(text))
    (folder / "bob" / "walk1_grf.mot").write_text(
        "forces\nversion=1\nendheader\ntime\tR_ground_force_vx\n0\t0\n0.01\t0\n"
    )
    return folder


def run(
    archive: Path, out: Path, engine: Any = None, fallback: Facts = NOTHING, table: PeopleTable | None = None
) -> ArchiveResult:
    out.mkdir(exist_ok=True)
    source = open_source(archive)
    works = plan_archive(source, out, EstimateSettings(), table=table, fallback=fallback)
    return estimate_archive(source, works, out, engine or LocalEngine(1))


class Counting:
    """Counts what an engine is given; may be interrupted before an item."""

    def __init__(self, interrupt: int | None = None) -> None:
        self.worked: list[Any] = []
        self.interrupt = interrupt

    def run(
        self, function: Callable[[Any], Any], items: Iterable[tuple[Any, Any]]
    ) -> Iterator[tuple[Any, Any | Failure]]:
        def seen() -> Iterator[tuple[Any, Any]]:
            for key, group in items:
                if self.interrupt == len(self.worked):
                    raise KeyboardInterrupt
                self.worked += [item.stem for item in group]
                yield key, group

        yield from LocalEngine(1).run(function, seen())


@pytest.fixture(scope="module")
def finished(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ArchiveResult, Path]:
    out = tmp_path_factory.mktemp("results")
    return run(archive, out), out


def test_every_trial_has_a_result_or_a_reason(finished, archive):
    result, out = finished
    status = {trial.label: trial.status for trial in result.trials}
    assert status == {
        "archive/anna/walk 1": "done",
        "archive/anna/walk2": "done",
        "archive/bob/broken": "failed",
        "archive/bob/short": "failed",
        "archive/bob/walk1": "done",
    }
    reasons = {trial.label.split("/")[-1]: trial.reason for trial in result.trials}
    assert reasons["broken"].startswith("broken.mot, row 138, column")
    assert "0.09 s" in reasons["short"]
    assert not list(out.rglob("short*"))
    assert not list(out.rglob("*.png"))
    # The model is named by its path from the results, the motion too.
    setup = (out / "archive" / "anna" / "walk_1_id_setup.xml").read_text()
    assert os.path.relpath(archive / "anna" / "subject.osim", out / "archive" / "anna") in setup


def test_results_are_those_of_the_motion_alone(finished, archive, tmp_path):
    _, out = finished
    motion, model = archive / "bob" / "walk1.mot", archive / "bob" / "subject.osim"
    alone = ["forces", str(motion), "--model", str(model), "--overground", "--out", str(tmp_path)]
    assert cli.run(alone) == 0
    for name in ("walk1_grf.mot", "walk1_grf_sd.sto"):
        assert (out / "archive" / "bob" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_a_finished_archive_is_left_alone_and_a_changed_motion_done_again(finished, archive, tmp_path):
    first, out = finished
    copy, results = shutil.copytree(archive, tmp_path / "archive"), shutil.copytree(out, tmp_path / "out")
    idle = Counting()
    again = run(copy, results, idle)
    assert (idle.worked, again.already, again.trials) == ([], 5, first.trials)
    cut_walk(copy / "anna" / "walk2.mot", 250, 120)
    (results / "archive" / "bob" / "walk1_grf.mot").unlink()
    with (results / JOURNAL).open("a") as stream:
        stream.write('{"label": "torn')
    some = Counting()
    result = run(copy, results, some)
    assert some.worked == ["walk2", "walk1"]
    assert [t.status for t in result.trials] == [t.status for t in first.trials]
    before, after = (read_forces(home / "archive" / "anna" / "walk2_grf.mot", None) for home in (out, results))
    assert before.time[0] != after.time[0]
    assert run(copy, results, Counting()).already == 5


def test_an_interrupted_run_goes_on(finished, archive, tmp_path):
    first, _ = finished
    result = run(archive, tmp_path, Counting(interrupt=2))
    assert (len(result.trials), result.unfinished) == (2, 3)
    rest = Counting()
    whole = run(archive, tmp_path, rest)
    assert len(rest.worked) == 3
    assert [(t.label, t.status) for t in whole.trials] == [(t.label, t.status) for t in first.trials]


def test_what_was_lost_is_tried_again(archive, tmp_path):
    class Losing:
        def run(self, function: Any, items: Any) -> Iterator[tuple[Any, Failure]]:
            for key, _ in items:
                yield key, Failure("lost", "its process was lost 3 times")

    assert run(archive, tmp_path, Losing()).count("lost") == 5
    again = Counting()
    assert run(archive, tmp_path, again).count("done") == 3
    assert len(again.worked) == 5


def test_only_the_trial_that_ends_its_process_is_lost(finished, archive, tmp_path, monkeypatch):
    """Trials go out in groups; of a lost group each is tried alone."""
    from gaitdynamics.tasks import archive as module

    monkeypatch.setattr(module, "_FEWEST_GROUPS", 1)
    first, _ = finished
    sizes = []

    class Fragile:
        def run(self, function: Any, items: Any) -> Iterator[tuple[Any, Any]]:
            for key, group in items:
                sizes.append(len(group))
                if any(item.stem == "walk2" for item in group):
                    yield key, Failure("lost", "its process was lost 3 times")
                else:
                    yield from LocalEngine(1).run(function, [(key, group)])

    result = run(archive, tmp_path, Fragile())
    assert sizes == [5, 1, 1, 1, 1, 1]
    status = {trial.label: trial.status for trial in first.trials}
    assert {trial.label: trial.status for trial in result.trials} == status | {"archive/anna/walk2": "lost"}


def test_reasons_of_one_kind_are_counted_together(archive, tmp_path):
    copy = shutil.copytree(archive, tmp_path / "archive")
    cut_walk(copy / "anna" / "shorter.mot", 0, 8)
    result = run(copy, tmp_path / "out")
    _, page = write_summary(result, tmp_path / "out")
    assert "| 2 | shorter.mot: the motion lasts 0.07 s (8 rows), the least is 0.3 s |" in page.read_text()


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "summary.csv").open(newline="") as stream:
        return {row["trial"]: row for row in csv.DictReader(stream)}


def without_times(row: dict[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in row.items() if name != "processor_s"}


def test_the_command_goes_on_after_kill_9(finished, archive, tmp_path, capsys):
    _, out = finished
    command = ["forces", str(archive), "--out", str(tmp_path / "killed"), "--workers", "1"]
    process = subprocess.Popen([sys.executable, "-m", "gaitdynamics", *command], stdout=subprocess.DEVNULL)
    journal, deadline = tmp_path / "killed" / JOURNAL, time.monotonic() + 240
    while not (journal.is_file() and journal.read_bytes().count(b"\n") >= 1):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "summary.csv").exists()
    kept = {line for line in journal.read_text().splitlines() if line.endswith("}")}
    assert len(kept) < 5
    assert cli.run(command) == 0
    said = capsys.readouterr().out
    assert "5 trials: 3 with results, 2 with reasons" in said
    assert kept <= set(journal.read_text().splitlines())
    assert cli.run(["forces", str(archive), "--out", str(tmp_path / "whole"), "--workers", "1"]) == 0
    killed, whole = rows(tmp_path / "killed"), rows(tmp_path / "whole")
    assert {k: without_times(v) for k, v in killed.items()} == {k: without_times(v) for k, v in whole.items()}
    for file in sorted((tmp_path / "whole").rglob("*.mot")):
        assert file.read_bytes() == (tmp_path / "killed" / file.relative_to(tmp_path / "whole")).read_bytes()
    page = (tmp_path / "killed" / "summary.md").read_text()
    assert "| archive | 5 | 3 | 2 |" in page
    assert "times real time" in page
    assert not list(out.rglob(".draft*"))


def test_ray_gives_the_same_results(finished, archive, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    command = ["forces", str(archive), "--out", str(tmp_path), "--engine", "ray", "--workers", "1"]
    assert cli.run(command) == 0
    _, out = finished
    for file in out.rglob("*.mot"):
        assert file.read_bytes() == (tmp_path / file.relative_to(out)).read_bytes()


def test_the_table_of_people_stands_over_what_the_source_says(archive, tmp_path):
    table = tmp_path / "people.csv"
    table.write_text(
        "subject,trial,mass,surface,speed,note\nanna,,61.5,,,x\nanna,walk2,,treadmill,1.5,\nbob,,,treadmill,auto,\n"
    )
    result = run(archive, tmp_path / "out", table=PeopleTable(table), fallback=Facts(mass_kg=99.0, surface=Surface()))
    of = {trial.label.split("/")[-1]: trial.figures for trial in result.trials if trial.status == "done"}
    assert [of[name]["mass_kg"] for name in ("walk 1", "walk2")] == [61.5, 61.5]
    assert of["walk1"]["mass_kg"] == 99.0
    assert (of["walk 1"]["surface"], of["walk2"]["belt_speed_m_s"]) == ("overground", 1.5)
    # Walking over a floor: the belt stands still.
    assert of["walk1"]["surface"] == "treadmill"
    assert of["walk1"]["belt_speed_m_s"] < 0.1
    assert any("belt speed estimated" in note for note in of["walk1"]["warnings"])
    assert not any("not stated" in note for figures in of.values() for note in figures["warnings"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nanna\n", "no column 'subject'"),
        ("subject,mass\nanna,heavy\n", "'heavy' is no number"),
        ("subject,surface\nanna,ice\n", "'ice' is neither"),
        ("subject,surface\nanna,treadmill\n", "needs the speed"),
        ("subject\nanna\nanna\n", "twice"),
        ("subject\ncarl\n", "no trial of carl"),
        ("subject\n", "no row"),
        ("subject,mass\n,70\n", "empty cell"),
    ],
)
def test_mistakes_in_the_table_are_told_before_anything_is_done(archive, tmp_path, capsys, text, said):
    table = tmp_path / "people.csv"
    table.write_text(text)
    assert cli.run(["forces", str(archive), "--out", str(tmp_path / "out"), "--table", str(table)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "people.csv" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["{archive}", "{walk}"], "among other motions"),
        (["{walk}", "--overground", "--workers", "2"], "--workers is for a folder"),
        (["{archive}", "--out", "{archive}/anna/results"], "among the motions"),
        (["{archive}", "--workers", "0"], "0 workers"),
        (["{archive}", "--overground", "--treadmill", "1"], "both"),
        (["{archive}", "--weights", "nowhere"], "no weights 'nowhere'"),
        (["{empty}"], "no trials are found"),
    ],
)
def test_mistakes_on_the_command_line_are_told(archive, tmp_path, capsys, options, said):
    (tmp_path / "empty").mkdir()
    names = {"archive": archive, "walk": archive / "bob" / "walk1.mot", "empty": tmp_path / "empty"}
    command = [option.format(**names) for option in options]
    if "--out" not in command:
        command += ["--out", str(tmp_path / "out")]
    assert cli.run(["forces", *command]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_motion_beside_two_models_is_told(archive, tmp_path):
    copy = shutil.copytree(archive, tmp_path / "archive")
    shutil.copy(EXAMPLE / "subject.osim", copy / "anna" / "other.osim")
    source = open_source(copy)
    assert [recording.subject for recording in source.recordings] == ["bob"] * 3
    assert [part.path.name for part in source.unreadable] == ["walk 1.mot", "walk2.mot"]
    assert "other.osim, subject.osim" in source.unreadable[0].reason


def test_a_model_above_the_motions_is_theirs(archive, tmp_path):
    copy = shutil.copytree(archive, tmp_path / "archive")
    (copy / "anna" / "subject.osim").replace(copy / "above.osim")
    models = {r.subject: r.model_file.name for r in open_source(copy).recordings}
    assert models == {"anna": "above.osim", "bob": "subject.osim"}


def test_names_that_would_be_the_same_are_kept_apart(tmp_path):
    for home in ("one", "two"):
        write_session(tmp_path / "sessions" / home / "anna", ("walk 1", "walk:1"))
    works = plan_archive(open_source(tmp_path / "sessions"), tmp_path / "out", EstimateSettings())
    places = [(work.folder / work.stem).relative_to(tmp_path / "out").as_posix() for work in works]
    assert places == [f"OpenCap/anna/walk_1{suffix}" for suffix in ("", "_2", "_3", "_4")]


def test_a_name_that_was_made_up_is_not_one_that_is_there(tmp_path):
    for home, names in (("one", ("walk",)), ("two", ("walk", "walk_2"))):
        write_session(tmp_path / "sessions" / home / "anna", names)
    works = plan_archive(open_source(tmp_path / "sessions"), tmp_path / "out", EstimateSettings())
    assert [work.stem for work in works] == ["walk", "walk_2", "walk_2_2"]


def test_a_journal_of_something_else_is_told(archive, tmp_path, capsys):
    (tmp_path / JOURNAL).write_text('{"a": 1}\n')
    assert cli.run(["forces", str(archive), "--out", str(tmp_path), "--workers", "1"]) == 2
    assert "trials.jsonl, row 1" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [JOURNAL]


def test_opencap_sessions_tell_mass_and_height(tmp_path):
    write_session(tmp_path / "sessions" / "s1")
    result = run(tmp_path / "sessions", tmp_path / "out")
    assert [(trial.status, trial.figures["mass_kg"]) for trial in result.trials] == [("done", 68.5)]


def test_b3d_files_give_what_inverse_dynamics_needs(data_folder, tmp_path):
    command = [
        "forces",
        str(data_folder / "b3d" / "Arnold2013_subject01.b3d"),
        "--out",
        str(tmp_path),
        "--workers",
        "1",
    ]
    assert cli.run([*command, "--treadmill", "auto"]) == 0
    found = rows(tmp_path)
    assert len(found) == len(open_source(command[1]).recordings)
    done = [row for row in found.values() if row["status"] == "done"]
    assert done
    for row in done:
        place = tmp_path / row["results"]
        stem = place.name.removesuffix("_grf.mot")
        trial = read_trial(place.with_name(f"{stem}_motion.mot"), model=place.with_name(f"{stem}_model.osim"))
        forces = read_forces(place, trial.time)
        up = forces.force[..., 1].sum(1).mean() / trial.body_weight
        assert up == pytest.approx(1.0, abs=0.1)
        assert float(row["belt_speed_m_s"]) > 0.8
        setup = place.with_name(f"{stem}_id_setup.xml").read_text()
        assert f"{stem}_motion.mot" in setup
        assert f"{stem}_model.osim" in setup
    assert np.isfinite(float(done[0]["peak_vertical_r_bw"]))
    entry = json.loads((tmp_path / JOURNAL).read_text().splitlines()[0])
    assert set(entry) == {"label", "identity", "status", "place", "reason", "detail", "figures"}


def test_an_archive_without_a_usable_trial_is_a_mistake(tmp_path, capsys):
    folder = tmp_path / "archive"
    folder.mkdir()
    cut_walk(folder / "walk.mot", 0, 120)
    assert cli.run(["forces", str(folder), "--out", str(tmp_path / "out"), "--workers", "1"]) == 2
    assert "without a model both body mass and body height" in (tmp_path / "out" / "summary.csv").read_text()
    command = [
        "forces",
        str(folder),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "1",
        "--mass",
        "70",
        "--height",
        "1.7",
    ]
    assert cli.run(command) == 0
    capsys.readouterr()


def test_results_that_are_not_ours_are_not_overwritten(archive, tmp_path):
    place = tmp_path / "out" / "archive" / "bob"
    place.mkdir(parents=True)
    (place / "walk1_grf.mot").write_text("measured")
    result = run(archive, tmp_path / "out")
    assert [t.status for t in result.trials if t.label.endswith("walk1")] == ["failed"]
    assert (place / "walk1_grf.mot").read_text() == "measured"


def test_a_table_tells_whose_rows_are_of_nobody(archive, tmp_path):
    (tmp_path / "t.csv").write_text("study,subject\nother,anna\n")
    with pytest.raises(UserInputError, match="other/anna"):
        PeopleTable(tmp_path / "t.csv").check_used(open_source(archive).recordings)
