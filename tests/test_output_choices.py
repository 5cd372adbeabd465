"""--html, --glb and --figures: what is written besides, listed with the rest, and gone when not asked for again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib.image import imread

from gaitdynamics.cli import run
from gaitdynamics.files.storage import read_storage, write_storage
from gaitdynamics.output_choices import OutputChoices
from gaitdynamics.plotting.style import save_figure
from gaitdynamics.tasks.completion_files import CompletionReport
from gaitdynamics.tasks.moments_report import MomentsReport
from gaitdynamics.tasks.report import read_report
from gaitdynamics.tasks.what_if_files import modification_files, speed_files

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"
WALK = [str(EXAMPLE / "walking.mot"), "--model", str(EXAMPLE / "subject.osim"), "--height", "1.72"]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    assert run(["forces", *WALK, "--overground", "--out", str(folder), "--html", "--glb", "--figures", "pdf"]) == 0
    return folder


def test_page_animation_and_figure_are_written_and_listed(written) -> None:
    names = {"walking_report.html", "walking_motion.glb", "walking_forces.pdf"}
    assert names <= {path.name for path in written.iterdir()}
    assert names <= set(read_report(written / "walking_report.json").files)
    assert (written / "walking_motion.glb").read_bytes()[:4] == b"glTF"
    assert (written / "walking_report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_fonts_of_a_pdf_are_whole_and_its_bytes_repeat(written, tmp_path) -> None:
    """Journals refuse Type 3 fonts."""
    content = (written / "walking_forces.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/Type3" not in content
    assert b"/TrueType" in content or b"/CIDFontType2" in content
    assert b"CreationDate" not in content


def test_files_of_an_earlier_run_go_when_not_asked_for_again(written) -> None:
    folder = written.parent / "again"
    moments = ["moments", *WALK, "--grf", str(written / "walking_grf.mot"), "--out", str(folder)]
    assert run([*moments, "--figures", "svg"]) == 0
    figure = folder / "walking_moments.svg"
    assert figure.is_file()
    report = MomentsReport.model_validate_json((folder / "walking_moments.json").read_text(encoding="utf-8"))
    assert figure.name in report.files
    assert run(moments) == 0
    assert not figure.exists()
    assert (folder / "walking_moments.png").is_file()


def test_a_completed_motion_has_a_page_of_its_own(tmp_path) -> None:
    walk = read_storage(EXAMPLE / "walking.mot")
    keep = [i for i, label in enumerate(walk.labels) if label != "knee_angle_r"]
    labels = [walk.labels[i] for i in keep]
    write_storage(tmp_path / "walk.mot", labels, walk.data[:150, keep], name="walk", in_degrees=True)
    arguments = ["complete", str(tmp_path / "walk.mot"), *WALK[1:], "--overground", "--out", str(tmp_path / "out")]
    assert run([*arguments, "--html", "--glb", "--figures", "svg"]) == 0
    report = CompletionReport.model_validate_json(
        (tmp_path / "out" / "walk_completion.json").read_text(encoding="utf-8")
    )
    made = {"walk_completed_report.html", "walk_completed_motion.glb", "walk_completion.svg"}
    assert made <= set(report.files)
    assert made <= {path.name for path in (tmp_path / "out").iterdir()}
    assert "knee_angle_r" in (tmp_path / "out" / "walk_completed_report.html").read_text(encoding="utf-8")


def test_motions_that_no_one_performed_name_their_pages(tmp_path) -> None:
    choices = OutputChoices(html=True, glb=True, figures="pdf")
    names = {path.name for path in modification_files(tmp_path, "walk", choices).values()}
    assert {"walk_modified_report.html", "walk_modified_motion.glb", "walk_modified.pdf"} <= names
    names = {path.name for path in speed_files(tmp_path, "run", [3.0, 3.4], choices).values()}
    assert {"run_3.00mps_report.html", "run_3.40mps_report.html", "run_3.40mps_motion.glb", "run_speeds.pdf"} <= names


def test_a_page_of_somebody_else_is_left_alone(tmp_path, capsys) -> None:
    page = tmp_path / "walking_report.html"
    page.write_text("mine", encoding="utf-8")
    assert run(["forces", *WALK, "--overground", "--out", str(tmp_path), "--html"]) == 2
    assert "walking_report.html" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [page.name]


def test_measured_forces_make_no_page(written, tmp_path, capsys) -> None:
    arguments = ["kinetics", *WALK, "--grf", str(written / "walking_grf.mot"), "--html", "--out", str(tmp_path)]
    assert run(arguments) == 2
    assert "leave out --html" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_absent_packages_are_told_before_anything_is_computed(tmp_path, capsys, monkeypatch) -> None:
    for module in ("libraries", "gltf"):
        monkeypatch.setattr(f"gaitdynamics.report_page.{module}.find_spec", lambda name: None)
    for option in ("--html", "--glb"):
        assert run(["forces", *WALK, "--overground", "--out", str(tmp_path / "new"), option]) == 2
        assert "pip install 'gaitdynamics[report]'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_unknown_format_is_refused(tmp_path) -> None:
    assert run(["forces", *WALK, "--overground", "--out", str(tmp_path / "new"), "--figures", "bmp"]) == 2
    assert not (tmp_path / "new").exists()


def test_usually_nothing_more_is_named(tmp_path) -> None:
    usual = OutputChoices()
    assert (usual.page(tmp_path, "a"), usual.animation(tmp_path, "a"), usual.figure(tmp_path / "a.png")) == (None,) * 3


def test_an_svg_keeps_its_text_as_text(tmp_path) -> None:
    from gaitdynamics.plotting.style import new_figure

    for name in ("a", "b"):
        figure = new_figure(3.0, 2.0)
        figure.add_subplot().set_xlabel("time [s]")
        save_figure(figure, tmp_path / f"{name}.png", tmp_path / f"{name}.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert re.search(r"<text[^>]*>time \[s\]</text>", text)
    assert text == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert imread(tmp_path / "a.png").shape[0] > 200
