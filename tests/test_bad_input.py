"""What people get wrong, through the command line: one message that names place and remedy, status 2, nothing written.

Every case is the shipped example with one mistake in it.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gaitdynamics import cli

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"
MADE = ("_grf.mot", "_grf_sd.sto", "_external_loads.xml", "_id_setup.xml", "_report.json", "_forces.png")
OVERGROUND = ("--overground",)

Rows = list[list[str]]


class Storage:
    """A motion or force file taken apart, to be changed and written."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text(encoding="utf-8").splitlines()
        end = lines.index("endheader")
        self.header = lines[: end + 1]
        self.labels, *self.rows = [line.split("\t") for line in lines[end + 1 :]]

    def column(self, label: str) -> np.ndarray:
        return np.array([float(row[self.labels.index(label)]) for row in self.rows])

    def put(self, label: str, values: np.ndarray) -> None:
        for row, value in zip(self.rows, values.tolist(), strict=True):
            row[self.labels.index(label)] = repr(value)

    def drop(self, *labels: str) -> None:
        keep = [i for i, label in enumerate(self.labels) if label not in labels]
        self.labels, *self.rows = [[row[i] for i in keep] for row in (self.labels, *self.rows)]

    def rename(self, **names: str) -> None:
        self.labels = [names.get(label, label) for label in self.labels]

    def write(self, path: Path) -> Path:
        rows = ["\t".join(row) for row in (self.labels, *self.rows)]
        path.write_text("\n".join([*self.header, *rows, ""]), encoding="utf-8")
        return path


@pytest.fixture(autouse=True)
def quick_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a second and is tested with the pictures themselves."""
    from gaitdynamics.plotting import style

    monkeypatch.setattr(style, "save_png", lambda figure, path: path.write_bytes(b"picture"))


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "inputs"
    folder.mkdir()
    for name in ("walking.mot", "subject.osim"):
        shutil.copy(EXAMPLE / name, folder / name)
    return folder


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must be refused with a message that holds `parts`; gives the message."""

    def run(*arguments: str | Path, parts: Sequence[str | Path] = (), out: Path | None = None) -> str:
        folder = tmp_path / "results" if out is None else out
        before = sorted(tmp_path.rglob("*"))
        assert cli.run([*map(str, arguments), "--out", str(folder)]) == 2
        said = capsys.readouterr()
        # The frame in which mistakes in the arguments are shown is no part of the message.
        message = " ".join(re.sub("[─│╭╮╰╯]", " ", said.err).split())
        for part in parts:
            assert str(part) in message
        assert message.count("Error") == 1
        assert "Traceback" not in said.out + said.err
        # Neither results nor drafts, hidden ones included.
        assert sorted(tmp_path.rglob("*")) == before
        return message

    return run


@pytest.fixture
def forces_refused(inputs: Path, refused: Callable[..., str]) -> Callable[..., str]:
    """Ask for the forces of the example, or of another motion or model, and be refused."""

    def run(*more: str, motion: Path | None = None, model: Path | None = None, parts: Sequence[str | Path] = ()) -> str:
        arguments = ["forces", motion or inputs / "walking.mot", "--model", model or inputs / "subject.osim"]
        return refused(*arguments, *(more or OVERGROUND), parts=parts)

    return run


# Files that are not what they should be.


def test_no_such_motion(inputs: Path, forces_refused: Callable[..., str]) -> None:
    forces_refused(motion=inputs / "wlaking.mot", parts=[inputs / "wlaking.mot", "no such file", "Remedy"])


def test_no_such_model(inputs: Path, forces_refused: Callable[..., str]) -> None:
    forces_refused(model=inputs / "subjcet.osim", parts=[inputs / "subjcet.osim", "no such file", "Remedy"])


def test_folder_without_a_motion(inputs: Path, forces_refused: Callable[..., str]) -> None:
    """One with motions is an archive, see tests/tasks/test_archive.py."""
    empty = inputs / "empty"
    empty.mkdir()
    forces_refused(motion=empty, parts=[empty, "no trials are found", "a folder of motions and their models"])


