"""The API key appears only in requests to the API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from demo.server import API
from tests.conftest import ROOT
from tests.faults.faults import JSON
from tests.faults.server import Conversation, Fault, FaultServer
from tests.faults.shop import healthy_shop

KEY = "canary/+key=4f1d93"
SHAPES = (KEY, quote(KEY, safe=""), quote(KEY), KEY.replace("/", "%2F"))


def refuse(talk: Conversation) -> bool:
    envelope = {"errorCode": 403, "errorMessage": f"Invalid partner id: {KEY}"}
    talk.send(403, json.dumps(envelope).encode())
    return True


def redirect(talk: Conversation) -> bool:
    talk.send(302, b"", headers={"Location": f"http://127.0.0.2:9/?pid={quote(KEY)}"})
    return True


def fail_with_it(talk: Conversation) -> bool:
    envelope = {"errorCode": 500, "errorMessage": f"at /products?pid={quote(KEY, safe='')}"}
    talk.send(200, json.dumps(envelope).encode())
    return True


@pytest.mark.parametrize(
    ("faults", "share"), [((refuse,), 1), ((redirect,), 1), ((fail_with_it,), 1), ((), 0)]
)
def test_a_key_is_sent_only_to_the_api(
    tmp_path: Path, faults: tuple[Fault, ...], share: float
) -> None:
    shop = healthy_shop(products=40)

    with (
        FaultServer(shop, host="127.0.0.2").running() as pictures,
        FaultServer(
            lambda path, _: shop(path, pictures.address),
            {JSON: faults},
            share,
        ).running() as api,
    ):
        crawl = subprocess.run(
            [
                *(sys.executable, ROOT / "crawl.py", "--log-json", "--allow-private"),
                *("--api-url", f"{api.address}{API}", "--requests-per-minute", "100000"),
            ],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "SHOPSTYLE_API_KEY": KEY},
            capture_output=True,
            timeout=120,
        )
    assert crawl.returncode == (1 if faults else 0), crawl.stderr
    assert api.requests
    assert bool(pictures.requests) == (not faults)
    texts = [crawl.stdout, crawl.stderr, *(request.head.encode() for request in pictures.requests)]
    texts += [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    for shape in SHAPES:
        assert not [text for text in texts if shape.encode() in text]
