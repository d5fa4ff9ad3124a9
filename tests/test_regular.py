"""Pipes, sockets, folders and devices are refused at once wherever a file is expected."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from product_classifier.errors import SourceError
from product_classifier.regular import open_regular, read_bounded
from product_classifier.sources.files.review_file import read_review
from product_classifier.sources.formats import SourceOptions, format_of, open_source
from product_classifier.sources.web.download_pictures import fetch_pictures
from product_classifier.store.image_folder import ImageFolder
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes have no names there")


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Fail a test that blocks for 30 seconds."""

    def end(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["pipe", "socket", "folder", "device"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "odd.csv"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
    elif request.param == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    return path


def test_a_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with open_regular(tmp_path / "a") as file:
        assert file.read() == b"abc"


def test_anything_but_a_regular_file_is_refused_at_once(odd: Path) -> None:
    with pytest.raises(OSError, match=r"not a file; save its contents|No such device"):
        open_regular(odd)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet", "feed", "bson"])
def test_no_source_blocks_on_a_pipe(kind: str, odd: Path) -> None:
    with pytest.raises(SourceError, match=r"odd\.csv cannot be read: "):
        open_source(kind, SourceOptions(path=odd, images=odd.parent))
    with pytest.raises(SourceError, match=r"odd\.csv cannot be read: "):
        read_review(odd)


def test_no_picture_blocks_on_a_pipe(odd: Path, tmp_path: Path) -> None:
    store = ImageFolder(tmp_path / "images")
    client = None  # no server is needed
    [[image]] = fetch_pictures([str(odd)], client, tmp_path, store)  # type: ignore[arg-type]
    assert image.file is None
    assert image.error


def test_crawling_from_a_pipe_fails_with_a_remedy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "crawl.py", "--from", "/dev/stdin", "--dry-run"],
        input=b"id,name,category\n1,a,A\n",
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "crawl.py: /dev/stdin cannot be read: it is a pipe, not a file; "
        "save its contents as a file first"
    ]


def test_a_file_on_standard_input_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name,category\n1,a,A\n")
    with (tmp_path / "a.csv").open() as file:
        done = subprocess.run(
            [sys.executable, ROOT / "crawl.py", "--from", "/dev/stdin", "--dry-run"],
            stdin=file,
            capture_output=True,
            cwd=tmp_path,
            check=False,
        )
    assert (done.returncode, b"1 product in 1 category" in done.stdout) == (0, True)


def test_the_format_of_a_pipe_is_not_detected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(SourceError, match="it is a pipe, not a file"):
        format_of(str(tmp_path / "a.csv"))


def test_a_file_within_the_budget_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"


def test_a_larger_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(OSError, match="larger than 5 bytes"):
        read_bounded(path, 5)


def test_a_file_that_is_larger_than_its_size_says_is_refused() -> None:
    with pytest.raises(OSError, match="larger than 0 bytes"):
        read_bounded(Path("/proc/self/maps"), 5)
