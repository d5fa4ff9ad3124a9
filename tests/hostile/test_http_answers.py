"""Hostile HTTP answers: raw bytes of a server, read by the client that crawls use.

The server's address counts as public, so that whatever leads to any other one must be refused.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import socket
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image as PillowImage

from product_classifier.errors import SourceError
from product_classifier.sources.web import client, connections
from product_classifier.sources.web.client import Client
from product_classifier.sources.web.download_pictures import fetch_pictures
from product_classifier.store.image_folder import ImageFolder
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import TEXTS, changed_bytes

pytestmark = pytest.mark.slow
SERVER = "127.0.0.1"
PICTURE, JSON = "/picture.jpg", "/products.json"
TIMEOUT, DEADLINE = 0.2, 0.8  # seconds, instead of 20 and 120
GOOD_JSON = json.dumps({"metadata": {"total": 2}, "products": [{"id": k} for k in range(2)]})
STATUSES = (
    *(["HTTP/1.1 200 OK"] * 12),
    *("HTTP/1.1 302 Found", "HTTP/1.1 301", "HTTP/1.1 307 x", "HTTP/1.1 308 x"),
    *(
        "HTTP/1.1 206 Partial Content",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 304 x",
        "HTTP/1.1 999 x",
    ),
    *("HTTP/1.1 429 Slow", "HTTP/1.1 503 x", "HTTP/1.1 500 x", "HTTP/1.1 401 x", "HTTP/1.1 404 x"),
    *("HTTP/0.9 200 OK", "HTTP/2 200", "HTTP/1.0 200", "PRI * HTTP/2.0", "HTTP/1.1 -200 OK", ""),
    *("HTTP/1.1 100 Continue", "HTTP/1.1 101 x", "HTTP/1.1 103 Early Hints", "ICY 200 OK"),
    *("HTTP/1.1 2e2 OK", "HTTP/1.1 \u0662\u0660\u0660 OK", f"HTTP/1.1 200 {'x' * 70_000}"),
)
LOCATIONS = (
    *("/picture.jpg", "picture.jpg", "//", "?", "#", "", "../../..", "http:picture.jpg"),
    *("http://[", "//[::1", "http://]/", "http://[v1.x", "https://[::1]]/", "http:[//[", "//[x]/"),
    *("http://[::1", "http://[::1]:99999/", "http://[fe80::1%25eth0]/", "http://[::1%00]/"),
    *("http://10.0.0.1/", "http://127.1/", "http://0x7f000001/", "http://2130706433/"),
    *("http://0177.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/"),
    *("http://localhost/", "http://private.example/", "http://169.254.169.254/latest/meta-data"),
    *("http://a:b@127.0.0.1/", "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://\u2100/"),
    *(
        "http://xn--a/",
        f"http://{'a' * 70}.example/",
        f"/{'a' * 60_000}",
        "http://a..b/",
        "\\\\a\\b",
    ),
    *("file:///etc/passwd", "javascript:alert(1)", "data:image/png;base64,AAAA", "gopher://x/"),
    *(
        "http://127.0.0.1 .example/",
        "http://127.0.0.1\\@10.0.0.1/",
        "http://\u2460.\u2461/",
        "h" * 9,
    ),
)
RETRY_AFTERS = (
    *("0", "7", "1" * 400, "-1", "nan", "inf", "1e30", "\u00b2", "", "soon", "9" * 5_000),
    *("Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +2359", "1 Jan 1 0:0:0 -0000"),
    *("Thu, 99 Foo 99999999999999999999 99:99:99", "Thu, 01 Jan 1970 00:00:00 GMT"),
)
LENGTHS = ("-1", "0", "1", "99", "1, 1", "5, 6", "1e3", "0x10", "9" * 30, "9" * 5_000, "", "\u0661")
ENCODINGS = (
    "gzip",
    "deflate",
    "x-gzip",
    "br",
    "zstd",
    "gzip, gzip",
    "identity",
    "gzip" + ", gzip" * 9,
)
CHUNK_SIZES = (
    "-5",
    "0x5",
    "+5",
    "ffffffffffffffffffffffff",
    "5;x=" + "y" * 9_000,
    "",
    "g",
    " 5",
    "1_0",
)


class Script(NamedTuple):
    """The server's answers, one for each connection; the last one is repeated."""

    path: str
    answers: Sequence[bytes]
    hangs: bool  # whether it stays connected afterwards


