"""crawl.py --log-json: every line is one JSON object, for any server, file and command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.faults.faults import JSON
from tests.faults.server import Body, FaultServer
from tests.scripts.conftest import ENVIRONMENT, crawl_options, run
from tests.scripts.test_streams import shell

HOSTILE = '\x1b]0;owned\x07\r\n{"fake": "line"}\n\u202egpj\x9b2J "quoted" \\ </script>'


def lines(text: str) -> list[dict[str, Any]]:
    """Parse each line strictly: it must be an object without NaN."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    objects = [json.loads(line, parse_constant=refuse) for line in text.splitlines()]
    assert all(isinstance(line, dict) for line in objects)
    return objects


def write_hostile_table(folder: Path) -> None:
    cells = HOSTILE.replace('"', '""')
    rows = "".join(f'"{cells}{k}","{cells}","{cells}/x","none.jpg"\n' for k in range(3))
    table = f'id,name,category_path,image\n{rows},"no id",x,y\n' + rows
    (folder / "products.csv").write_text(table, encoding="utf-8")


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--strict"], ["--only", "images"]])
def test_imports_of_hostile_files_print_only_json(tmp_path: Path, options: list[str]) -> None:
    write_hostile_table(tmp_path)
    everything = ["--from", "products.csv", "--log-json", *options]
    ended = run(tmp_path, "crawl", *everything, code=1 if "--strict" in options else None)
    output, result = lines(ended.stderr), lines(ended.stdout)
    if "--strict" in options:
        assert list(output[-1]) == ["error", "code"]
        assert (output[-1]["code"], result) == (1, [])
    else:
        assert len(result) == 1


def test_every_message_has_fields(tmp_path: Path) -> None:
    write_hostile_table(tmp_path)
    ended = run(tmp_path, "crawl", "--from", "products.csv", "--log-json", code=None)
    fields = {tuple(line) for line in lines(ended.stderr)}
    assert ("source", "about") in fields
    assert ("skipped", "reason") in fields
    assert {line[0] for line in fields} == {"source", "skipped", "stage"}
    ended = run(tmp_path, "crawl", "--export", "out.csv", "--log-json")
    assert lines(ended.stdout) == [{"file": "out.csv", "rows": 3}]


@pytest.mark.parametrize(
    ("options", "code", "error"),
    [
        (["--from", "none.csv"], 1, "none.csv cannot be read: No such file or directory"),
        (["--from", "none\x1b[2J.csv"], 1, "none\\u001b[2J.csv cannot be read: No such file"),
        (
            ["--root", "none"],
            1,
            "there is no API key; set SHOPSTYLE_API_KEY or pass --api-key-file",
        ),
        (["--api-key-file", "none"], 1, "none cannot be read: No such file or directory"),
        (["--unknown\x1b[2J"], 2, "unrecognized arguments: --unknown\\u001b[2J"),
        (["--threshold", "0.6"], 2, "--filter-label and --threshold go with --filter-images"),
        (["--export", "out.doc"], 1, "there is no crawl.db; run crawl.py first, or pass --db-path"),
    ],
)
def test_the_last_line_is_the_error(
    tmp_path: Path, options: list[str], code: int, error: str
) -> None:
    ended = run(tmp_path, "crawl", *options, "--log-json", code=code, key=None)
    [line] = lines(ended.stderr)
    assert line["error"].startswith(error)
    assert line["code"] == code
    assert ended.stdout == ""


def test_the_error_for_a_rejected_key_is_json(tmp_path: Path, address: str) -> None:
    options = [*crawl_options(address), "--log-json"]
    ended = run(tmp_path, "crawl", *options, code=1, key="wrong")
    assert "key" in lines(ended.stderr)[-1]["error"]


@pytest.mark.slow  # answers that are not JSON are requested again after pauses
@pytest.mark.parametrize("body", [HOSTILE, f'{{"metadata": {json.dumps(HOSTILE)}}}', "[]", "NaN"])
def test_errors_for_hostile_answers_are_json(tmp_path: Path, body: str) -> None:
    with FaultServer(lambda path, address: Body(JSON, body.encode())).running() as server:
        options = [*crawl_options(f"{server.address}/api/v2"), "--log-json"]
        ended = run(tmp_path, "crawl", *options, code=1)
    assert lines(ended.stderr)[-1]["code"] == 1


def test_the_message_after_ctrl_c_is_json(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(
        "id,name,category_path\n" + "".join(f"{k},x,a/b\n" for k in range(100_000))
    )
    for delay in (0.1, 0.6):
        with subprocess.Popen(
            [sys.executable, str(ROOT / "crawl.py"), "--from", "products.csv", "--log-json"],
            cwd=tmp_path,
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            assert process.stderr
            output = lines(process.stderr.read())
        assert process.returncode == 130
        assert output[-1] == {
            "error": "interrupted; what was stored is kept: run it again to continue",
            "code": 130,
        }


def test_the_error_for_an_unwritable_result_is_json(tmp_path: Path) -> None:
    write_hostile_table(tmp_path)
    ended = shell(tmp_path, "crawl", "--from products.csv --log-json", ">/dev/full")
    assert lines(ended.stderr)[-1]["error"].startswith("the result cannot be written to stdout")


def test_output_of_libraries_and_python_becomes_a_message(tmp_path: Path) -> None:
    script = tmp_path / "crawl.py"
    script.write_text(
        "import sys, warnings, logging\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from product_classifier.terminal import startup, script\n"
        "startup.begin()\n"
        "class Bad:\n"
        "    def __del__(self):\n"
        f"        raise ValueError({HOSTILE!r})\n"
        "def main():\n"
        f"    logging.warning({HOSTILE!r})\n"
        f"    print({HOSTILE!r}, file=sys.stderr)\n"
        f"    warnings.warn({HOSTILE!r})\n"
        "    Bad()\n"
        f"    raise KeyError({HOSTILE!r})\n"
        "script.run(main)\n"
    )
    for options in (["-W", "default"], []):
        ended = subprocess.run(
            [sys.executable, *options, str(script), "--log-json"],
            capture_output=True, text=True, env=ENVIRONMENT,
        )  # fmt: skip
        output = lines(ended.stderr)
        assert (output[-1]["code"], ended.returncode) == (1, 1)
        assert output[-1]["error"].startswith("unexpected KeyError: ")
        assert all(list(line) == ["message"] for line in output[:-1])
