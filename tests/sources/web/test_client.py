"""Fetching from a real server that misbehaves."""

from __future__ import annotations

import base64
import gzip
import http.server
import resource
import socket
import threading
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.errors import KeyRejectedError, PictureError, SourceError
from product_classifier.sources.web import connections
from product_classifier.sources.web.client import TRIES, Client, _seconds
from product_classifier.sources.web.connections import joined, parts_of

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


def test_an_answer_that_is_not_json_is_fetched_again_and_then_given_up(
    server: Server, client: Client
) -> None:
    server.answers["/x"] = lambda handler: handler.answer(200, b"<html>busy</html>")
    with pytest.raises(SourceError, match="not JSON"):
        client.get_json(server.url + "/x", {})
    assert len(server.asked) == TRIES


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
    monkeypatch.setattr("product_classifier.sources.web.client.TRIES", 1)

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


def test_a_limit_of_open_files_is_distinguished_from_a_missing_server(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("product_classifier.sources.web.client.TRIES", 1)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(SourceError, match=r"Too many open files \(ulimit -n: 3\); raise"):
            client.get_file(f"{server.url}/x", bytes)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("127.0.0.1", "no connection"), ("nowhere.invalid", "the server's name is unknown")],
)
def test_a_missing_server_is_distinguished_from_a_slow_one(
    host: str, reason: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("product_classifier.sources.web.client.TRIES", 1)
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


PIECES = st.sampled_from(
    [
        *(
            "http://",
            "https://",
            "HTTP:",
            "//",
            "[",
            "]",
            "::1",
            "%",
            "%00",
            "%25eth0",
            "@",
            ":",
            "0",
        ),
        *(
            "99999",
            "80",
            "é",
            "\u3002",
            "xn--a",
            "..",
            "a" * 70,
            "/",
            "?",
            "#",
            " ",
            "\r\n",
            "\x00",
        ),
        *("\ud83d", "ß", "\u200d", "127.1", "0x7f", "\\", "ftp:", "²", "\uff0e", "me:secret@h"),
    ]
)
ADDRESSES = st.one_of(
    st.lists(PIECES, max_size=8).map("".join),
    st.lists(PIECES, max_size=8).map(lambda pieces: "http://" + "".join(pieces)),
    st.text(max_size=30).map(lambda text: f"http://{text}"),
)


@given(ADDRESSES)
def test_any_redirect_target_is_an_address_or_refused(text: str) -> None:
    with suppress(SourceError):
        target = parts_of(joined("http://shop.example/a/b", text))
        assert target.scheme in ("http", "https")
        assert target.host
        assert target.auth is None


DATES = st.sampled_from(
    [
        *(
            "Mon,",
            "01",
            "31",
            "Jan",
            "Feb",
            "9999",
            "10000",
            "0001",
            "-1",
            "9" * 20,
            "9" * 5_000,
            "",
        ),
        *("00:00:00", "24:61", "::", "GMT", "-0000", "+9999", "EST", " ", "12.30.40", "\u0662"),
    ]
)


@given(st.one_of(st.lists(DATES, max_size=7).map(" ".join), st.text(max_size=40)))
def test_any_retry_after_header_gives_a_number_of_seconds_or_none(text: str) -> None:
    assert isinstance(_seconds(text), float | None)


@pytest.mark.parametrize(
    "location",
    [
        *("http://[::1", "http://[", "//[::1", "https://[::1]]/", "http://[v1.x"),
        *("http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://me:secret@127.0.0.1/"),
        *("ftp://127.0.0.1/", "http://" + "a" * 70 + "/", "/" + "a" * 9_000, "http://xn--a\xff/"),
    ],
)
def test_a_redirect_to_an_invalid_address_is_refused(
    server: Server, client: Client, location: str
) -> None:
    server.answers["/x"] = lambda handler: handler.answer(302, b"", Location=location)
    with pytest.raises(SourceError) as caught:
        client.get_file(server.url + "/x", bytes)
    assert "secret" not in str(caught.value)
    assert server.asked == ["/x"]


def raw(*parts: bytes, endless: bytes = b"") -> Callable[[Handler], None]:
    """Send bytes as they are, and then some without an end, until the client hangs up."""

    def answer(handler: Handler) -> None:
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(b"".join(parts))
            while endless:
                handler.wfile.write(endless * (65_536 // len(endless)))

    return answer


OK = b"HTTP/1.1 200 OK\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"  # of deflate: it stands for no byte at all


@pytest.mark.parametrize(
    "answer",
    [
        raw(endless=CONTINUE),
        raw(OK, b"Content-Encoding: deflate\r\n\r\n\x78\x9c", endless=EMPTY_BLOCK),
        raw(OK, b"Transfer-Encoding: chunked\r\n\r\n0\r\n", endless=b"X: y\r\n"),
    ],
    ids=["heads", "empty blocks", "trailers"],
)
def test_an_endless_answer_without_a_body_is_cut_off(
    server: Server,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[Handler], None],
) -> None:
    monkeypatch.setattr(connections, "MOST_RECEIVED", 1_000_000)
    monkeypatch.setattr(connections, "LARGEST_HEAD", 1_000_000)
    server.answers["/x"] = answer
    with pytest.raises(SourceError, match="larger than 1,000,000 bytes with its framing"):
        client.get_file(server.url + "/x", bytes)
    assert server.asked == ["/x"]


def test_a_head_of_line_ends_takes_no_memory(server: Server, client: Client) -> None:
    server.answers["/x"] = raw(OK, (b"X: " + b"\r" * 60_000 + b"\r\n") * 90, b"\r\nbody")
    tracemalloc.start()
    with pytest.raises(SourceError, match="larger than 400,000 bytes with its framing"):
        client.get_file(server.url + "/x", bytes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_body_in_tiny_pieces_is_cut_off(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("product_classifier.sources.web.client.MOST_PIECES", 1_000)
    server.answers["/x"] = raw(OK, b"Transfer-Encoding: chunked\r\n\r\n", endless=b"1\r\nx\r\n")
    with pytest.raises(SourceError, match="sent in more than 1,000 pieces"):
        client.get_file(server.url + "/x", bytes)


def test_an_answer_that_is_too_large_is_named(server: Server, client: Client) -> None:
    server.answers["/x"] = lambda handler: handler.answer(200, b"", length=10**12)
    with pytest.raises(SourceError) as found:
        client.get_json(server.url + "/x", {"pid": "secret"})
    line = f"{server.url}/x cannot be read: larger than 20,000,000 bytes"
    assert str(found.value) == line


def test_a_length_beyond_the_limit_is_refused_before_the_body(
    server: Server, client: Client
) -> None:
    server.answers["/x"] = lambda handler: handler.answer(200, b"", length=10**12)
    with pytest.raises(SourceError, match="larger than 20,000,000 bytes"):
        client.get_file(server.url + "/x", bytes)
    assert server.asked == ["/x"]


def test_an_answer_with_two_lengths_is_refused(server: Server, client: Client) -> None:
    server.answers["/x"] = raw(OK, b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef")
    with pytest.raises(SourceError, match="the answer has several lengths"):
        client.get_file(server.url + "/x", bytes)


@pytest.mark.parametrize("body", [b"[[" + b"],[" * 999 + b"]]", b"[" + b"{}," * 999 + b"{}]"])
def test_json_of_too_many_values_is_refused_before_it_is_parsed(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr("product_classifier.sources.web.client.MOST_VALUES", 1_000)
    server.answers["/x"] = lambda handler: handler.answer(200, body)
    with pytest.raises(SourceError, match="more than 1,000 values of JSON"):
        client.get_json(server.url + "/x", {"pid": KEY})
    assert server.asked == ["/x"]


@pytest.mark.parametrize("body", [b"9" * 100_000, b"[" * 100_000, '"a"'.encode("utf-16"), b"\xff"])
def test_json_that_python_cannot_parse_is_refused(
    server: Server, client: Client, body: bytes
) -> None:
    server.answers["/x"] = lambda handler: handler.answer(200, body)
    with pytest.raises(SourceError, match="not JSON"):
        client.get_json(server.url + "/x", {})


@pytest.mark.parametrize("address", ["http://me:secret@{}/x", "http://secret@{}/x"])
def test_a_password_in_an_address_is_refused_and_not_printed(
    server: Server, client: Client, address: str
) -> None:
    with pytest.raises(SourceError, match="holds a user or a password, which are never sent") as e:
        client.get_file(address.format(server.url.removeprefix("http://")), bytes)
    assert "secret" not in str(e.value)
    assert server.asked == []


def test_a_private_address_behind_a_name_is_not_even_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = socket.getaddrinfo

    def lie(host: str, *args: object, **kwargs: object) -> object:
        return real("127.0.0.1", *args, **kwargs)  # type: ignore[arg-type]

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        monkeypatch.setattr(socket, "getaddrinfo", lie)
        for scheme in ("http", "https"):
            with pytest.raises(SourceError, match=r"shop\.example is in a private network"):
                Client().get_file(f"{scheme}://shop.example:{listening.getsockname()[1]}/x", bytes)
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_a_proxy_is_told_the_user_and_password_of_its_address(
    server: Server, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setenv("http_proxy", server.url.replace("//", "//me:a%40b@"))
    client = Client(environment_proxies=True, sleep=time.sleep, clock=time.clock)

    def answer(handler: Handler) -> None:
        told.append(handler.headers["Proxy-Authorization"])
        handler.answer(200, b"picture")

    server.answers["http://shop.example/x"] = answer
    assert client.get_file("http://shop.example/x", bytes) == b"picture"
    assert told == ["Basic " + base64.b64encode(b"me:a@b").decode()]


@pytest.mark.parametrize("proxy", ["socks5://h:1", "http://[::1", "http://h:99999", "ftp://h", ":"])
def test_an_invalid_proxy_is_refused(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(SourceError, match="is not a proxy's address"):
        Client(environment_proxies=True)
