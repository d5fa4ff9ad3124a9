"""Files as they come, plain or compressed: read as a stream, and no more of them than is sane."""

from __future__ import annotations

import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from product_classifier.errors import SourceError

LONGEST_LINE = 16_000_000  # characters
BOMB, HARMLESS = 200, 100_000_000  # times that no catalogue shrinks; bytes that may be read anyway
BROKEN = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile)
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or what a .gz or .zip file holds, for reading bytes.

    Raises SourceError where it cannot be read, where it holds several files, and, while it is
    read, where it grows as only a bomb does.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            start = file.read(4)
            file.seek(0)
            if start[:2] == b"\x1f\x8b":
                inner: IO[bytes] | None = cast(IO[bytes], gzip.GzipFile(fileobj=file))
                size = path.stat().st_size
            elif start == b"PK\x03\x04":
                archive = stack.enter_context(zipfile.ZipFile(file))
                member = _only_member(archive, path)
                inner = stack.enter_context(_open_member(archive, member, path))
                size = member.compress_size
            else:
                inner, size = None, 0
            yield io.BufferedReader(_Bounded(inner, size, path)) if inner else file
        except BROKEN as error:
            raise SourceError(f"{path} is broken ({error}); fetch it again") from None
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None


class Lines:
    """Lines of a text, pulled one by one.

    encoding: None for UTF-8, or UTF-16 where the file says so. Raises SourceError for an encoding
    that there is not, or that does not fit from the start, and for a line that never ends.
    """

    def __init__(self, stream: BinaryIO, encoding: str | None, path: Path) -> None:
        self.encoding = encoding or _marked(stream)
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

    def __iter__(self) -> Iterator[str]:
        """Pull lines, ends included; each is counted, looked at and remembered."""
        try:
            while line := self._again.pop() if self._again else self._text.readline(LONGEST_LINE):
                self.number += 1
                self.pulled.append(line)
                if not line.isascii():
                    self._look_at(line)
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
        self.pulled, self.wrong = [], ""

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
            self.wrong = (
                f"byte 0x{byte:02x} is not {self.encoding}; pass its --encoding, such as cp1252"
            )


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


def _only_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and not Path(member.filename).name.startswith(".")
        and not member.filename.startswith("__MACOSX")
    ]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:3]) or "none"
        raise SourceError(
            f"{path} holds {len(members)} files ({names}) and one is needed; unpack it first"
        )
    return members[0]


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> IO[bytes]:
    try:
        return archive.open(member)
    except (NotImplementedError, RuntimeError) as error:  # an odd method; a password
        raise SourceError(f"{path} cannot be unpacked ({error}); unpack it first") from None


def _marked(stream: BinaryIO) -> str:
    """Read the encoding from a byte order mark."""
    start = stream.peek(3)[:3] if isinstance(stream, io.BufferedReader) else b""
    return next((encoding for mark, encoding in MARKS if start.startswith(mark)), "utf-8")
