"""Files as they come, plain or compressed: read as a stream, and no more of them than is sane."""

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
LONGEST_ROW = 4_000_000  # characters of the lines of a row behind its first
LARGEST_DIRECTORY = 4_000_000  # bytes of a .zip's list of members: more than 40,000 of them
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for memory without end
BOMB, HARMLESS = 200, 20_000_000  # times that no catalogue shrinks; bytes that may be read anyway
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or what a .gz or .zip file holds, for reading bytes.

    Raises SourceError where it cannot be read, where it holds several files, and, while it is
    read, where it grows as only a bomb does.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_regular(path))
            start = file.read(4)
            file.seek(0)
            size = os.fstat(file.fileno()).st_size
            if start[:2] == b"\x1f\x8b":
                inner: IO[bytes] | None = cast(IO[bytes], gzip.GzipFile(fileobj=file))
            elif start == b"PK\x03\x04":
                inner, packed = _open_member(stack, file, path)
                size = min(size, packed)
            else:
                inner = None
            yield io.BufferedReader(_Bounded(inner, size, path)) if inner else file
        except BROKEN as error:
            raise SourceError(f"{path} is broken ({error}); fetch it again") from None
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None


class EndlessRowError(Exception):
    """A row that goes on over more lines than any does."""


class Lines:
    """Lines of a text, pulled one by one.

    encoding: None for UTF-8, or UTF-16 where the file says so. Raises SourceError for an encoding
    that there is not, or that does not fit from the start, and for a line that never ends.
    """

    def __init__(self, stream: BinaryIO, encoding: str | None, path: Path) -> None:
        self.encoding = encoding or marked(_start(stream), path)
        try:
            self._text = io.TextIOWrapper(stream, self.encoding, "surrogateescape", newline="")
        except LookupError:
            raise SourceError(f"no encoding is called {encoding!r}; try utf-8 or cp1252") from None
        self._path = path
        self.number = 0  # of the line pulled last
        self.pulled: list[str] = []  # lines of the row that is being read
        self.wrong = ""  # what is wrong with one of them
        self._again: list[str] = []  # lines to be pulled once more, the last first
        self.ended = False  # whether more were wanted than there are
        self.cut = ""  # why there are no more, where the file is broken
        self.longest_row = LONGEST_ROW  # characters behind its first line
        self._room = LONGEST_ROW  # characters that the row may still take

    def __iter__(self) -> Iterator[str]:
        """Pull lines, ends included; each is counted, looked at and remembered.

        Raises EndlessRowError where a row takes too many.
        """
        try:
            while line := self._again.pop() if self._again else self._text.readline(LONGEST_LINE):
                self.number += 1
                self.pulled.append(line)
                if not line.isascii():
                    self._look_at(line)
                if len(self.pulled) > 1:
                    self._room -= len(line)
                    if self._room < 0:
                        raise EndlessRowError
                if len(line) == LONGEST_LINE:
                    raise SourceError(
                        f"{self._path} line {self.number} has more than {LONGEST_LINE:,} "
                        "characters: that is no table"
                    )
                yield line
            self.ended = True
        except BROKEN as error:
            self.cut = f"the compressed file is cut short or damaged here ({error})"
        except UnicodeError as error:
            if not self.number:
                raise SourceError(
                    f"{self._path} is not {self.encoding} ({error}); pass its --encoding"
                ) from None
            self.cut = f"what follows is not {self.encoding}"

    def chunks(self, size: int) -> Iterator[str]:
        """Read the text in pieces of so many characters instead, where it has no lines."""
        try:
            while chunk := self._text.read(size):
                yield chunk.encode(errors="replace").decode()  # bytes of another encoding
        except BROKEN as error:
            self.cut = f"the compressed file is cut short or damaged here ({error})"
        except UnicodeError as error:
            raise SourceError(
                f"{self._path} is not {self.encoding} ({error}); pass its --encoding"
            ) from None

    def begin(self) -> None:
        """Begin a row."""
        self.pulled, self.wrong, self._room = [], "", self.longest_row

    def push_back(self, lines: Sequence[str]) -> None:
        """Let lines that were pulled be pulled once more."""
        self._again += reversed(lines)
        self.ended = False
        self.number -= len(lines)

    def _look_at(self, line: str) -> None:
        try:
            line.encode()
        except UnicodeEncodeError as error:
            byte = ord(line[error.start]) - 0xDC00
            what = f"byte 0x{byte:02x}" if byte >= 0 else "half of a character"
            self.wrong = f"{what} is not {self.encoding}; pass its --encoding, such as cp1252"


class _Bounded(io.RawIOBase):
    """Passes on what a compressed file holds, until that is more than any catalogue's."""

    def __init__(self, inner: IO[bytes], compressed: int, path: Path) -> None:
        self._inner, self._path = inner, path
        self._left = max(HARMLESS, BOMB * compressed)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read some bytes. Raises SourceError where they are too many."""
        data = self._inner.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(
                f"{self._path} grows more than {BOMB} times when it is unpacked, as no catalogue "
                "does; unpack it yourself if you trust it"
            )
        buffer[: len(data)] = data
        return len(data)


class _Archive:
    """The file of a .zip, of which no list of members without end is read."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read some bytes. Raises SourceError where they are too many."""
        if size > LARGEST_DIRECTORY:
            raise SourceError(f"{self._path} holds too many files and one is needed; unpack it")
        return self._file.read(size)


def _open_member(stack: ExitStack, file: BinaryIO, path: Path) -> tuple[IO[bytes], int]:
    """Open the one file that an archive holds; returns its compressed size too."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(cast(IO[bytes], _Archive(file, path))))
        members = [
            member
            for member in archive.infolist()
            if not member.filename.endswith("/")  # is_dir fails for a name that is empty
            and not os.path.basename(member.filename).startswith(".")
            and not member.filename.startswith("__MACOSX")
        ]
        if len(members) != 1:
            names = ", ".join(member.filename[:100] for member in members[:3]) or "none"
            raise SourceError(
                f"{path} holds {len(members):,} files ({names}) and one is needed; unpack it first"
            )
        if members[0].compress_type not in METHODS:
            raise SourceError(f"{path} cannot be unpacked (by its method); unpack it first")
        return stack.enter_context(archive.open(members[0])), members[0].compress_size
    except RuntimeError as error:  # a password, or a feature that zipfile has not
        raise SourceError(f"{path} cannot be unpacked ({error}); unpack it first") from None
    except (ValueError, OverflowError, struct.error) as error:  # names and sizes that cannot be
        raise SourceError(f"{path} is no sound .zip file ({error}); unpack it first") from None


def marked(start: bytes, path: Path | str) -> str:
    """Read the encoding from the byte order mark that a file starts with. Raises SourceError."""
    if start.startswith(UTF_32):
        raise SourceError(f"{path} is UTF-32, which is not read; save it as UTF-8")
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), "utf-8")


def _start(stream: BinaryIO) -> bytes:
    return stream.peek(4)[:4] if isinstance(stream, io.BufferedReader) else b""