class Server:
    """A server that plays a script on each connection, whatever the request."""

    def __init__(self) -> None:
        self.script = Script("", [b""], False)
        self.requests = 0
        self.listening = socket.create_server((SERVER, 0), backlog=64)
        self.url = f"http://{SERVER}:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def play(self, script: Script) -> None:
        self.script, self.requests = script, 0

    def _accept(self) -> None:
        while True:
            connection, _ = self.listening.accept()
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            script = self.script
            received = b""
            while b"\r\n\r\n" not in received:
                if not (more := connection.recv(65_536)):
                    return
                received += more
            answer = script.answers[min(self.requests, len(script.answers) - 1)]
            self.requests += 1
            connection.sendall(answer)
            if script.hangs:
                connection.settimeout(2 * DEADLINE)
                connection.recv(1)


SERVERS: list[Server] = []  # one in the process that reads


def picture() -> bytes:
    file = io.BytesIO()
    PillowImage.new("RGB", (30, 40), "red").save(file, "JPEG")
    return file.getvalue()


GOOD_PICTURE = picture()


def hostile_answer(chance: random.Random, path: str) -> bytes:
    """Return an answer with some hostile parts, and often a few hostile bytes."""
    body = GOOD_PICTURE if path == PICTURE else GOOD_JSON.encode()
    if chance.random() < 0.3:
        body = hostile_body(chance, path)
    headers = [("Content-Type", "image/jpeg")]
    status = chance.choice(STATUSES) if chance.random() < 0.3 else STATUSES[0]
    if chance.random() < 0.15:
        status = "HTTP/1.1 302 Found"
    if " 30" in status or chance.random() < 0.1:
        headers.append(("Location", chance.choice(chance.choice([LOCATIONS, TEXTS]))))
    if chance.random() < 0.2:
        headers.append(("Retry-After", chance.choice(RETRY_AFTERS)))
    if chance.random() < 0.3:
        encoding = chance.choice(ENCODINGS)
        headers.append(("Content-Encoding", encoding))
        if chance.random() < 0.8:
            body = zlib.compress(body) if encoding == "deflate" else gzip.compress(body)
    framing = chance.randrange(8)
    if framing < 4:
        headers.append(("Content-Length", str(len(body))))
    elif framing == 4:
        headers.append(("Content-Length", chance.choice(LENGTHS)))
        if chance.random() < 0.5:
            headers.append(("Content-Length", str(len(body))))
    elif framing < 7:
        headers.append(("Transfer-Encoding", chance.choice(["chunked", "chunked", "Chunked, x"])))
        body = chunked(chance, body)
    if chance.random() < 0.2:
        name = chance.choice(["Set-Cookie", "X", "", " ", ":", "Connection", "Content-Type"])
        headers += [(name, chance.choice(TEXTS))] * chance.choice([1, 2, 99, 2_000])
    lines = [status, *(f"{name}: {value}" for name, value in headers), "", ""]
    before = chance.choice(["HTTP/1.1 100 Continue\r\n\r\n"] * 3 + [""] * 97) * chance.choice(
        [1, 999]
    )
    data = (before + chance.choice(["\r\n"] * 9 + ["\n"]).join(lines)).encode(
        errors="replace"
    ) + body
    return changed_bytes(chance, data) if chance.random() < 0.4 else data


