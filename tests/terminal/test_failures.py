"""Why a script ends, in one line."""

from __future__ import annotations

import errno
import os

import pytest

from product_classifier.errors import StoreError
from product_classifier.terminal.failures import explained, report


def system_error(number: int, file: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), file)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (StoreError("crawl.db is damaged"), "crawl.db is damaged"),
        (MemoryError(), "out of memory; close other programs, or allow more"),
        (
            ImportError("libx.so: failed to map segment from shared object"),
            "out of memory; close other programs, or allow more",
        ),
        (
            system_error(errno.ENOSPC, "a.jpg"),
            "a.jpg: No space left on device; make room and run it again",
        ),
        (system_error(errno.EROFS, "x"), "x: Read-only file system; choose another place"),
        (system_error(errno.EIO), "Input/output error; the disk or its connection fails"),
        (system_error(errno.ENOENT, "x"), "x: No such file or directory"),
        (
            RuntimeError("can't start new thread"),
            "no thread can be started; close other programs, ",
        ),
        (
            ModuleNotFoundError("No module named 'lxml'", name="lxml"),
            "lxml is not installed; pip install -r requirements.txt",
        ),
    ],
)
def test_known_errors_are_explained_with_their_remedy(error: BaseException, line: str) -> None:
    assert explained(error).replace(" (ulimit -v)", "").replace(" (ulimit -u)", "").startswith(line)


def test_the_cause_of_an_error_is_explained() -> None:
    outer = ImportError("numpy could not be imported; see the documentation")
    outer.__cause__ = system_error(errno.EMFILE, "numpy/core.so")
    assert explained(outer).startswith("too many open files")


def test_a_fault_of_the_program_says_how_to_get_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRODUCT_CLASSIFIER_DEBUG", raising=False)
    monkeypatch.setattr("sys.argv", ["crawl.py"])
    try:
        raise KeyError("a\x1b[2J\nb")
    except KeyError as error:
        fault = error
    assert report(fault, interrupted=False) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("crawl.py: unexpected KeyError: 'a\\x1b[2J\\nb' (test_failures.py line ")
    assert line.endswith("; please report it with what PRODUCT_CLASSIFIER_DEBUG=1 shows")
    monkeypatch.setenv("PRODUCT_CLASSIFIER_DEBUG", "1")
    assert report(fault, interrupted=False) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n")
    assert said.endswith(line + "\n")


def test_an_error_of_a_library_after_ctrl_c_is_reported_as_ctrl_c(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report(ImportError("initialization failed"), interrupted=True) == 130
    assert "interrupted; what was stored is kept" in capsys.readouterr().err
