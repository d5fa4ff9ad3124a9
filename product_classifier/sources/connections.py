"""Connections that look where they lead before they say anything, and hang up at a deadline."""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from product_classifier.errors import ForbiddenError
from product_classifier.sources.addresses import is_public

TIMEOUT = 20.0  # seconds without a byte
DEADLINE = 120.0  # seconds for a whole answer
BUFFER = 65_536  # bytes


def pools(connections: int, allow_private: bool, proxy: str | None = None) -> urllib3.PoolManager:
    """Keep at most some connections to each host.

    allow_private: whether private and loopback addresses may be asked. proxy: its URL; the address
    that is judged is then what the URL names, since only the proxy knows where a name leads.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.sslsocket_class = _TlsSocket
    options: dict[str, Any] = {"maxsize": connections, "block": True, "ssl_context": context}
    manager = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
    # urllib3 would compare all options each time; here they are the same for all
    manager.key_fn_by_scheme = {"http": _place, "https": _place}  # type: ignore[dict-item]
    anywhere = allow_private or proxy
    plain, tls = (_Pool, _TlsPool) if anywhere else (_PublicPool, _PublicTlsPool)
    manager.pool_classes_by_scheme = {"http": plain, "https": tls}
    return manager


def _place(context: Mapping[str, Any]) -> tuple[str, str, int]:
    return context["scheme"], context["host"], context["port"]


def insist_on_public(host: str) -> None:
    """Refuse a host that names a private address itself. Raises ForbiddenError."""
    if host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost"):
        raise _forbidden(host)
    try:
        public = is_public(host.strip("[]"))
    except ValueError:
        return  # a name, or an odd spelling: its address is judged once it is connected
    if not public:
        raise _forbidden(host)


class _Deadline:
    """Limits what all reads take together; a server may send a byte just before each timeout.

    Asks the system as little as it can: threads that wait for each other make each call dear.
    """

    until = math.inf  # as time.monotonic() tells it

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"not complete after {DEADLINE:.0f} s")
        if left < TIMEOUT:
            self.settimeout(left)
        return int(super().recv_into(*args, **kwargs))  # type: ignore[misc]

    def settimeout(self, seconds: float | None) -> None:
        if seconds != self.gettimeout():  # type: ignore[attr-defined]
            super().settimeout(seconds)  # type: ignore[misc]

    def makefile(self, mode: Any, *args: Any, **kwargs: Any) -> Any:
        return super().makefile(mode, BUFFER)  # type: ignore[misc]


class _Socket(_Deadline, socket.socket):  # type: ignore[misc]
    pass


class _TlsSocket(_Deadline, ssl.SSLSocket):  # type: ignore[misc]
    pass


class _Hasty:
    """A connection whose deadline begins anew with each request."""

    sock: Any

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)  # type: ignore[misc]
        self.sock.until = time.monotonic() + DEADLINE


class _Connection(_Hasty, HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _Socket(fileno=super()._new_conn().detach())


class _TlsConnection(_Hasty, HTTPSConnection):
    pass


class _PublicConnection(_Connection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host)


class _PublicTlsConnection(_TlsConnection):
    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), self.host)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


def _checked(connection: socket.socket, host: str) -> socket.socket:
    """Look where a connection really went: names may lead anywhere, and change."""
    if not is_public(connection.getpeername()[0]):
        connection.close()
        raise _forbidden(host)
    return connection


def _forbidden(host: str) -> ForbiddenError:
    return ForbiddenError(f"{host} is in a private network; pass --allow-private if you mean it")
