"""Fetching from servers nobody here controls: paced, retried, bounded, not from private networks.

Messages never contain a query string: it may hold an API key.
"""

from __future__ import annotations

import email.utils
import errno
import functools
import json
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3.exceptions as failure
from urllib3.util.url import Url

from product_classifier import __version__
from product_classifier.errors import KeyRejectedError, SourceError, UnusableError
from product_classifier.sources.web.connections import (
    TIMEOUT,
    bare,
    insist_on_public,
    joined,
    parts_of,
    pools,
)
from product_classifier.sources.web.rate_limit import Gate
from product_classifier.system_errors import reason_of

TRIES = 5
BUSY = frozenset({429, 503})  # these ask everybody to wait
TRANSIENT = frozenset({408}) | frozenset(range(500, 600))
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
MAX_BYTES = 20_000_000  # of one answer, both as it comes and decompressed
MOST_PIECES = 200_000  # that an answer may come in, since each takes memory of its own
MOST_VALUES = 2_000_000  # of one JSON answer: a value of three bytes takes up to 240 of memory
OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
CHUNK = 65_536
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A whole answer of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    counted: bool  # the server said how long the body is, so that it cannot be cut short


@dataclass(frozen=True)
class _Moved:
    to: str


class Client:
    """Asks servers, each through a gate of its own; safe to use from several threads.

    per_minute: requests to a host, None for no limit; connections: to a host at once; contact: an
    address for those who run the servers; environment_proxies: whether to ask through the proxies
    that the environment names; sleep and clock: replaced by tests.
    """

    def __init__(
        self,
        per_minute: float | None = None,
        connections: int = 1,
        *,
        allow_private: bool = False,
        contact: str = "",
        environment_proxies: bool = False,
        max_bytes: int = MAX_BYTES,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._new_gate = functools.partial(Gate, per_minute, sleep, clock)
        self._allow_private = allow_private
        self._max_bytes = max_bytes
        self._sleep = sleep
        self._agent = f"product-classifier/{__version__}" + (f" ({contact})" if contact else "")
        proxies = urllib.request.getproxies() if environment_proxies else {}
        self._pools = {
            scheme: pools(connections, allow_private, proxies.get(scheme))
            for scheme in ("http", "https")
        }
        self._gates: dict[str, Gate] = {}
        self._gates_lock = threading.Lock()

    @property
    def pauses(self) -> int:
        """How often servers have asked for a rest."""
        return sum(gate.pauses for gate in self._gates.values())

    def get_json(self, url: str, parameters: Mapping[str, Any]) -> Any:
        """Fetch and parse JSON, whatever its status: an API's errors are JSON too.

        Redirects are not followed, since the parameters may hold a key. Raises KeyRejectedError
        where a 401 or 403 says no more, and SourceError for what fails for good.
        """

        def parse(answer: Answer) -> Any:
            if answer.status in REDIRECTS:
                raise SourceError(
                    f"{url} redirects elsewhere; pass the new address as --api-url or --from"
                )
            if _values(answer.body) > MOST_VALUES:
                raise SourceError(f"{url} answers with more than {MOST_VALUES:,} values of JSON")
            try:
                return json.loads(answer.body.decode("utf-8-sig", errors="replace"))
            except (ValueError, RecursionError):
                if answer.status in (401, 403):
                    raise KeyRejectedError(
                        f"the API rejected the key ({answer.status}); "
                        "set SHOPSTYLE_API_KEY or pass --api-key-file"
                    ) from None
                raise UnusableError("the answer is not JSON") from None

        try:
            return self._tried(f"{url}?{urlencode(parameters, doseq=True)}", "gzip", parse)
        except UnusableError as error:
            raise SourceError(f"{url} failed {TRIES} times: {error}") from None

    def get_file(self, url: str, check: Callable[[bytes], T]) -> T:
        """Fetch a file, following redirects, and return what check makes of it.

        check may raise UnusableError; what may have been cut short is then fetched again. Raises
        SourceError.
        """

        def parse(answer: Answer) -> T | _Moved:
            if answer.status in REDIRECTS and "Location" in answer.headers:
                return _Moved(joined(url, answer.headers["Location"]))
            if answer.status != 200:
                raise SourceError(f"HTTP {answer.status}")
            try:
                return check(answer.body)
            except UnusableError as error:
                if answer.counted:
                    raise SourceError(str(error)) from None
                raise

        try:
            for _ in range(MOST_REDIRECTS + 1):
                found = self._tried(url, "identity", parse)
                if not isinstance(found, _Moved):
                    return found
                url = found.to
        except UnusableError as error:
            raise SourceError(f"failed {TRIES} times: {error}") from None
        raise SourceError(f"redirects more than {MOST_REDIRECTS} times")

    def _tried(self, url: str, encoding: str, parse: Callable[[Answer], T]) -> T:
        """Ask until an answer can be used. Raises UnusableError where none of the tries' can."""
        target = parts_of(url)
        gate = self._gate(target)
        problem = ""
        for attempt in range(TRIES):
            gate.wait()
            try:
                answer = self._ask(target, encoding)
                if answer.status in BUSY:
                    gate.close(_seconds(answer.headers.get("Retry-After", "")))
                    problem = f"HTTP {answer.status}"
                    continue
                gate.open()
                if answer.status not in TRANSIENT:
                    return parse(answer)
                problem = f"HTTP {answer.status}"
            except UnusableError as error:
                problem = str(error)
            except (failure.LocationValueError, UnicodeError):
                raise SourceError(f"not an address that can be fetched: {bare(url)!r}") from None
            except (failure.HTTPError, OSError) as error:
                problem = _cause(error)
            if attempt < TRIES - 1:
                self._sleep(random.uniform(0, 2.0**attempt))
        raise UnusableError(problem)

    def _ask(self, target: Url, encoding: str) -> Answer:
        pools = self._pools[str(target.scheme)]
        whole = pools.proxy and target.scheme == "http"  # what such a proxy wants to be told
        response = pools.connection_from_host(target.host, target.port, target.scheme).urlopen(
            "GET",
            target.url if whole else target.request_uri,
            headers={"User-Agent": self._agent, "Accept": "*/*", "Accept-Encoding": encoding},
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            timeout=TIMEOUT,
        )
        try:
            chunks, size = [], 0
            if (response.length_remaining or 0) > self._max_bytes:
                raise SourceError(f"larger than {self._max_bytes:,} bytes")
            while chunk := response.read1(CHUNK, decode_content=True):
                chunks.append(chunk)
                size += len(chunk)
                if max(size, response.tell()) > self._max_bytes:
                    raise SourceError(f"larger than {self._max_bytes:,} bytes")
                if len(chunks) > MOST_PIECES:
                    raise SourceError(f"sent in more than {MOST_PIECES:,} pieces")
            if response.length_remaining:
                raise failure.ProtocolError("cut short")
            counted = "Content-Length" in response.headers or response.chunked
            return Answer(response.status, response.headers, b"".join(chunks), counted)
        except BaseException:
            response.close()  # what is still to come would be taken for the next answer
            raise
        finally:
            response.release_conn()

    def _gate(self, target: Url) -> Gate:
        """Find the gate before a host. Raises SourceError for one that must not be asked."""
        if not self._allow_private:
            insist_on_public(str(target.host))
        with self._gates_lock:
            return self._gates.setdefault(target.netloc or "", self._new_gate())


def _values(body: bytes) -> int:
    """Count at least as many values as a JSON text holds, far cheaper than to parse it."""
    return 1 + sum(map(body.count, (b",", b":", b"[", b"{")))


def _seconds(retry_after: str) -> float | None:
    """Read Retry-After, which is a number of seconds or a date."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after)
    try:
        return email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _cause(error: BaseException) -> str:
    """Name a failure without its URL, which urllib3's exceptions contain."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error) and isinstance(error, failure.SSLError):
        return "its TLS certificate cannot be verified"
    if limited := _limited(error):
        return limited
    for kind, text in (
        (failure.NameResolutionError, "the server's name is unknown"),
        (failure.NewConnectionError, "no connection"),  # a TimeoutError to urllib3
        (failure.TimeoutError, "no answer in time"),
        (TimeoutError, "no answer in time"),
        (failure.InvalidHeader, "the answer has several lengths"),
        (failure.SSLError, "no TLS connection"),
        (failure.ProxyError, "the proxy cannot be reached"),
        (failure.DecodeError, "the answer is compressed wrongly"),
        (failure.ProtocolError, "the answer was cut short"),
        (OSError, "no connection"),
    ):
        if isinstance(error, kind):
            return text
    return type(error).__name__


def _limited(error: BaseException | None) -> str | None:
    """Tell which limit of this machine is behind a failure, if one is."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in OWN_LIMITS:
            return reason_of(error)
        error = error.__cause__ or error.__context__
    return None
