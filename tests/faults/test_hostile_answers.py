"""Hostile answers cost only their own product, and control neither crawl nor terminal."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from product_classifier.terminal import script
from tests.conftest import ROOT
from tests.faults.faults import JPEG, JSON
from tests.faults.server import Body, Conversation, Fault, FaultServer
from tests.faults.shop import healthy_shop, run_crawl
from tests.hostile.harness import UNCLEAN
from tests.hostile.mutations import TEXTS

PRODUCTS = 40
EVIL = "\x1b]0;owned\x07\x9b2J\u202eexe\nquery: fake\r"


def redirect_to_no_address(talk: Conversation) -> bool:
    talk.send(302, b"", headers={"Location": "http://[::1"})
    return True


def redirect_with_a_password(talk: Conversation) -> bool:
    talk.send(302, b"", headers={"Location": f"{talk.address.replace('//', '//me:secret@')}/x"})
    return True


def two_lengths(talk: Conversation) -> bool:
    talk.send(headers={"Content-Length ": "1", "content-length": "2"}, length=3)
    return False


FAULTS: list[Fault] = [
    redirect_to_no_address,
    redirect_with_a_password,
    two_lengths,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_picture_server_can_end_the_crawl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    def sometimes(talk: Conversation) -> bool:
        if hash_of(talk.path) % 4:
            talk.send()
            return True
        return fault(talk)

    server = FaultServer(healthy_shop(PRODUCTS), {JPEG: (sometimes,)}, share=1)
    with server.running():
        options = ["--allow-private", "--connections", "2"]
        code = run_crawl(tmp_path, server.address, monkeypatch, *options)
    db = sqlite3.connect(tmp_path / "crawl.db")
    pictures = db.execute("select address, file, error from image").fetchall()
    wanted = db.execute("select count(distinct image) from product").fetchone()
    db.close()
    assert len(pictures) == wanted[0]
    failed = {address: error for address, file, error in pictures if file is None}
    assert 0 < len(failed) < len(pictures)
    assert all(hash_of(address) % 4 == 0 for address in failed)
    assert code == script.UNFINISHED
    assert "secret" not in str(failed)


def hash_of(address: str) -> int:
    return sum(address.rpartition("/")[2].encode())


def api(path: str, address: str) -> Body:
    """Answer with a tree of hostile names and ids, and with an error for each leaf."""
    if "/categories" in path:
        nodes = [
            {"id": f"{k} {text[:900]}", "name": text[:900], "parentId": "women"}
            for k, text in enumerate([EVIL, *TEXTS])
        ]
        tree = {"metadata": {"root": {"id": "women", "name": EVIL}}, "categories": nodes}
        return Body(JSON, json.dumps(tree).encode())
    return Body(JSON, json.dumps({"errorCode": 500, "errorMessage": EVIL}).encode())


def refuse(path: str, address: str) -> Body:
    return Body(JSON, json.dumps({"errorCode": EVIL, "errorMessage": EVIL}).encode())


def crawl(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "crawl.py", "--allow-private", *options],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "SHOPSTYLE_API_KEY": "key"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(("healthy", "code"), [(api, 3), (refuse, 1)])
def test_log_json_prints_only_json_whatever_an_api_answers(
    tmp_path: Path, healthy: object, code: int
) -> None:
    with FaultServer(healthy).running() as server:  # type: ignore[arg-type]
        options = ["--api-url", server.address, "--requests-per-minute", "1000000"]
        result = crawl(tmp_path, *options, "--log-json")
        shown = crawl(tmp_path, *options)
    assert (result.returncode, shown.returncode) == (code, code)
    lines = [*result.stdout.splitlines(), *result.stderr.splitlines()]
    assert len(lines) > (len(TEXTS) if code == 3 else 0)
    assert all(isinstance(json.loads(line), dict) for line in lines)
    for text in (result.stdout, result.stderr, shown.stdout, shown.stderr):
        assert not UNCLEAN.search(text.replace("\n", " "))
        assert "Traceback" not in text
        assert "\nquery: fake" not in text


def test_log_json_prints_only_json_for_imports_exports_previews_and_errors(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f'id,name,category\n1,"{EVIL}",A\n2,b,B\n', newline="")
    for options, code in (
        (("--from", "a.csv", "--dry-run"), 0),
        (("--from", "a.csv"), 0),
        (("--dry-run",), 0),
        (("--export", "b.csv"), 0),
        (("--from", "none.csv"), 1),
    ):
        result = crawl(tmp_path, *options, "--log-json")
        assert result.returncode == code, result.stderr
        lines = [*result.stdout.splitlines(), *result.stderr.splitlines()]
        assert lines
        assert all(isinstance(json.loads(line), dict) for line in lines), lines


def test_an_api_error_does_not_stop_pictures_of_a_known_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy, broken = healthy_shop(PRODUCTS), False

    def answer(path: str, address: str) -> Body:
        if broken and "/categories" in path:
            return Body(JSON, b'{"metadata": {"root": {"id": "women"}}, "categories": {}}')
        return healthy(path, address)

    with FaultServer(answer).running() as server:
        crawled = ["--allow-private", "--only", "categories"]
        assert run_crawl(tmp_path, server.address, monkeypatch, *crawled) == script.DONE
        db = sqlite3.connect(tmp_path / "crawl.db")
        db.execute("update bookmark set finished = 0")
        db.commit()
        broken = True
        code = run_crawl(tmp_path, server.address, monkeypatch, "--allow-private")
        assert code == script.UNFINISHED
        assert db.execute("select count(*) from image where file is not null").fetchone()[0]
        [(query, error)] = db.execute("select query, error from bookmark where error is not null")
        assert query == "categories?cat=women"
        assert error.startswith("the API answered with categories that are not a list: {}")
        broken = False
        assert run_crawl(tmp_path, server.address, monkeypatch, "--allow-private") == script.DONE
        db.close()
