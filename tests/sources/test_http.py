"""Fetching from a real server that misbehaves."""

from __future__ import annotations

import gzip
import http.server
import socket
import threading
import traceback
from collections.abc import Callable, Iterator

import pytest

from product_classifier.errors import KeyRejectedError, PictureError, SourceError
from product_classifier.sources import connections
from product_classifier.sources import http as fetching
from product_classifier.sources.http import Client

KEY = "secret-key"


class Server(http.server.ThreadingHTTPServer):
    """Answers each path in its own bad way, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.answers: dict[str, Callable[[Handler], None]] = {}
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        self.server.answers[path](self)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = length is not None


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


class Time:
    """Time that passes in sleep alone."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(time: Time) -> Client:
    return Client(allow_private=True, sleep=time.sleep, clock=time.clock)


def in_turn(*answers: Callable[[Handler], None]) -> Callable[[Handler], None]:
    rest = iter(answers)
    return lambda handler: next(rest)(handler)


def test_json_is_returned_whatever_its_status(server: Server, client: Client) -> None:
    server.answers["/x"] = lambda handler: handler.answer(404, b'{"errorCode": 404}')
    assert client.get_json(server.url + "/x", {"pid": KEY}) == {"errorCode": 404}


def test_a_body_cut_short_is_fetched_again(server: Server, client: Client) -> None:
    server.answers["/x"] = in_turn(
        lambda handler: handler.answer(200, b'{"a"', length=100),
        lambda handler: handler.answer(200, b'{"a": 1}'),
    )
    assert client.get_json(server.url + "/x", {}) == {"a": 1}
    assert len(server.asked) == 2


def test_a_truncated_gzip_is_fetched_again(server: Server, client: Client) -> None:
    whole = gzip.compress(b'{"a": [' + b"1," * 999 + b"1]}")
    server.answers["/x"] = in_turn(
        lambda handler: handler.answer(200, whole[:-20], Content_Encoding="gzip"),
        lambda handler: handler.answer(200, whole, Content_Encoding="gzip"),
    )
    assert len(client.get_json(server.url + "/x", {})["a"]) == 1000


def test_what_is_not_json_is_fetched_again_and_then_given_up(
    server: Server, client: Client
) -> None:
    server.answers["/x"] = lambda handler: handler.answer(200, b"<html>busy</html>")
    with pytest.raises(SourceError, match="not JSON"):
        client.get_json(server.url + "/x", {})
    assert len(server.asked) == fetching.TRIES


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_after_the_pause_it_names(
    server: Server, client: Client, time: Time, status: int
) -> None:
    server.answers["/x"] = in_turn(
        lambda handler: handler.answer(status, b"", Retry_After="7"),
        lambda handler: handler.answer(200, b"picture"),
    )
    assert client.get_file(server.url + "/x", bytes) == b"picture"
    assert time.pauses == [7]


@pytest.mark.parametrize("status", [408, 500, 502, 504, 599])
def test_a_server_in_trouble_is_asked_again(server: Server, client: Client, status: int) -> None:
    server.answers["/x"] = in_turn(
        lambda handler: handler.answer(status, b""),
        lambda handler: handler.answer(200, b"picture"),
    )
    assert client.get_file(server.url + "/x", bytes) == b"picture"


@pytest.mark.parametrize(
    ("named", "shortest", "longest"),
    [
        ("3600", 120, 120),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 120, 120),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("-5", 0, 2),
        ("nan", 0, 2),
        ("soon", 0, 2),
        ("\u00b2", 0, 2),
    ],
)
def test_absurd_pauses_are_bounded(
    server: Server, client: Client, time: Time, named: str, shortest: float, longest: float
) -> None:
    server.answers["/x"] = in_turn(
        lambda handler: handler.answer(503, b"", Retry_After=named),
        lambda handler: handler.answer(200, b"picture"),
    )
    client.get_file(server.url + "/x", bytes)
    assert shortest <= sum(time.pauses) <= longest


def test_no_message_holds_the_key(server: Server, client: Client) -> None:
    server.answers["/x"] = lambda handler: handler.answer(200, b'{"a"', length=100)
    with pytest.raises(SourceError) as caught:
        client.get_json(server.url + "/x", {"pid": KEY})
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_redirect_does_not_carry_the_key_away(server: Server, client: Client) -> None:
    server.answers["/x"] = lambda handler: handler.answer(302, b"", Location="/elsewhere")
    with pytest.raises(SourceError, match="--api-url"):
        client.get_json(server.url + "/x", {"pid": KEY})
    assert server.asked == ["/x"]