def test_picture_as_motion(inputs: Path, forces_refused: Callable[..., str]) -> None:
    motion = inputs / "walk.mot"
    motion.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00")
    forces_refused(motion=motion, parts=[motion, "it is binary", ".mot or .sto text file"])


def test_model_as_motion(inputs: Path, forces_refused: Callable[..., str]) -> None:
    model = inputs / "subject.osim"
    forces_refused(motion=model, parts=[model, "it is XML", "give the motion (.mot or .sto) here"])


def test_motion_as_model(inputs: Path, forces_refused: Callable[..., str]) -> None:
    motion = inputs / "walking.mot"
    forces_refused(model=motion, parts=[motion, "XML", "Remedy", ".osim"])


def test_empty_motion(inputs: Path, forces_refused: Callable[..., str]) -> None:
    motion = inputs / "empty.mot"
    motion.touch()
    forces_refused(motion=motion, parts=[motion, "empty", "Remedy"])


def test_empty_model(inputs: Path, forces_refused: Callable[..., str]) -> None:
    model = inputs / "empty.osim"
    model.touch()
    forces_refused(model=model, parts=[model, "XML", "Remedy"])


# Tables with a mistake in them.


def cut_off(motion: Storage) -> None:
    del motion.rows[-1][10:]


def not_measured(motion: Storage) -> None:
    """Longer than what is filled."""
    for row in motion.rows[499:560]:
        row[motion.labels.index("knee_angle_r")] = "NaN"


def infinite(motion: Storage) -> None:
    motion.rows[499][motion.labels.index("knee_angle_r")] = "inf"


def text_in_a_cell(motion: Storage) -> None:
    motion.rows[99][motion.labels.index("hip_flexion_l")] = "n/a"


def decimal_comma(motion: Storage) -> None:
    motion.rows[0][motion.labels.index("pelvis_tilt")] = "1,5866"


def same_label_twice(motion: Storage) -> None:
    motion.rename(mtp_angle_l="mtp_angle_r")


def frame_missing(motion: Storage) -> None:
    del motion.rows[300]


def clock_goes_back(motion: Storage) -> None:
    motion.rows[200], motion.rows[201] = motion.rows[201], motion.rows[200]


def frame_twice(motion: Storage) -> None:
    motion.rows.insert(150, list(motion.rows[149]))


def too_short(motion: Storage) -> None:
    del motion.rows[29:]


def coordinates_missing(motion: Storage) -> None:
    motion.rename(hip_flexion_r="hip_flexion_right", ankle_angle_l="ankle_angel_l")
    motion.drop("pelvis_list")


def unknown_names(motion: Storage) -> None:
    motion.labels = ["time", *(f"q{i}" for i in range(1, len(motion.labels)))]


def radians_said_to_be_degrees(motion: Storage) -> None:
    for label in motion.labels[1:]:
        if not label.startswith("pelvis_t") or label == "pelvis_tilt":
            motion.put(label, np.radians(motion.column(label)))


def degrees_said_to_be_radians(motion: Storage) -> None:
    motion.header = [line.replace("inDegrees=yes", "inDegrees=no") for line in motion.header]


def in_millimetres(motion: Storage) -> None:
    for label in ("pelvis_tx", "pelvis_ty", "pelvis_tz"):
        motion.put(label, 1000.0 * motion.column(label))


