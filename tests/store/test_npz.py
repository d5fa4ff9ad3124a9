"""Arrays from .npz files that may come from an attacker."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from product_classifier.store.npz import NpzArrays, read_arrays

BUDGET = 1_000_000
ARRAYS: dict[str, NDArray[Any]] = {
    "kernel": np.arange(24, dtype="<f4").reshape(2, 3, 4),
    "layers/0": np.asfortranarray(np.arange(6, dtype=">i8").reshape(2, 3)),
    "head": np.array('{"format": 1, "café": "☕"}'),
    "labels": np.array(["dress", "boots"]),
    "yes": np.array([True, False]),
    "scalar": np.array(2.5, np.float16),
    "empty": np.zeros((0, 7), np.uint8),
    "pixels": np.full((9, 9), 200, np.uint8),
}


def npz(compressed: bool = False, **arrays: Any) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


def npy(descr: str, shape: str, values: bytes = b"") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + values


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_are_read_as_by_numpy(compressed: bool) -> None:
    data = npz(compressed, **ARRAYS)
    arrays = read_arrays(data, BUDGET)
    with np.load(io.BytesIO(data), allow_pickle=False) as wanted:
        assert list(arrays) == wanted.files
        for name, array in arrays.items():
            assert array.dtype == wanted[name].dtype.newbyteorder("=")
            np.testing.assert_array_equal(array, wanted[name])
            assert array.flags.writeable


def test_numbers_of_any_byte_order_are_read_in_that_of_the_machine() -> None:
    found = read_arrays(npz(a=np.arange(3, dtype=">f4"), b=np.arange(3, dtype="<f4")), BUDGET)
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    assert found["a"].tolist() == [0, 1, 2]


def test_headers_are_known_before_any_array_is_read() -> None:
    headers = NpzArrays(npz(False, **ARRAYS), BUDGET).headers
    assert {name: (h.dtype, h.shape) for name, h in headers.items()} == {
        name: (array.dtype, array.shape) for name, array in ARRAYS.items()
    }


def test_a_file_that_unpacks_beyond_the_budget_is_rejected_before_it_is_read() -> None:
    data = npz(compressed=True, zeros=np.zeros(10_000_000, np.uint8))
    assert len(data) < 20_000
    tracemalloc.start()
    with pytest.raises(ValueError, match="unpacks to 10,000,128 bytes"):
        read_arrays(data, BUDGET)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (
            npy("'|O'", "(1,)", b"cos\nsystem\n(S'touch /tmp/x'\ntR."),
            "not an array of plain numbers",
        ),
        (npy("[('a', '<f4')]", "(1,)", b"abcd"), "not an array of plain numbers"),
        (npy("'<f4'", "(100000000000,)"), "which do not match its shape"),
        (npy("'<f4'", "(2,)", b"abcd"), "which do not match its shape"),
        (npy("'<f4'", "(1,)", b"abcdabcd"), "which do not match its shape"),
        (npy("'<f4'", "(-1,)"), "not an array of plain numbers"),
        (npy("'<f4'", "(0, " + "999999999999, " * 40 + ")"), "which do not match its shape"),
        (npy("'<U99999999'", "(0,)") + b"x", "which do not match its shape"),
        (npy("'<U0'", "(1,)"), "not an array of plain numbers"),
        (npy("'<f4'", "(" * 300 + ")" * 300), "not an array of plain numbers"),
        (npy("'<f4'", "(1,)" + " " * 2000, b"abcd"), "not an array of plain numbers"),
        (npy("'<U1'", "(1,)", b"\xff\xff\xff\xff"), "not Unicode"),
        (npy("'|b1'", "(1,)", b"\x07"), "neither 0 nor 1"),
        (b"\x93NUMPY\x02\x00", "not an array of a plain type"),
        (b"", "not an array of a plain type"),
    ],
)
def test_a_member_that_is_not_a_plain_array_is_rejected(member: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_arrays(zipped(numbers=member), BUDGET)


def test_members_other_than_arrays_are_rejected() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("code.py", "print()")
    with pytest.raises(ValueError, match=r"code\.py' is not an array"):
        read_arrays(file.getvalue(), BUDGET)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_the_same_name_are_rejected() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for _ in range(2):
            archive.writestr("a.npy", npy("'<f4'", "(1,)", b"abcd"))
    with pytest.raises(ValueError, match="the same name"):
        read_arrays(file.getvalue(), BUDGET)


def test_a_large_table_of_contents_is_rejected_before_it_is_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(1000):
            archive.writestr(f"{number:05}{'x' * 5000}.npy", b"")
    with pytest.raises(ValueError, match="table of contents is too large"):
        read_arrays(file.getvalue(), BUDGET)


def test_too_many_members_are_rejected() -> None:
    with pytest.raises(ValueError, match="20,001 members"):
        read_arrays(zipped(**{f"x{k}": b"" for k in range(20_001)}), BUDGET)


def test_compression_other_than_deflate_is_rejected() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.npy", npy("'<f4'", "(1,)", b"abcd"))
    with pytest.raises(ValueError, match="compression is not deflate"):
        read_arrays(file.getvalue(), BUDGET)


def test_a_changed_number_fails_the_checksum() -> None:
    data = bytearray(npz(kernel=np.ones(100, np.float32)))
    data[data.index(np.ones(5, np.float32).tobytes()) + 8] ^= 1
    with pytest.raises(ValueError, match="Bad CRC-32"):
        read_arrays(bytes(data), BUDGET)


def test_a_file_that_is_not_a_zip_file_is_rejected() -> None:
    for data in (b"", b"PK\x05\x06", b"x" * 70_000):
        with pytest.raises(ValueError, match=r"."):
            read_arrays(data, BUDGET)