def test_a_picture_that_moved_is_followed(server: Server, client: Client) -> None:
    server.answers["/x"] = lambda handler: handler.answer(302, b"", Location="/y")
    server.answers["/y"] = lambda handler: handler.answer(200, b"picture")
    assert client.get_file(server.url + "/x", bytes) == b"picture"


def test_a_circle_of_redirects_ends(server: Server, client: Client) -> None:
    server.answers["/x"] = lambda handler: handler.answer(302, b"", Location="/x")
    with pytest.raises(SourceError, match="more than 5 times"):
        client.get_file(server.url + "/x", bytes)


def test_a_picture_that_is_not_there_is_not_asked_for_again(server: Server, client: Client) -> None:
    server.answers["/x"] = lambda handler: handler.answer(404, b"gone")
    with pytest.raises(SourceError, match="HTTP 404"):
        client.get_file(server.url + "/x", bytes)
    assert server.asked == ["/x"]


def test_an_endless_body_is_cut_off(server: Server) -> None:
    client = Client(allow_private=True, max_bytes=1000)
    server.answers["/x"] = lambda handler: handler.answer(200, b"0" * 5000)
    with pytest.raises(SourceError, match="larger than 1,000 bytes"):
        client.get_file(server.url + "/x", bytes)


def test_a_dripping_server_costs_no_more_than_the_deadline(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "DEADLINE", 0.05)
    monkeypatch.setattr(fetching, "TRIES", 1)

    def drip(handler: Handler) -> None:
        handler.answer(200, b"", length=10_000)
        try:
            for _ in range(100):
                handler.wfile.write(b"0")
                threading.Event().wait(0.02)
        except OSError:
            pass  # the client has hung up, as it should

    server.answers["/x"] = drip
    with pytest.raises(SourceError, match="no answer in time"):
        client.get_file(server.url + "/x", bytes)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("127.0.0.1", "no connection"), ("nowhere.invalid", "the server's name is unknown")],
)
def test_a_server_that_is_not_there_is_told_from_a_slow_one(
    host: str, reason: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "TRIES", 1)
    with socket.socket() as unheard:  # bound, but nobody listens
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(SourceError, match=reason):
            client.get_file(f"http://{host}:{unheard.getsockname()[1]}/x", bytes)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://10.1.2.3/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://192.168.0.1:8080/x",
    ],
)
def test_private_addresses_are_refused_unasked(address: str) -> None:
    with pytest.raises(SourceError, match="private network"):
        Client().get_file(address, bytes)


def test_a_name_that_leads_to_a_private_address_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def lie(host: str, *args: object, **kwargs: object) -> object:
        return real("127.0.0.1", *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", lie)
    with pytest.raises(SourceError, match=r"shop\.example is in a private network"):
        Client().get_file(f"http://shop.example:{server.server_port}/x", bytes)
    assert server.asked == []


@pytest.mark.parametrize("address", ["file:///etc/passwd", "nothing", "http://", "ftp://a/b"])
def test_only_web_addresses_are_fetched(address: str) -> None:
    with pytest.raises(SourceError, match="not an address"):
        Client().get_file(address, bytes)


def test_a_key_that_is_refused_without_a_word_is_not_tried_again(
    server: Server, client: Client
) -> None:
    server.answers["/x"] = lambda handler: handler.answer(403, b"<html>no</html>")
    with pytest.raises(KeyRejectedError, match="set SHOPSTYLE_API_KEY"):
        client.get_json(server.url + "/x", {"pid": KEY})
    assert server.asked == ["/x"]


def test_a_picture_that_may_have_been_cut_short_is_fetched_again(
    server: Server, client: Client
) -> None:
    def whole(data: bytes) -> bytes:
        if data != b"picture":
            raise PictureError("broken picture")
        return data

    def until_closed(body: bytes) -> Callable[[Handler], None]:
        def answer(handler: Handler) -> None:
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(body)
            handler.close_connection = True

        return answer

    server.answers["/x"] = in_turn(until_closed(b"pic"), until_closed(b"picture"))
    assert client.get_file(server.url + "/x", whole) == b"picture"
    server.answers["/y"] = lambda handler: handler.answer(200, b"pic")
    with pytest.raises(SourceError, match="broken picture"):
        client.get_file(server.url + "/y", whole)
    assert server.asked == ["/x", "/x", "/y"]