def hostile_body(chance: random.Random, path: str) -> bytes:
    kind = chance.randrange(9)
    if kind < 2:
        return changed_bytes(chance, GOOD_PICTURE if path == PICTURE else GOOD_JSON.encode())
    if kind == 2:
        return chance.choice(TEXTS).encode(chance.choice(["utf-8", "utf-16"]), "replace")
    if kind == 3:
        return b"[" * chance.choice([900, 100_000]) + b"]"
    if kind == 4:
        return chance.choice(
            [b"NaN", b"[1e999]", b"-Infinity", b'{"a":1,"a":2}', b'"\\ud83d"', b"\xff"]
        )
    if kind == 5:
        return b"9" * chance.choice([4_000, 100_000])
    if kind == 6:
        return b""
    if chance.random() < 0.9:
        return b'{"products": [' + b",".join([b"{}"] * 1_000) + b"]}"
    return chance.choice(
        [b"[[" + b"],[" * 6_000_000 + b"]]", bytes(21_000_000), b'{"a":' * 3_000_000]
    )


def chunked(chance: random.Random, body: bytes) -> bytes:
    size = chance.choice([1, 7, 100_000])
    pieces = [body[k : k + size] for k in range(0, len(body), size)]
    data = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    if chance.random() < 0.3:
        data += chance.choice(CHUNK_SIZES).encode() + b"\r\n"
    end = [b"0\r\n\r\n"] * 6 + [b"", b"0\r\nX: y\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 9_999 + b"\r\n"]
    return data + chance.choice(end)


def hostile_http(chance: random.Random, folder: Path) -> tuple[Path, Script]:
    path = chance.choice([PICTURE, PICTURE, JSON])
    answers = [hostile_answer(chance, path) for _ in range(chance.choice([1, 2, 3]))]
    for number, answer in enumerate(answers):
        (folder / f"answer-{number}").write_bytes(answer)
    return folder, Script(path, answers, hangs=chance.random() < 0.02)


def stay_here() -> None:
    """Treat the server's address as public, resolve only a private name, and shorten all waits."""
    real, resolve = connections.is_public, socket.getaddrinfo

    def is_public(address: str) -> bool:
        return address == SERVER or real(address)

    def getaddrinfo(host: str, *args: object, **kwargs: object) -> object:
        if host == "private.example":
            return resolve("10.0.0.1", *args, **kwargs)  # type: ignore[arg-type]
        resolved = resolve(host, 0, flags=socket.AI_NUMERICHOST)  # whatever is a name is unknown
        if real(str(resolved[0][4][0])):
            raise socket.gaierror(socket.EAI_NONAME, "no traffic in tests")
        return resolve(host, *args, **kwargs)  # type: ignore[arg-type]

    for module, name, stand_in in (
        (connections, "is_public", is_public),
        (socket, "getaddrinfo", getaddrinfo),
        (connections, "TIMEOUT", TIMEOUT),
        (connections, "DEADLINE", DEADLINE),
        (client, "TIMEOUT", TIMEOUT),
    ):
        setattr(module, name, stand_in)


def plain_http(folder: Path) -> None:
    stay_here()
    SERVERS.append(Server())
    for path, body in ((PICTURE, GOOD_PICTURE), (JSON, GOOD_JSON.encode())):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        ask((folder, Script(path, [head + body], False)))


class Time:
    """A clock that only sleep moves on."""

    now = 1_000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


def ask(made: tuple[Path, Script]) -> None:
    """Fetch the script's JSON or picture. Raises SourceError with the reason its row would have."""
    folder, script = made
    server, time = SERVERS[0], Time()
    server.play(script)
    crawler = Client(sleep=time.sleep, clock=time.clock)
    if script.path == JSON:
        crawler.get_json(server.url + JSON, {"pid": "secret"})
        return
    store = ImageFolder(folder / "images")
    [[image]] = fetch_pictures([server.url + PICTURE], crawler, None, store, workers=1)
    assert "a fault of this program" not in str(image.error), image.error
    if image.error:
        raise SourceError(image.error)


def test_answers_in_http_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_http, read=ask, warm_up=plain_http, allowed=frozenset({SERVER})),
        tmp_path,
    )
    assert outcomes[READ]
    assert outcomes[REFUSED]