def z_up(motion: Storage) -> None:
    """Turn the motion about the forward axis into a laboratory with Z up and Y to the left."""
    turn = Rotation.from_euler("X", 90.0, degrees=True)
    angles, shifts = ("pelvis_tilt", "pelvis_list", "pelvis_rotation"), ("pelvis_tx", "pelvis_ty", "pelvis_tz")
    pelvis = Rotation.from_euler("ZXY", np.stack([motion.column(x) for x in angles], axis=1), degrees=True)
    turned = (turn * pelvis).as_euler("ZXY", degrees=True)
    place = turn.apply(np.stack([motion.column(x) for x in shifts], axis=1))
    for i in range(3):
        motion.put(angles[i], turned[:, i])
        motion.put(shifts[i], place[:, i])


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (cut_off, ["row 1001", "10 values where there are 24 labels", "export it again"]),
        (not_measured, ["row 500", "column 'knee_angle_r'", "a gap of 0.62 s, from 4.99 s on", "--max-gap"]),
        (infinite, ["row 500", "column 'knee_angle_r'", "infinite", "fill the gap"]),
        (text_in_a_cell, ["row 100", "column 'hip_flexion_l'", "'n/a' is not a number", "correct the cell"]),
        (decimal_comma, ["row 1", "column 'pelvis_tilt'", "'1,5866'", "decimals with a point"]),
        (same_label_twice, ["column 'mtp_angle_r'", "more than once", "each column its own name"]),
        (frame_missing, ["row 301", "column 'time'", "0.02 s, elsewhere it is 0.01 s", "constant rate"]),
        (clock_goes_back, ["row 202", "column 'time'", "is earlier than the row before", "Remedy"]),
        (frame_twice, ["row 151", "column 'time'", "repeats the time", "remove the repeated rows"]),
        (too_short, ["0.28 s", "29 rows", "the least is 0.3 s", "longer part"]),
        (
            coordinates_missing,
            [
                "2 required coordinate(s)",
                "hip_flexion_r (nearest in the file: hip_flexion_right",
                "ankle_angle_l (nearest in the file: ankle_angel_l",
                "name the column as the coordinate",
            ],
        ),
        (unknown_names, ["too little is in the file", "pelvis_tilt", "Remedy"]),
        (radians_said_to_be_degrees, ["the header says degrees", "these are radians", "inDegrees=no"]),
        (degrees_said_to_be_radians, ["the header says radians", "these are degrees", "inDegrees=yes"]),
        (in_millimetres, ["column 'pelvis_ty'", "not metres", "in metres, not in millimetres"]),
        (z_up, ["column 'pelvis_ty'", "looks Z-up", "X forward, Y up, Z right"]),
    ],
)
def test_motion_with_a_mistake(
    change: Callable[[Storage], None], parts: list[str], inputs: Path, forces_refused: Callable[..., str]
) -> None:
    motion = Storage(EXAMPLE / "walking.mot")
    change(motion)
    path = motion.write(inputs / "changed.mot")
    forces_refused(motion=path, parts=[path, *parts])


# Models with a mistake in them.


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda text: text.replace("calcn_", "foot_"), ["no body calcn_r and calcn_l", "Remedy"]),
        (lambda text: text[: len(text) // 2], ["not readable as XML", "Remedy"]),
        (lambda text: "ISO-10303-21;\n" + text, ["not readable as XML", "Remedy"]),
        (lambda text: "<html><body>Not found</body></html>", ["not an OpenSim model (it holds <html>)", "Remedy"]),
        (
            lambda text: text.replace("hip_flexion_r", "coordinate_7"),
            ["column 'hip_flexion_r'", "the model has no such coordinate", "with which the motion was made"],
        ),
        (lambda text: re.sub("<mass>[^<]*</mass>", "<mass>0</mass>", text), ["mass of the model is 0 kg", "Remedy"]),
        (lambda text: re.sub("<mass>[^<]*</mass>", "<mass>heavy</mass>", text, count=1), ["'heavy'", "mass"]),
    ],
    ids=["no feet", "cut off", "not XML", "a web page", "other names", "no mass", "text for a mass"],
)
def test_model_with_a_mistake(
    change: Callable[[str], str], parts: list[str], inputs: Path, forces_refused: Callable[..., str]
) -> None:
    model = inputs / "changed.osim"
    model.write_text(change((EXAMPLE / "subject.osim").read_text(encoding="utf-8")), encoding="utf-8")
    message = forces_refused(model=model, parts=parts)
    assert "changed.osim" in message or "walking.mot" in message


