"""Arrays of numbers and text in an .npz file that may come from an enemy, within a budget of bytes.

What a file declares is checked before anything is allocated: the table of contents, each member's
compression, and the type and shape in each array's header, which have to account for every byte.
Nothing in it is unpickled.
"""

from __future__ import annotations

import io
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
MOST_DIMENSIONS = 16
MAGIC = b"\x93NUMPY\x01\x00"  # of the version that NumPy writes for plain types
HEADER = re.compile(  # booleans, integers, floats and text; no objects, records or raw bytes
    rb"\{'descr': '([<>|](?:b1|[iu][1248]|f[248]|U[1-9]\d{0,7}))', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,12}, )*\d{0,12},?)\), \} *\n"
)
RATIO = 1_100  # bytes that one of deflate's can stand for, and some more
CHUNK = 1 << 20  # bytes decompressed at once
DAMAGE = (  # what zipfile raises
    *(ValueError, KeyError, EOFError, OSError, OverflowError, RuntimeError, struct.error),
    *(zipfile.BadZipFile, zlib.error),
)


class Header(NamedTuple):
    """What an array's header declares."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool
    start: int  # bytes of the header itself

    @property
    def size(self) -> int:
        """Bytes of the numbers."""
        return self.dtype.itemsize * math.prod(self.shape)


class NpzArrays(Mapping[str, NDArray[Any]]):
    """The arrays of a file by name, each read when it is asked for; `headers` needs no reading.

    Raises ValueError, with a plain reason, for a file that is damaged, declares more than budget
    bytes in all, or holds anything but plain arrays; likewise when an array is read.
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
    """Read all arrays of an .npz file, [name]; budget: bytes that they may take, uncompressed.

    Raises ValueError, with a plain reason, as NpzArrays does.
    """
    return dict(NpzArrays(data, budget))


class _Bounded:
    """A file whose single reads are bounded while zipfile reads the table of contents."""

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
    """Check what the table of contents declares; return members by the names of their arrays."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ValueError(f"it has {len(members):,} members; {MOST_MEMBERS:,} are the most")
    names = [member.filename.removesuffix(".npy") for member in members]
    if len(set(names)) < len(names):
        raise ValueError("two of its members have the same name")
    for member in members:
        if not member.filename.endswith(".npy"):
            raise ValueError(f"{member.filename[:100]!r} in it is no array")
        if member.flag_bits & 0x1:
            raise ValueError("it is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("it is compressed by another method than deflate")
        if member.file_size > RATIO * (member.compress_size + 1):
            raise ValueError("it declares more bytes than it can hold")
    if (total := sum(member.file_size for member in members)) > budget:
        raise ValueError(f"it unpacks to {total:,} bytes; {budget:,} are the most")
    return dict(zip(names, members, strict=True))


def _header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
    with archive.open(member) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError(f"{member.filename} is no array of a plain type")
        length = int.from_bytes(file.read(2), "little")
        found = HEADER.fullmatch(file.read(length)) if length <= LARGEST_HEADER else None
    if not found:
        raise ValueError(f"{member.filename} is no array of plain numbers or text")
    shape = tuple(int(side) for side in found[3].split(b",") if side.strip())
    start = len(MAGIC) + 2 + length
    header = Header(np.dtype(found[1].decode()), shape, found[2] == b"True", start)
    if len(shape) > MOST_DIMENSIONS or header.start + header.size != member.file_size:
        raise ValueError(
            f"{member.filename} does not hold what its shape {shape} says in {member.file_size:,} "
            "bytes"
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
    if member.read(1):  # which compares the checksum, too
        raise ValueError("it holds more bytes than it declares")
    if header.dtype.kind == "b" and header.size and values.max() > 1:
        raise ValueError("a truth value is neither 0 nor 1")
    if header.dtype.kind == "U" and header.size and _letters(values, header).max() > sys.maxunicode:
        raise ValueError("its text is no Unicode")
    order: Any = "F" if header.fortran_order else "C"
    array = values.view(header.dtype).reshape(header.shape, order=order)
    return array.astype(header.dtype.newbyteorder("="), copy=False)  # as libraries expect it


def _letters(values: NDArray[np.uint8], header: Header) -> NDArray[np.uint32]:
    return values.view(np.dtype(np.uint32).newbyteorder(header.dtype.byteorder))


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
