"""Archives from anywhere: text and numbers are read, instructions are not followed."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.npz import read_npz
from gaitdynamics.files.numpy_pickles import read_pickled_array


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        np.array(["H01", "Hé2"]),
        np.array([b"slow", b"fast"]),
        np.array(["H01", "H2"], dtype=object),
        np.array([np.str_("H01"), "H2"], dtype=object),
        np.array([["a", "b"], ["c", "d"]], dtype=object, order="F"),
        np.zeros((0, 3)),
    ],
    ids=lambda array: f"{array.dtype}-{array.shape}",
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_numbers_and_text_come_back(array, save, tmp_path):
    save(tmp_path / "a.npz", value=array, other=np.zeros(2))
    back = read_npz(tmp_path / "a.npz", ["value"])["value"]
    np.testing.assert_array_equal(back, array.astype(np.str_) if array.dtype == object else array)
    assert back.dtype != object


@pytest.mark.parametrize("protocol", range(2, 5))
def test_pickles_of_every_age_are_read(protocol):
    array = np.array(["slow", "fast"], dtype=object)
    assert list(read_pickled_array(pickle.dumps(array, protocol=protocol))) == ["slow", "fast"]
    old = pickle.dumps(array, protocol=protocol).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    if protocol < 4:  # with no lengths of names in them
        assert list(read_pickled_array(old)) == ["slow", "fast"]


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def test_a_pickle_that_calls_something_is_refused_and_not_run(tmp_path):
    mark = tmp_path / "was_run"
    np.savez(tmp_path / "a.npz", value=np.array([Bomb(mark)], dtype=object))
    with pytest.raises(FileFormatError, match=r"wants to call .*touch.*nothing of it was run"):
        read_npz(tmp_path / "a.npz", ["value"])
    assert not mark.exists()
    np.load(tmp_path / "a.npz", allow_pickle=True)["value"]
    assert mark.exists(), "the file would have been harmless anyway"


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps([1, 2]),
        pickle.dumps(np.array([1, "a"], dtype=object)),
        pickle.dumps(np.array(["a"], dtype=object))[:-10],
        b"cnumpy.core.multiarray\n_reconstruct\n(tR.",
        b"cnumpy\ndtype\n(S'f8'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"",
    ],
)
def test_other_pickles_are_refused(data):
    with pytest.raises(ValueError):
        read_pickled_array(data)


def test_a_shape_that_is_too_large_is_refused():
    array = pickle.dumps(np.zeros(4))
    assert read_pickled_array(array).shape == (4,)
    with pytest.raises(ValueError, match="something else"):
        read_pickled_array(array.replace(b"K\x04\x85", b"K\x05\x85"))


def npy(header: bytes, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}"), "more numbers"),
        (npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': __import__('os')}"), "no readable header"),
        (npy(b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", bytes(8)), "neither numbers nor"),
        (npy(b"{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,)}", bytes(8)), "objects of a kind"),
        (npy(b"{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", pickle.dumps(np.array(["a"], "O"))), "shape"),
        (b"nonsense", "no readable header"),
    ],
)
def test_misleading_members_are_refused(content, said, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("value.npy", content)
    with pytest.raises(FileFormatError, match=said):
        read_npz(tmp_path / "a.npz", ["value"])


def test_what_is_missing_and_what_is_no_archive_is_told(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.zeros(2))
    with pytest.raises(FileFormatError, match="no array Y; it holds X"):
        read_npz(tmp_path / "a.npz", ["X", "Y"])
    with pytest.raises(FileFormatError, match="no such file"):
        read_npz(tmp_path / "b.npz", ["X"])
    buffer = io.BytesIO()
    np.savez(buffer, X=np.random.default_rng(0).normal(size=5000))
    (tmp_path / "c.npz").write_bytes(buffer.getvalue()[:-200])
    with pytest.raises(FileFormatError, match="damaged"):
        read_npz(tmp_path / "c.npz", ["X"])
