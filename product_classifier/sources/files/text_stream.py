"""Plain and compressed files as streams of bytes or lines of text, within limits on their size."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from product_classifier.errors import SourceError
from product_classifier.regular import open_regular

LONGEST_LINE = 8_000_000  # characters
LONGEST_ROW = 4_000_000  # characters of a row's lines after its first
LARGEST_DIRECTORY = 4_000_000  # bytes of a .zip's list of members, enough for 40,000 members
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may need unlimited memory
MOST_EXPANSION = 200  # unpacked bytes for each compressed byte; no catalogue has more
ALWAYS_ALLOWED = 20_000_000  # unpacked bytes, whatever the expansion
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or the single file inside a .gz or .zip file, for reading bytes.

    Raises SourceError if the file cannot be read or an archive contains several files, and, while
    the file is read, if it expands more than MOST_EXPANSION times.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_regular(path))
            start = file.read(4)
            file.seek(0)
            size = os.fstat(file.fileno()).st_size
            if start[:2] == b"\x1f\x8b":
                unpacked: IO[bytes] | None = cast(IO[bytes], gzip.GzipFile(fileobj=file))
            elif start == b"PK\x03\x04":
                unpacked, compressed = _open_member(stack, file, path)
                size = min(size, compressed)
            else:
                unpacked = None
            yield io.BufferedReader(_BoundedStream(unpacked, size, path)) if unpacked else file
        except DAMAGED as error:
            raise SourceError(f"{path} is damaged ({error}); fetch it again") from None
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None


class EndlessRowError(Exception):
    """A row that takes more lines than LONGEST_ROW allows."""


class TextLines:
    """An iterator over the lines of a text, which can take lines back and remembers the row's.

    encoding: None for the encoding of the byte order mark, UTF-8 without one. Raises SourceError
    if the encoding is unknown or does not fit the first line, and for lines beyond LONGEST_LINE.
    """

    def __init__(self, stream: BinaryIO, encoding: str | None, path: Path) -> None:
        self.encoding = encoding or encoding_of(_start(stream), path)
        try:
            self._text = io.TextIOWrapper(stream, self.encoding, "surrogateescape", newline="")
        except LookupError:
            raise SourceError(f"unknown encoding {encoding!r}; try utf-8 or cp1252") from None
        self._path = path
        self.number = 0  # of the line read last
        self.row_lines: list[str] = []  # lines of the current row
        self.problem = ""  # of a line of the current row
        self._pushed_back: list[str] = []  # lines to be read again, in reverse order
        self.ended = False  # whether a line was requested after the last one
        self.truncated = ""  # the reason if a damaged file ends early
        self.longest_row = LONGEST_ROW  # characters after its first line
        self._left_for_row = LONGEST_ROW  # characters that the current row may still take

    def __iter__(self) -> Iterator[str]:
        """Yield lines with their ends, and update the attributes above.

        Raises EndlessRowError if the current row takes more than `longest_row` characters.
        """
        try:
            while line := (
                self._pushed_back.pop() if self._pushed_back else self._text.readline(LONGEST_LINE)
            ):
                self.number += 1
                self.row_lines.append(line)
                if not line.isascii():
                    self._check_encoding(line)
                if len(self.row_lines) > 1:
                    self._left_for_row -= len(line)
                    if self._left_for_row < 0:
                        raise EndlessRowError
                if len(line) == LONGEST_LINE:
                    raise SourceError(
                        f"{self._path} line {self.number} has more than {LONGEST_LINE:,} "
                        "characters, so it is not a table; pass --format if it is something else"
                    )
                yield line
            self.ended = True
        except DAMAGED as error:
            self.truncated = f"the compressed file is cut short or damaged here ({error})"
        except UnicodeError as error:
            if not self.number:
                raise SourceError(
                    f"{self._path} is not {self.encoding} ({error}); pass its --encoding"
                ) from None
            self.truncated = f"the rest of the file is not {self.encoding}"

    def chunks(self, size: int) -> Iterator[str]:
        """Yield the text in pieces of `size` characters, for formats that have no lines."""
        try:
            while chunk := self._text.read(size):
                yield chunk.encode(errors="replace").decode()  # replaces bytes that do not fit
        except DAMAGED as error:
            self.truncated = f"the compressed file is cut short or damaged here ({error})"
        except UnicodeError as error:
            raise SourceError(
                f"{self._path} is not {self.encoding} ({error}); pass its --encoding"
            ) from None

    def start_row(self) -> None:
        """Forget the lines and the problem of the row before."""
        self.row_lines, self.problem, self._left_for_row = [], "", self.longest_row

    def push_back(self, lines: Sequence[str]) -> None:
        """Take back the lines that were read last, to read them again."""
        self._pushed_back += reversed(lines)
        self.ended = False
        self.number -= len(lines)

    def _check_encoding(self, line: str) -> None:
        try:
            line.encode()
        except UnicodeEncodeError as error:
            byte = ord(line[error.start]) - 0xDC00
            wrong = f"byte 0x{byte:02x}" if byte >= 0 else "half of a character"
            self.problem = f"{wrong} is not {self.encoding}; pass its --encoding, such as cp1252"


class _BoundedStream(io.RawIOBase):
    """An unpacked stream that ends with an error after MOST_EXPANSION times its compressed size."""

    def __init__(self, unpacked: IO[bytes], compressed_size: int, path: Path) -> None:
        self._unpacked, self._path = unpacked, path
        self._left = max(ALWAYS_ALLOWED, MOST_EXPANSION * compressed_size)  # bytes

    def readable(self) -> bool:
        """Return True, as io.BufferedReader requires."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read bytes into a buffer. Raises SourceError beyond the limit."""
        data = self._unpacked.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(
                f"{self._path} grows more than {MOST_EXPANSION} times when it is unpacked, as no "
                "catalogue does; unpack it yourself if you trust it"
            )
        buffer[: len(data)] = data
        return len(data)


