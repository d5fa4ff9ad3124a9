"""Fetching from servers nobody here controls: paced, retried, bounded, not from private networks.

Messages never contain a query string: it may hold an API key.
"""

from __future__ import annotations

import email.utils
import ipaddress
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.exceptions as failure
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from product_classifier import __version__
from product_classifier.errors import SourceError

TRIES = 5
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
PERMANENT = (failure.InvalidURL, failure.InvalidSchema, failure.MissingSchema, UnicodeError)
TIMEOUT = 20.0  # seconds without a byte
DEADLINE = 120.0  # seconds for one whole answer
LONGEST_PAUSE = 120.0  # seconds, whatever Retry-After says
MAX_BYTES = 20_000_000  # of one answer, after decompression


class Client:
    """An HTTP session with a pace, safe to use from several threads.

    requests_per_minute: None for no pace. connections: how many are kept open. allow_private:
    whether loopback and private addresses may be asked. sleep: replaced by tests.
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        connections: int = 1,
        allow_private: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 60 / requests_per_minute if requests_per_minute else 0.0
        self._next_turn = 0.0
        self._turns = threading.Lock()
        self._sleep = sleep
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"product-classifier/{__version__}"
        self._session.max_redirects = 5
        adapter = _PublicAdapter if not allow_private else requests.adapters.HTTPAdapter
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter(pool_maxsize=connections))

    def get_json(self, url: str, params: Mapping[str, str | int]) -> Any:
        """Fetch and parse JSON, whatever its status: an API's errors are JSON too.

        Redirects are not followed, since params may hold a key. Raises SourceError.
        """
        status, document = self._retried(url, params, parse=_json)
        if 300 <= status < 400:
            raise SourceError(
                f"{_bare(url)} redirects elsewhere; pass the new address as --api-url"
            )
        return document

    def get_bytes(self, url: str) -> bytes:
        """Fetch a file of at most 20 MB. Raises SourceError."""
        status, body = self._retried(url, params=None, parse=bytes)
        if status != 200:
            raise SourceError(f"HTTP {status}")
        return bytes(body)

    def _retried(
        self, url: str, params: Mapping[str, str | int] | None, parse: Callable[[bytes], Any]
    ) -> tuple[int, Any]:
        problem = ""
        for attempt in range(TRIES):
            self._wait_for_turn()
            pause = random.uniform(0, 2.0**attempt)
            try:
                status, body, retry_after = self._get(url, params)
                if 300 <= status < 400:
                    return status, None
                if status not in RETRIED_STATUSES:
                    return status, parse(body)
                problem = f"HTTP {status}"
                pause = _seconds(retry_after, default=pause)
            except PERMANENT:
                raise SourceError(f"not an address that can be fetched: {_bare(url)!r}") from None
            except failure.TooManyRedirects:
                raise SourceError(f"{_bare(url)} redirects more than 5 times") from None
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                problem = _cause(error)
            except ValueError:
                problem = "the answer is not JSON"
            if attempt < TRIES - 1:
                self._sleep(pause)
        raise SourceError(f"{_bare(url)} failed {TRIES} times: {problem}")

    def _get(self, url: str, params: Mapping[str, str | int] | None) -> tuple[int, bytes, str]:
        started = time.monotonic()
        is_file = params is None
        with self._session.get(
            url,
            params=params,
            headers={"Accept-Encoding": "identity"} if is_file else None,
            allow_redirects=is_file,
            stream=True,
            timeout=TIMEOUT,
        ) as answer:
            body = bytearray()
            while chunk := answer.raw.read1(65_536, decode_content=True):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise SourceError(f"larger than {MAX_BYTES:,} bytes")
                if time.monotonic() - started > DEADLINE:
                    raise failure.ReadTimeout(f"not complete after {DEADLINE:.0f} s")
            if answer.raw.length_remaining:
                raise failure.ChunkedEncodingError("the body was cut short")
            return answer.status_code, bytes(body), answer.headers.get("Retry-After", "")

    def _wait_for_turn(self) -> None:
        with self._turns:
            now = time.monotonic()
            turn = max(now, self._next_turn)
            self._next_turn = turn + self._interval
        if turn > now:
            self._sleep(turn - now)


class _PublicAdapter(requests.adapters.HTTPAdapter):
    """Refuses private addresses: written ones before connecting, resolved ones before sending."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PublicPool, "https": _PublicTlsPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        host = urlsplit(request.url or "").hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            _refuse(host)
        _refuse_private(host)
        return super().send(request, *args, **kwargs)


class _PublicConnection(HTTPConnection):
    def _new_conn(self) -> Any:
        return _checked(super()._new_conn(), self.host)


class _PublicTlsConnection(HTTPSConnection):
    def _new_conn(self) -> Any:
        return _checked(super()._new_conn(), self.host)


class _PublicPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


def _checked(connection: Any, host: str) -> Any:
    """Look where the connection really went: names may resolve to anything, and change."""
    try:
        _refuse_private(connection.getpeername()[0], name=host)
    except SourceError:
        connection.close()
        raise
    return connection


def _refuse_private(address: str, name: str | None = None) -> None:
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return  # a name: its address is looked at once it is connected
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if not ip.is_global or ip.is_multicast:
        _refuse(name or address)


def _refuse(host: str) -> None:
    raise SourceError(f"{host} is in a private network; pass --allow-private if you mean it")


def _json(body: bytes) -> Any:
    return json.loads(body.decode("utf-8-sig", errors="replace"))


def _seconds(retry_after: str, default: float) -> float:
    """Read Retry-After, which is a number of seconds or a date."""
    try:
        pause = float(retry_after)
    except ValueError:
        try:
            pause = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except ValueError:
            pause = default
    return min(max(pause, 0.0), LONGEST_PAUSE)


def _cause(error: BaseException) -> str:
    """Name a failure without its URL, which exceptions of requests and urllib3 contain."""
    for kind, text in (
        (requests.Timeout, "no answer in time"),
        (urllib3.exceptions.TimeoutError, "no answer in time"),
        (failure.SSLError, "its TLS certificate cannot be verified"),
        (failure.ProxyError, "the proxy cannot be reached"),
        (failure.ChunkedEncodingError, "the answer was cut short"),
        (urllib3.exceptions.DecodeError, "the answer is compressed wrongly"),
        (urllib3.exceptions.ProtocolError, "the answer was cut short"),
        (requests.ConnectionError, "no connection"),
    ):
        if isinstance(error, kind):
            return text
    return type(error).__name__


def _bare(url: str) -> str:
    return url.partition("?")[0]