# Numbers and choices of the command line.


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        (("--overground", "--mass", "0"), ["the body mass is 0 kg", "in kilograms, between 10 and 300"]),
        (("--overground", "--mass", "7000"), ["the body mass is 7000 kg", "in kilograms"]),
        (("--overground", "--mass", "70000"), ["is this in grams?", "in kilograms"]),
        (("--overground", "--mass", "-5"), ["the body mass is -5 kg", "in kilograms"]),
        (("--overground", "--mass", "nan"), ["the body mass is nan kg", "in kilograms"]),
        (("--overground", "--mass", "seventy"), ["seventy", "mass"]),
        (("--overground", "--height", "175"), ["175 m, looks like cm", "in metres"]),
        (("--overground", "--weights", "refiner-0"), ["there are no weights 'refiner-0'", "refiner-3"]),
        (("--overground", "--treadmill", "1.2"), ["both --overground and --treadmill", "give either"]),
        (("--mass", "70"), ["the surface is not told", "either --overground, or --treadmill"]),
        (("--treadmill", "-1.2"), ["a belt speed of -1.2 m/s", "positive"]),
        (("--treadmill", "25"), ["a belt speed of 25 m/s", "in m/s"]),
        (("--overground", "--grf-naming", "vicon"), ["vicon", "opensim", "opencap"]),
        (("--overground", "--seed", "one"), ["one", "seed"]),
    ],
    ids=" ".join,
)
def test_wrong_choice(more: tuple[str, ...], parts: list[str], forces_refused: Callable[..., str]) -> None:
    forces_refused(*more, parts=parts)


def test_height_in_centimetres_without_a_model(inputs: Path, refused: Callable[..., str]) -> None:
    person = ("--mass", "70", "--height", "175", "--overground")
    refused("forces", inputs / "walking.mot", *person, parts=["175 m, looks like cm", "in metres"])


def test_mass_without_height_or_model(inputs: Path, refused: Callable[..., str]) -> None:
    person = ("--mass", "70", "--overground")
    refused("forces", inputs / "walking.mot", *person, parts=["who moved is not told", "--height in m"])


def hopping(motion: Storage) -> None:
    """Ten times a second up and down: no foot stays."""
    motion.put("pelvis_ty", 0.95 + 0.3 * np.sin(2.0 * np.pi * 10.0 * motion.column("time")))


def backward(motion: Storage) -> None:
    """On a belt that runs forward at 2 m/s."""
    motion.put("pelvis_tx", motion.column("pelvis_tx") + 2.0 * motion.column("time"))


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (hopping, ["changed: no foot stays on the ground long enough", "give the speed in m/s"]),
        (backward, ["changed: the feet in stance move forward, at 2.0", "--overground if it was a floor"]),
    ],
)
def test_no_belt_speed_to_be_found(
    change: Callable[[Storage], None], parts: list[str], inputs: Path, forces_refused: Callable[..., str]
) -> None:
    motion = Storage(EXAMPLE / "walking.mot")
    change(motion)
    forces_refused("--treadmill", "auto", motion=motion.write(inputs / "changed.mot"), parts=parts)


@pytest.mark.parametrize("below", ["", "deeper/down"])
def test_results_where_a_file_is(below: str, inputs: Path, refused: Callable[..., str]) -> None:
    # A path below a file cannot be written by anyone, root included.
    out = inputs / "walking.mot" / below
    arguments = ["forces", inputs / "walking.mot", "--model", inputs / "subject.osim", "--overground"]
    refused(*arguments, out=out, parts=[out, "results cannot be written there", "--out"])


def test_evaluation_of_a_folder_without_manifest(inputs: Path, refused: Callable[..., str]) -> None:
    refused("evaluate", "forces", inputs, parts=[inputs, "manifest.csv", "Remedy"])


def test_training_on_a_folder_without_manifest(inputs: Path, refused: Callable[..., str]) -> None:
    refused("train", "refiner", "--data", inputs, parts=[inputs, "manifest.csv", "Remedy"])


# Joint moments.


