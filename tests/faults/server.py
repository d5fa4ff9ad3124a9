"""A server on raw sockets that replaces some healthy answers by faults.

The fault of a request depends on the seed, the path and the number of earlier requests for that
path, but not on threads or time, so the same seed repeats the same faults.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

REASONS = {200: "OK", 302: "Found", 404: "Not Found", 429: "Too Many Requests"}


class Body(NamedTuple):
    """A healthy answer."""

    kind: str  # its Content-Type
    data: bytes
    status: int = 200


class Request(NamedTuple):
    """A request that the server has received."""

    moment: float  # time.monotonic()
    path: str  # with its query
    head: str  # complete
    fault: str  # name of the fault in the answer, or ''


@dataclass
class Conversation:
    """A request to answer, and its socket."""

    socket: socket.socket
    address: str  # of this server
    path: str
    body: Body
    chance: random.Random

    def send(
        self,
        status: int = 200,
        data: bytes | None = None,
        length: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send an answer; length: the declared one, -1 for none."""
        data = self.body.data if data is None else data
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Fault')}"]
        if length != -1:
            lines.append(f"Content-Length: {len(data) if length is None else length}")
        fields = {"Content-Type": self.body.kind, **(headers or {})}
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + data)


Fault = Callable[[Conversation], bool]  # whether the connection can be used again


@dataclass
class FaultServer:
    """A server with the answers of `healthy`, of which a share is replaced by faults."""

    healthy: Callable[[str, str], Body]  # path with query, address of the server
    faults: Mapping[str, Sequence[Fault]] = field(default_factory=dict)  # by Content-Type
    share: float = 0.0
    seed: int = 0
    latency: float = 0.0  # seconds before each answer
    host: str = "127.0.0.1"
    requests: list[Request] = field(default_factory=list)
    address: str = ""
    _times: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def running(self) -> Iterator[FaultServer]:
        """Serve until the block ends."""
        with socket.create_server((self.host, 0), backlog=512) as listening:
            self.address = f"http://{self.host}:{listening.getsockname()[1]}"
            threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
            try:
                yield self
            finally:
                listening.shutdown(socket.SHUT_RDWR)

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # the server has been closed
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):  # a client that hangs up is not an error
            received = b""
            while True:
                while b"\r\n\r\n" not in received:
                    more = connection.recv(65_536)
                    if not more:
                        return
                    received += more
                head, _, received = received.partition(b"\r\n\r\n")
                if not self._answer(connection, head.decode("latin-1")):
                    return

    def _answer(self, connection: socket.socket, head: str) -> bool:
        path = head.split(" ", 2)[1]
        body = self.healthy(path, self.address)
        with self._lock:
            self._times[path] += 1
            chance = random.Random(f"{self.seed} {path} {self._times[path]}")
            known = self.faults.get(body.kind, ())
            fault = chance.choice(known) if known and chance.random() < self.share else None
            name = fault.__name__ if fault else ""
            self.requests.append(Request(time.monotonic(), path, head, name))
        if self.latency:
            time.sleep(self.latency)
        conversation = Conversation(connection, self.address, path, body, chance)
        if fault:
            return fault(conversation)
        conversation.send(body.status)
        return True


def reset(connection: socket.socket) -> None:
    """Reset a connection, as a crash does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
