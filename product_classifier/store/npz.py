"""Files of arrays (.npz), with a header of JSON if needed, read safely within a budget of bytes.

A file may come from an attacker. Its declarations are checked before memory is allocated: the table
of contents, each member's compression, and the type and shape in each array's header, which have to
account for every byte. Nothing is unpickled.
"""

from __future__ import annotations

import io
import json
import math
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_MEMBERS = 20_000
LARGEST_CONTENTS = 4_000_000  # bytes of the table of contents
LARGEST_HEADER = 1_000  # bytes of an array's header; plain types need about a hundred
JSON_HEADER = "head"  # member with the header of a file: JSON as text
LARGEST_JSON_HEADER = 1_000_000  # bytes
MOST_DIMENSIONS = 16
MAGIC = b"\x93NUMPY\x01\x00"  # of the version that NumPy writes for plain types
HEADER = re.compile(  # booleans, integers, floats and text; no objects, records or raw bytes
    rb"\{'descr': '([<>|](?:b1|[iu][1248]|f[248]|U[1-9]\d{0,7}))', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,12}, )*\d{0,12},?)\), \} *\n"
)
RATIO = 1_100  # unpacked bytes per byte of deflate: at most 1,032
CHUNK = 1 << 20  # bytes decompressed at once
DAMAGE = (  # exceptions of zipfile
    *(ValueError, KeyError, EOFError, OSError, OverflowError, RuntimeError, struct.error),
    *(zipfile.BadZipFile, zlib.error),
)


class Header(NamedTuple):
    """The declarations in an array's header."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool
    start: int  # bytes of the header itself

    @property
    def size(self) -> int:
        """The number of bytes of the array's values."""
        return self.dtype.itemsize * math.prod(self.shape)


class NpzArrays(Mapping[str, NDArray[Any]]):
    """The arrays of a file by name, each read on access; `headers` are known without reading.

    Raises ValueError with a short reason if the file is damaged, declares more than budget bytes in
    all, or holds anything but plain arrays; likewise when an array is read.
    """

    def __init__(self, data: bytes | BinaryIO, budget: int) -> None:
        file = _Bounded(io.BytesIO(data) if isinstance(data, bytes) else data)
        try:
            self._archive = zipfile.ZipFile(file)
            file.most = None
            self._members = _members(self._archive, budget)
            self.headers: Mapping[str, Header] = {
                name: _header(self._archive, member) for name, member in self._members.items()
            }
        except DAMAGE as error:
            raise ValueError(_reason(error)) from None

    def __getitem__(self, name: str) -> NDArray[Any]:
        header = self.headers[name]
        try:
            with self._archive.open(self._members[name]) as member:
                member.read(header.start)
                return _array(member, header)
        except DAMAGE as error:
            raise ValueError(f"{name}: {_reason(error)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.headers)

    def __len__(self) -> int:
        return len(self.headers)


def read_arrays(data: bytes | BinaryIO, budget: int) -> dict[str, NDArray[Any]]:
    """Return all arrays of an .npz file by name; budget: the most bytes of memory they may take.

    Raises ValueError with a short reason, as NpzArrays does.
    """
    return dict(NpzArrays(data, budget))


def npz_bytes(
    arrays: Mapping[str, NDArray[Any]],
    header: Mapping[str, Any] | None = None,
    compressed: bool = False,
) -> bytes:
    """Return an .npz file with the arrays, and with a header as JSON if there is one."""
    archive = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    members = {} if header is None else {JSON_HEADER: np.array(json.dumps(header))}
    save(archive, allow_pickle=False, **{**arrays, **members})
    return archive.getvalue()


def json_header(arrays: NpzArrays) -> dict[str, Any]:
    """Return the header of a file.

    Raises KeyError if the file has no header, and ValueError or RecursionError if the header is too
    large, damaged, or not a JSON object.
    """
    if arrays.headers[JSON_HEADER].size > LARGEST_JSON_HEADER:
        raise ValueError(f"its header is longer than {LARGEST_JSON_HEADER:,} bytes")
    header = json.loads(str(arrays[JSON_HEADER]))
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")
    return header


class _Bounded:
    """A file that bounds each read while zipfile reads the table of contents."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.most: int | None = LARGEST_CONTENTS
        self.seek, self.tell = file.seek, file.tell
        self.seekable = file.seekable

    def read(self, count: int = -1) -> bytes:
        if self.most is None:
            return self._file.read(count)
        data = self._file.read(self.most + 1 if count < 0 else min(count, self.most + 1))
        if len(data) > self.most:
            raise ValueError("its table of contents is too large")
        return data


def _members(archive: zipfile.ZipFile, budget: int) -> dict[str, zipfile.ZipInfo]:
    """Check the table of contents, and return the members by the names of their arrays."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ValueError(f"it has {len(members):,} members; at most {MOST_MEMBERS:,} are allowed")
    names = [member.filename.removesuffix(".npy") for member in members]
    if len(set(names)) < len(names):
        raise ValueError("two of its members have the same name")
    for member in members:
        if not member.filename.endswith(".npy"):
            raise ValueError(f"its member {member.filename[:100]!r} is not an array")
        if member.flag_bits & 0x1:
            raise ValueError("it is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("its compression is not deflate")
        if member.file_size > RATIO * (member.compress_size + 1):
            raise ValueError("it declares more bytes than it can hold")
    if (total := sum(member.file_size for member in members)) > budget:
        raise ValueError(f"it unpacks to {total:,} bytes; at most {budget:,} are allowed")
    return dict(zip(names, members, strict=True))


def _header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
    with archive.open(member) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError(f"{member.filename} is not an array of a plain type")
        length = int.from_bytes(file.read(2), "little")
        match = HEADER.fullmatch(file.read(length)) if length <= LARGEST_HEADER else None
    if not match:
        raise ValueError(f"{member.filename} is not an array of plain numbers or text")
    shape = tuple(int(side) for side in match[3].split(b",") if side.strip())
    start = len(MAGIC) + 2 + length
    header = Header(np.dtype(match[1].decode()), shape, match[2] == b"True", start)
    if len(shape) > MOST_DIMENSIONS or header.start + header.size != member.file_size:
        raise ValueError(
            f"{member.filename} has {member.file_size:,} bytes, which do not match its shape "
            f"{shape}"
        )
    return header


def _array(member: Any, header: Header) -> NDArray[Any]:
    values = np.empty(header.size, np.uint8)
    rest = memoryview(values)  # type: ignore[arg-type]
    while rest:
        count = member.readinto(rest[:CHUNK])
        if not count:
            raise EOFError("its bytes end early")
        rest = rest[count:]
    if member.read(1):  # reading to the end checks the CRC, too
        raise ValueError("it holds more bytes than it declares")
    if header.dtype.kind == "b" and header.size and values.max() > 1:
        raise ValueError("a truth value is neither 0 nor 1")
    if header.dtype.kind == "U" and header.size and _letters(values, header).max() > sys.maxunicode:
        raise ValueError("its text is not Unicode")
    order: Any = "F" if header.fortran_order else "C"
    array = values.view(header.dtype).reshape(header.shape, order=order)
    return array.astype(
        header.dtype.newbyteorder("="), copy=False
    )  # native byte order, as libraries expect


def _letters(values: NDArray[np.uint8], header: Header) -> NDArray[np.uint32]:
    return values.view(np.dtype(np.uint32).newbyteorder(header.dtype.byteorder))


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