class _BoundedArchive:
    """A .zip file whose list of members is not read beyond LARGEST_DIRECTORY bytes."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes. Raises SourceError for more than LARGEST_DIRECTORY."""
        if size > LARGEST_DIRECTORY:
            raise SourceError(f"{self._path} contains too many files, and one is needed; unpack it")
        return self._file.read(size)


def _open_member(stack: ExitStack, file: BinaryIO, path: Path) -> tuple[IO[bytes], int]:
    """Open the single file in an archive. Return its stream and its compressed size in bytes."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(cast(IO[bytes], _BoundedArchive(file, path))))
        members = [
            member
            for member in archive.infolist()
            if not member.filename.endswith("/")  # ZipInfo.is_dir fails for an empty name
            and not os.path.basename(member.filename).startswith(".")
            and not member.filename.startswith("__MACOSX")
        ]
        if len(members) != 1:
            names = ", ".join(member.filename[:100] for member in members[:3]) or "none"
            raise SourceError(
                f"{path} contains {len(members):,} files ({names}), and one is needed; "
                "unpack it first"
            )
        if members[0].compress_type not in METHODS:
            raise SourceError(
                f"{path} cannot be unpacked (unsupported compression method); unpack it first"
            )
        return stack.enter_context(archive.open(members[0])), members[0].compress_size
    except RuntimeError as error:  # a password, or a feature that zipfile does not support
        raise SourceError(f"{path} cannot be unpacked ({error}); unpack it first") from None
    except (ValueError, OverflowError, struct.error) as error:  # impossible names and sizes
        raise SourceError(f"{path} is not a valid .zip file ({error}); unpack it first") from None


def encoding_of(start: bytes, path: Path | str) -> str:
    """Return the encoding of a file's byte order mark, UTF-8 without one.

    Raises SourceError for UTF-32.
    """
    if start.startswith(UTF_32):
        raise SourceError(f"{path} is UTF-32, which is not supported; save it as UTF-8")
    return next(
        (encoding for mark, encoding in BYTE_ORDER_MARKS if start.startswith(mark)), "utf-8"
    )


def _start(stream: BinaryIO) -> bytes:
    return stream.peek(4)[:4] if isinstance(stream, io.BufferedReader) else b""
