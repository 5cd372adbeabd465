"""Tables in text files: what is written reads back, what labs and editors do to files is read or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.storage import read_storage, write_storage

HEAD = "Coordinates\nversion=1\nnRows=3\nnColumns=3\ninDegrees=yes\nendheader\n"
ROWS = "time\tpelvis_ty\tknee_angle_r\n0\t0.9\t5\n0.01\t0.91\t6\n0.02\t0.92\t-7e-1\n"
EXPECTED = [[0, 0.9, 5], [0.01, 0.91, 6], [0.02, 0.92, -0.7]]


@pytest.fixture
def table_file(tmp_path: Path) -> Path:
    path = tmp_path / "walk.mot"
    path.write_text(HEAD + ROWS)
    return path


def rewrite(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_plain_file(table_file: Path) -> None:
    table = read_storage(table_file)
    assert table.name == "Coordinates"
    assert table.labels == ("time", "pelvis_ty", "knee_angle_r")
    assert table.in_degrees is True
    assert table.warnings == ()
    np.testing.assert_array_equal(table.data, EXPECTED)
    np.testing.assert_array_equal(table.column("knee_angle_r"), [5, 6, -0.7])
    with pytest.raises(KeyError):
        table.column("hip_flexion_r")


@pytest.mark.parametrize(
    ("head", "in_degrees"),
    [
        ("name walk.mot\ndatacolumns 3\ndatarows 3\notherdata 1\nrange 0 0.02\nendheader\n", None),
        ("version=1\nnRows = 3\nnColumns = 3\ninDegrees = no\nendheader\n", False),
        ("\n\nCoordinates\n\nversion=1\n\nnRows=3\nnColumns=3\ninDegrees=YES\n\nEndHeader\n\n \t \n", True),
        (
            "inverse kinematics\nversion=3\nOpenSimVersion=4.5\nDataType=double\nUnits are S.I. units\n"
            "If the header above contains a line with 'inDegrees', it tells degrees (yes), radians (no).\n"
            "inDegrees=no\nendheader\n",
            False,
        ),
        ("endheader\n", None),
    ],
    ids=["old-dialect", "spaces-around-equals", "blank-lines", "comments", "empty-header"],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", ["\t", "  ", " \t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order-mark"])
def test_header_dialects_and_separators(
    tmp_path: Path, head: str, in_degrees: bool | None, line_end: str, separator: str, start: bytes
) -> None:
    path = tmp_path / "walk.sto"
    text = head + ROWS.replace("\t", separator)
    path.write_bytes(start + text.replace("\n", line_end).encode())
    table = read_storage(path)
    np.testing.assert_array_equal(table.data, EXPECTED)
    assert table.in_degrees is in_degrees
    assert table.warnings == ()


def test_old_dialect_has_its_name(table_file: Path) -> None:
    rewrite(table_file, HEAD, "name walk one\ndatacolumns 3\ndatarows 3\nendheader\n")
    assert read_storage(table_file).name == "walk one"


def test_trailing_separators_and_time_elsewhere(table_file: Path) -> None:
    rewrite(table_file, ROWS, "knee_angle_r\tTime\t\n5\t0\t\n6\t0.01\t\n")
    table = read_storage(table_file)
    assert table.labels == ("time", "knee_angle_r")
    np.testing.assert_array_equal(table.data, [[0, 5], [0.01, 6]])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nRows=3", "nRows=30", "says 30 rows, the file has 3"),
        ("nColumns=3", "nColumns=9", "says 9 columns, the file has 3"),
        ("nRows=3", "nRows=many", "not a number"),
        ("inDegrees=yes", "inDegrees=perhaps", "neither yes nor no"),
    ],
)
def test_wrong_counts_are_a_warning(table_file: Path, old: str, new: str, said: str) -> None:
    table = read_storage(rewrite(table_file, old, new))
    assert said in " ".join(table.warnings)
    np.testing.assert_array_equal(table.data, EXPECTED)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"wakl\.mot: no such file"):
        read_storage(tmp_path / "wakl.mot")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="is a folder"):
        read_storage(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x02\x50\x00\x01c3d", "binary"),
        (b'<?xml version="1.0"?><OpenSimDocument><Model/></OpenSimDocument>', "it is XML"),
        (b"PathFileType\t4\t(X/Y/Z)\twalk.trc\n", "markers"),
        (b"time\tknee_angle_r\n0\t1\n1\t2\n", "no line 'endheader'"),
        (b"", "no line 'endheader'"),
        (b"endheader\n", "0 row"),
        (b"endheader\ntime\tknee_angle_r\n0\t1\n", "1 row"),
        (b"inDegrees=yes\ninDegrees=no\nendheader\ntime\tx\n0\t1\n1\t1\n", "different answers"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "walk.mot"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=said) as caught:
        read_storage(path)
    assert caught.value.file == path


@pytest.mark.parametrize(
    ("old", "new", "row", "column", "said"),
    [
        ("0.02\t0.92\t-7e-1", "0.02\t0.9", 3, None, "2 values where there are 3 labels"),
        ("0.02\t0.92\t-7e-1", "0.02\t0.92\t1\t2", 3, None, "4 values where there are 3 labels"),
        ("0.01\t0.91\t6", "0.01\t\t6", 2, "pelvis_ty", "empty"),
        ("0.01\t0.91\t6", "0.01\tNaN\t6", 2, "pelvis_ty", "NaN"),
        ("0.01\t0.91\t6", "0.01\tnan\t6", 2, "pelvis_ty", "NaN"),
        ("0.01\t0.91\t6", "0.01\t-inf\t6", 2, "pelvis_ty", "infinite"),
        ("0.01\t0.91\t6", "0.01\tn/a\t6", 2, "pelvis_ty", "'n/a' is not a number"),
        ("0.02\t0.92\t-7e-1", "0.02\t0,92\t6", 3, "pelvis_ty", "comma"),
        ("knee_angle_r", "pelvis_ty", None, "pelvis_ty", "more than once"),
        ("time", "frame", None, None, "no column 'time'"),
        ("0.01\t", "0.00\t", 2, "time", "repeats"),
        ("0.02\t", "0.005\t", 3, "time", "earlier"),
        ("0.02\t", "0.03\t", 3, "time", "step"),
    ],
)
def test_bad_cells_are_located(
    table_file: Path, old: str, new: str, row: int | None, column: str | None, said: str
) -> None:
    with pytest.raises(FileFormatError, match=said) as caught:
        read_storage(rewrite(table_file, old, new))
    assert (caught.value.row, caught.value.column) == (row, column)
    assert caught.value.remedy


def test_uneven_time_may_be_allowed(table_file: Path) -> None:
    table = read_storage(rewrite(table_file, "0.02\t", "0.03\t"), uniform=False)
    np.testing.assert_array_equal(table.time, [0, 0.01, 0.03])


@given(
    rate=st.sampled_from([30.0, 59.94, 60.0, 100.0, 119.88, 120.0, 240.0]),
    decimals=st.integers(3, 9),
    start=st.floats(0, 5000),
    frames=st.integers(2, 400),
    data=st.data(),
)
def test_printed_times_pass_and_a_missing_frame_does_not(
    tmp_path_factory: pytest.TempPathFactory,
    rate: float,
    decimals: int,
    start: float,
    frames: int,
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("time") / "t.mot"

    def write(times: np.ndarray) -> None:
        body = "\n".join(f"{t:.{decimals}f}\t1" for t in times)
        path.write_text(f"endheader\ntime\tx\n{body}\n")

    times = start + np.arange(frames) / rate
    write(times)
    assert len(read_storage(path).time) == frames
    if frames >= 5:
        gone = data.draw(st.integers(1, frames - 2))
        write(np.delete(times, gone))
        with pytest.raises(FileFormatError, match="time step") as caught:
            read_storage(path)
        assert caught.value.row == gone + 1


labels = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and text.split() == [text] and text.lower() != "time"
)
names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=20)


@given(data=st.data(), in_degrees=st.booleans(), name=names)
def test_round_trip_is_exact(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, in_degrees: bool, name: str
) -> None:
    heads = data.draw(st.lists(labels, min_size=1, max_size=6, unique=True))
    numbers = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
    values = data.draw(arrays(np.float64, (5, len(heads)), elements=numbers))
    table = np.column_stack([np.arange(5) / 7.0, values])
    path = tmp_path_factory.mktemp("round") / "x.sto"
    write_storage(path, ["time", *heads], table, name=f"walk {name}", in_degrees=in_degrees)
    found = read_storage(path)
    assert found.labels == ("time", *heads)
    assert found.name == " ".join(["walk", *name.split()])
    assert found.in_degrees is in_degrees
    assert found.warnings == ()
    np.testing.assert_array_equal(found.data, table)


def test_writing_refuses_what_could_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.mot"
    path.write_text("precious")
    good = np.array([[0.0, 1.0], [1.0, 2.0]])
    for heads, values, name in (
        (["time", "x"], np.array([[0.0, np.nan], [1.0, 2.0]]), "t"),
        (["time", "x"], np.array([[0.0, np.inf], [1.0, 2.0]]), "t"),
        (["time", "time"], good, "t"),
        (["x", "time"], good, "t"),
        (["time", "a b"], good, "t"),
        (["time", ""], good, "t"),
        (["time", "x"], good[:1], "t"),
        (["time", "x"], good, "version=1"),
        (["time", "x"], good, "endheader"),
        (["time", "x"], good, "\0"),
    ):
        with pytest.raises(ValueError):
            write_storage(path, heads, values, name=name, in_degrees=True)
    assert path.read_text() == "precious"
    assert [p.name for p in tmp_path.iterdir()] == ["x.mot"]


def test_header_is_what_opensim_expects(tmp_path: Path) -> None:
    path = tmp_path / "x.mot"
    write_storage(path, ["time", "knee_angle_r"], [[0, 1.5], [0.5, 2]], name="Coordinates", in_degrees=True)
    assert path.read_bytes() == (
        b"Coordinates\nversion=1\nnRows=2\nnColumns=2\ninDegrees=yes\nendheader\n"
        b"time\tknee_angle_r\n0.0\t1.5\n0.5\t2.0\n"
    )
