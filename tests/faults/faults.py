"""Faults of a server: each function answers a request wrongly in one way.

It returns whether the connection can be used again.
"""

from __future__ import annotations

import contextlib
import gzip
import time

from tests.faults.server import Conversation, reset

JSON, JPEG = "application/json", "image/jpeg"
DRIP = 0.05  # seconds between two bytes
FOREIGN = "http://127.0.0.2:9/secret"  # target of redirects that must not be followed


def too_many_requests(talk: Conversation) -> bool:
    talk.send(429, b"slow down")
    return True


def too_many_requests_for_a_while(talk: Conversation) -> bool:
    talk.send(429, b"slow down", headers={"Retry-After": "0"})
    return True


def server_error(talk: Conversation) -> bool:
    talk.send(500, b"<html>oops</html>", headers={"Content-Type": "text/html"})
    return True


def unavailable(talk: Conversation) -> bool:
    talk.send(503, b"", headers={"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"})
    return True


def timeout_of_the_server(talk: Conversation) -> bool:
    talk.send(408, b"")
    return True


def reset_before_the_answer(talk: Conversation) -> bool:
    reset(talk.socket)
    return False


def closed_before_the_answer(talk: Conversation) -> bool:
    return False


def reset_inside_the_head(talk: Conversation) -> bool:
    talk.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    reset(talk.socket)
    return False


def reset_inside_the_body(talk: Conversation) -> bool:
    talk.send(data=talk.body.data[: len(talk.body.data) // 2], length=len(talk.body.data))
    time.sleep(0.01)
    reset(talk.socket)
    return False


def short_with_length(talk: Conversation) -> bool:
    talk.send(data=talk.body.data[:-10], length=len(talk.body.data))
    return False


def short_without_length(talk: Conversation) -> bool:
    talk.send(data=talk.body.data[: len(talk.body.data) * 2 // 3], length=-1)
    return False


def chunks_without_an_end(talk: Conversation) -> bool:
    half = talk.body.data[: len(talk.body.data) // 2]
    chunk = f"{len(half):x}\r\n".encode() + half + b"\r\n"
    talk.send(data=chunk, length=-1, headers={"Transfer-Encoding": "chunked"})
    return False


def no_http_at_all(talk: Conversation) -> bool:
    talk.socket.sendall(b"220 mail.example ESMTP\r\n")
    return False


def truncated_gzip(talk: Conversation) -> bool:
    talk.send(data=gzip.compress(talk.body.data)[:-9], headers={"Content-Encoding": "gzip"})
    return True


def no_gzip_after_all(talk: Conversation) -> bool:
    talk.send(headers={"Content-Encoding": "gzip"})
    return True


def invalid_json(talk: Conversation) -> bool:
    talk.send(data=talk.body.data[:-1] + b",")
    return True


def html(talk: Conversation) -> bool:
    talk.send(data=b"<!doctype html><title>Sorry, we are down</title>")
    return True


def truncated_picture(talk: Conversation) -> bool:
    talk.send(data=talk.body.data[: len(talk.body.data) // 2])
    return True


def slow_drip(talk: Conversation) -> bool:
    talk.send(data=b"", length=len(talk.body.data))
    with contextlib.suppress(OSError):  # the client hangs up, as it should
        for byte in talk.body.data:
            talk.socket.sendall(bytes([byte]))
            time.sleep(DRIP)
    return False


def slow_head(talk: Conversation) -> bool:
    talk.socket.sendall(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(OSError):
        while True:
            talk.socket.sendall(b"X")
            time.sleep(DRIP)
    return False


def endless_body(talk: Conversation) -> bool:
    talk.send(data=b"", length=-1)
    with contextlib.suppress(OSError):
        while True:
            talk.socket.sendall(bytes(65_536))
    return False


BOMB = gzip.compress(bytes(10_000_000)) * 20  # 200 kB that become 200 MB


def gzip_bomb(talk: Conversation) -> bool:
    talk.send(data=BOMB, headers={"Content-Encoding": "gzip"})
    return True


def redirect_in_a_circle(talk: Conversation) -> bool:
    talk.send(302, b"", headers={"Location": talk.path})
    return True


def redirect_to_a_file(talk: Conversation) -> bool:
    talk.send(302, b"", headers={"Location": "file:///etc/passwd"})
    return True


def redirect_to_a_private_address(talk: Conversation) -> bool:
    talk.send(302, b"", headers={"Location": FOREIGN})
    return True


ANYWHERE = (
    too_many_requests,
    too_many_requests_for_a_while,
    server_error,
    unavailable,
    timeout_of_the_server,
    reset_before_the_answer,
    closed_before_the_answer,
    reset_inside_the_head,
    reset_inside_the_body,
    short_with_length,
    short_without_length,
    chunks_without_an_end,
    no_http_at_all,
    truncated_gzip,
    no_gzip_after_all,
    slow_drip,
    slow_head,
    endless_body,
    gzip_bomb,
)
FAULTS = {
    JSON: (*ANYWHERE, invalid_json, html),
    JPEG: (
        *ANYWHERE,
        html,
        truncated_picture,
        redirect_in_a_circle,
        redirect_to_a_file,
        redirect_to_a_private_address,
    ),
}
