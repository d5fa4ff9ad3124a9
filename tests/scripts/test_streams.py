"""Output to streams that are closed, full, ASCII-only, or a pipe without reader."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scripts.conftest import ENVIRONMENT, rows

SCRIPTS = [
    *("crawl", "categorize_words", "categorize_images", "categorize_both"),
    *("analyze", "retrain"),
]
RESULTS = [  # each script's help is a result, and so are reports
    *((script, "--help") for script in SCRIPTS),
    ("analyze", "--crawl"),
    ("analyze", "--catalogue --json"),
    ("crawl", "--from products.csv --dry-run"),
    ("crawl", "--export out.csv"),
]
CSV = "id,name,category_path\na1,Stiefel für 😀 – “x”,Schuhe/Größe\na2,Boot,Schuhe/Größe\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    (folder / "products.csv").write_text(CSV, encoding="utf-8")
    shell(folder, "crawl", "--from products.csv")
    return folder


def shell(
    folder: Path, script: str, options: str, streams: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a script by bash; streams: redirections in the syntax of bash."""
    return subprocess.run(
        ["bash", "-c", f"exec {sys.executable} {ROOT / script}.py {options} {streams}"],
        cwd=folder,
        env=ENVIRONMENT | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@functools.cache
def usual(folder: Path, script: str, options: str) -> subprocess.CompletedProcess[str]:
    """Run a script without redirections, once for all tests that compare with the result."""
    return shell(folder, script, options)


@pytest.mark.parametrize(
    ("streams", "why"),
    [
        (">&-", "stdout is closed, so the result cannot be written"),
        (">/dev/full", "the result cannot be written to stdout: No space left on device"),
    ],
)
@pytest.mark.parametrize(("script", "options"), RESULTS)
def test_a_result_that_cannot_be_written_is_an_error(
    folder: Path, script: str, options: str, streams: str, why: str
) -> None:
    ended = shell(folder, script, options, streams)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"{script}.py: {why}"
    assert ended.stderr.count("\n") <= 4  # progress of a catalogue's report


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_truncated_result_is_an_error(folder: Path, unbuffered: str) -> None:
    """The part of a result that fits on a disk must not be taken for the whole."""
    ended = subprocess.run(
        ["bash", "-c", f"ulimit -f 1; exec {sys.executable} {ROOT / 'crawl.py'} --help > cut.txt"],
        cwd=folder,
        env=ENVIRONMENT | {"PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "the result cannot be written to stdout: File too large" in ended.stderr


@pytest.mark.parametrize(("script", "options"), RESULTS)
def test_a_closed_pipe_ends_a_script_without_a_traceback(
    folder: Path, script: str, options: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        command = [sys.executable, str(ROOT / f"{script}.py"), *options.split()]
        ended = subprocess.run(
            command, cwd=folder, env=ENVIRONMENT, stdout=pipe, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 141
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", "<&-", "<&- 2>&-"])
@pytest.mark.parametrize(("script", "options"), [("analyze", "--crawl"), ("analyze", "--bad")])
def test_a_result_does_not_depend_on_other_streams(
    folder: Path, script: str, options: str, streams: str
) -> None:
    ended = shell(folder, script, options, streams)
    expected = usual(folder, script, options)
    assert (ended.returncode, ended.stdout) == (expected.returncode, expected.stdout)


@pytest.mark.parametrize("streams", [">&- 2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
def test_a_crawl_without_streams_stores_products_and_exits_with_1(
    tmp_path: Path, streams: str
) -> None:
    (tmp_path / "products.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "crawl.db").unlink(missing_ok=True)
    ended = shell(tmp_path, "crawl", "--from products.csv", streams)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")
    assert rows(tmp_path, "select count(*) from product") == [(2,)]
    assert rows(tmp_path, "pragma integrity_check") == [("ok",)]


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@pytest.mark.parametrize("options", ["--from products.csv --dry-run", "--bad –"])
def test_characters_that_the_terminal_cannot_show_are_escaped(folder: Path, options: str) -> None:
    ended = shell(folder, "crawl", options, **ASCII)
    assert ended.returncode in (0, 2)
    assert ended.stdout.isascii()
    assert ended.stderr.isascii()
    assert "Traceback" not in ended.stderr
    if ended.returncode == 0:
        assert "a1: Stiefel f\\xfcr \\U0001f600 \\u2013" in ended.stdout
        assert "stdout knows only ascii: other letters are written as escapes" in ended.stderr


def test_json_output_is_always_ascii(folder: Path) -> None:
    ended = shell(folder, "analyze", "--catalogue --json", **ASCII)
    assert ended.stdout == usual(folder, "analyze", "--catalogue --json").stdout
    assert "escapes" not in ended.stderr