@pytest.fixture(scope="module")
def force_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forces of the example as the program estimates them."""
    out = tmp_path_factory.mktemp("forces")
    arguments = ["forces", str(EXAMPLE / "walking.mot"), "--model", str(EXAMPLE / "subject.osim"), "--overground"]
    assert cli.run([*arguments, "--out", str(out)]) == 0
    return out / "walking_grf.mot"


def half_of_the_motion(forces: Storage) -> None:
    del forces.rows[500:]


def force_not_measured(forces: Storage) -> None:
    forces.rows[41][forces.labels.index("ground_force_vy")] = "nan"


def point_in_millimetres(forces: Storage) -> None:
    for label in forces.labels:
        if "ground_force_p" in label:
            forces.put(label, 1000.0 * forces.column(label))


def upside_down(forces: Storage) -> None:
    for label in forces.labels:
        if "ground_force_v" in label:
            forces.put(label, -forces.column(label))


def one_foot(forces: Storage) -> None:
    forces.drop(*(label for label in forces.labels if label.startswith("1_")))


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (half_of_the_motion, ["the forces cover 0 to 4.99 s, the motion 0 to 10 s", "over the same time"]),
        (force_not_measured, ["row 42", "column 'ground_force_vy'", "NaN", "fill the gap"]),
        (point_in_millimetres, ["row", "the centre of pressure", "are these millimetres?", "in metres"]),
        (upside_down, ["the vertical force is negative", "what the ground exerts on the foot"]),
        (one_foot, ["not those of the forces of two feet", "R_ground_force_vx"]),
    ],
)
def test_moments_of_forces_with_a_mistake(
    change: Callable[[Storage], None],
    parts: list[str],
    force_file: Path,
    inputs: Path,
    refused: Callable[..., str],
) -> None:
    forces = Storage(force_file)
    change(forces)
    path = forces.write(inputs / "changed_grf.mot")
    refused(
        *("moments", inputs / "walking.mot", "--model", inputs / "subject.osim", "--grf", path),
        parts=[path, *parts],
    )


# Several motions.


def test_one_bad_motion_among_several(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    bad = Storage(EXAMPLE / "walking.mot")
    not_measured(bad)
    bad.write(inputs / "bad.mot")
    shutil.copy(EXAMPLE / "walking.mot", inputs / "again.mot")
    motions = [str(inputs / name) for name in ("walking.mot", "bad.mot", "again.mot")]
    out = tmp_path / "results"
    arguments = ["forces", *motions, "--model", str(inputs / "subject.osim"), "--overground", "--out", str(out)]
    assert cli.run(arguments) == 2
    assert {path.name for path in out.iterdir()} == {f"{stem}{end}" for stem in ("walking", "again") for end in MADE}
    said = capsys.readouterr()
    (line,) = [line for line in said.out.splitlines() if "bad.mot" in line]
    assert "failed" in line
    assert "a gap of" in line
    assert f"{motions[1]}, row 500, column 'knee_angle_r'" in said.err
    assert said.err.count("Error") == 1


# As a program.


def program(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "gaitdynamics", *map(str, arguments)]


@pytest.mark.parametrize("mistake", ["motion", "choice"])
def test_program_leaves_with_2_and_one_message(mistake: str, inputs: Path, tmp_path: Path) -> None:
    motion = Storage(EXAMPLE / "walking.mot")
    cut_off(motion)
    path = motion.write(inputs / "changed.mot")
    more = ("--overground",) if mistake == "motion" else ("--overground", "--treadmill", "1")
    done = subprocess.run(
        program("forces", path, "--model", inputs / "subject.osim", "--out", tmp_path / "results", *more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error: " + (f"{path}, row 1001" if mistake == "motion" else "both --overground"))
    assert len(done.stderr.splitlines()) == 2
    assert done.stdout == ""
    assert not (tmp_path / "results").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_interrupted_program_leaves_whole_results_only(inputs: Path, tmp_path: Path) -> None:
    motions = [Path(shutil.copy(EXAMPLE / "walking.mot", inputs / f"walk{i}.mot")) for i in range(50)]
    out = tmp_path / "results"
    child = subprocess.Popen(
        program("forces", *motions, "--model", inputs / "subject.osim", "--overground", "--out", out),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background job is started with interrupts ignored, and hands that down to its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (out / "walk1_report.json").exists():
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    said, error = child.communicate()
    assert child.returncode == 130
    assert "Traceback" not in error
    assert "Interrupted" in error
    done = [f"walk{i}" for i in range(50) if (out / f"walk{i}_report.json").exists()]
    assert 2 <= len(done) < 50
    assert {path.name for path in out.iterdir()} == {f"{stem}{end}" for stem in done for end in MADE}
    # The interrupt may fall between the last file's move and the note of it: then that motion counts as not done.
    assert said.count("not done") - (50 - len(done)) in (0, 1)
