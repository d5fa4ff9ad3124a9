"""Fetch JSON and files from untrusted servers: rate-limited, retried, bounded, public hosts only.

Messages never contain a query string, which may hold an API key.
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

import requests
import urllib3.exceptions as failure
from urllib3 import BaseHTTPResponse
from urllib3.util.url import Url

from product_classifier import __version__
from product_classifier.errors import KeyRejectedError, SourceError, UnusableError
from product_classifier.sources.web.connections import (
    TIMEOUT,
    ApiSession,
    bare,
    joined,
    parts_of,
    pools,
    require_public,
)
from product_classifier.sources.web.rate_limit import RateLimiter
from product_classifier.system_errors import reason_of

TRIES = 5
BUSY = frozenset({429, 503})  # statuses by which a server asks for a pause
TRANSIENT = frozenset({408}) | frozenset(range(500, 600))
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
MAX_BYTES = 20_000_000  # of one answer, both as it comes and decompressed
MOST_PIECES = 200_000  # of an answer: each piece takes memory of its own
MOST_VALUES = 2_000_000  # of one JSON answer: a value of 3 bytes takes up to 240 of memory
NOT_AN_ADDRESS = (failure.LocationValueError, requests.exceptions.InvalidURL, UnicodeError)
OWN_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
CHUNK = 65_536
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A whole answer of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    counted: bool  # whether the server announced the length, so that a cut would be noticed


@dataclass(frozen=True)
class _Redirect:
    target: str


class Client:
    """Asks servers, each at a rate of its own; safe to use from several threads.

    per_minute: requests to a host, None for no limit; connections: to a host at the same time;
    contact: an address that is sent to servers, for their operators; environment_proxies: whether
    to use the proxies that the environment names; sleep and clock: replaced by tests.
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
        self._new_limiter = functools.partial(RateLimiter, per_minute, sleep, clock)
        self._allow_private = allow_private
        self._max_bytes = max_bytes
        self._sleep = sleep
        self._agent = f"product-classifier/{__version__}" + (f" ({contact})" if contact else "")
        proxies = urllib.request.getproxies() if environment_proxies else {}
        self._pools = {
            scheme: pools(connections, allow_private, proxies.get(scheme))
            for scheme in ("http", "https")
        }
        self._session = ApiSession(self._pools)
        self._limiters: dict[str, RateLimiter] = {}
        self._limiters_lock = threading.Lock()

    @property
    def pauses(self) -> int:
        """The number of pauses that servers have asked for."""
        return sum(limiter.pauses for limiter in self._limiters.values())

    def get_json(self, url: str, parameters: Mapping[str, Any]) -> Any:
        """Return the parsed JSON of an answer of any status: an API's errors are JSON too.

        Redirects are not followed, since the parameters may hold a key. Raises KeyRejectedError for
        a 401 or 403 without JSON, and SourceError if all tries fail.
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
            address = f"{url}?{urlencode(parameters, doseq=True)}"
            return self._tried(address, self._ask_for_json, parse)
        except UnusableError as error:
            raise SourceError(f"{url} failed {TRIES} times: {error}") from None
        except SourceError as error:
            if type(error) is not SourceError or url in str(error):
                raise
            raise SourceError(f"{url} cannot be read: {error}") from None

    def get_file(self, url: str, check: Callable[[bytes], T]) -> T:
        """Fetch a file, following redirects, and return check(its bytes).

        If check raises UnusableError, a body of unknown length is fetched again: it may have been
        cut short. Raises SourceError.
        """

        def parse(answer: Answer) -> T | _Redirect:
            if answer.status in REDIRECTS and "Location" in answer.headers:
                return _Redirect(joined(url, answer.headers["Location"]))
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
                answer = self._tried(url, self._ask_for_file, parse)
                if not isinstance(answer, _Redirect):
                    return answer
                url = answer.target
        except UnusableError as error:
            raise SourceError(f"failed {TRIES} times: {error}") from None
        raise SourceError(f"redirects more than {MOST_REDIRECTS} times")

    def _tried(self, url: str, ask: Callable[[Url], Answer], parse: Callable[[Answer], T]) -> T:
        """Return the first answer that parse accepts. Raises UnusableError if all tries fail."""
        target = parts_of(url)
        limiter = self._limiter(target)
        problem = ""
        for attempt in range(TRIES):
            limiter.wait()
            try:
                answer = ask(target)
                if answer.status in BUSY:
                    limiter.pause(_seconds(answer.headers.get("Retry-After", "")))
                    problem = f"HTTP {answer.status}"
                    continue
                limiter.resume()
                if answer.status not in TRANSIENT:
                    return parse(answer)
                problem = f"HTTP {answer.status}"
            except UnusableError as error:
                problem = str(error)
            except NOT_AN_ADDRESS:
                raise SourceError(f"not an address that can be fetched: {bare(url)!r}") from None
            except (failure.HTTPError, OSError) as error:
                problem = _cause(error)
            if attempt < TRIES - 1:
                self._sleep(random.uniform(0, 2.0**attempt))
        raise UnusableError(problem)

    def _ask_for_json(self, target: Url) -> Answer:
        response = self._session.get(
            target.url,
            headers=self._headers("gzip"),
            allow_redirects=False,
            stream=True,
            timeout=TIMEOUT,
        )
        return self._read(response.raw)

    def _ask_for_file(self, target: Url) -> Answer:
        pools = self._pools[str(target.scheme)]
        through_proxy = pools.proxy and target.scheme == "http"  # which wants the whole URL
        response = pools.connection_from_host(target.host, target.port, target.scheme).urlopen(
            "GET",
            target.url if through_proxy else target.request_uri,
            headers=self._headers("identity"),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            timeout=TIMEOUT,
        )
        return self._read(response)

    def _headers(self, encoding: str) -> dict[str, str]:
        return {"User-Agent": self._agent, "Accept": "*/*", "Accept-Encoding": encoding}

    def _read(self, response: BaseHTTPResponse) -> Answer:
        """Read an answer to its end. Raises SourceError for one that is too large."""
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
            response.close()  # the rest of this answer would be taken for the next answer
            raise
        finally:
            response.release_conn()

    def _limiter(self, target: Url) -> RateLimiter:
        """Return the rate limiter of a host. Raises SourceError for a private host."""
        if not self._allow_private:
            require_public(str(target.host))
        with self._limiters_lock:
            return self._limiters.setdefault(target.netloc or "", self._new_limiter())


def _values(body: bytes) -> int:
    """Return an upper bound of the number of values in a JSON text, without parsing it."""
    return 1 + sum(map(body.count, (b",", b":", b"[", b"{")))


def _seconds(retry_after: str) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date; None for anything else."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after)
    try:
        return email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _cause(error: BaseException) -> str:
    """Return the cause of a failure without its URL, which exceptions of urllib3 contain."""
    if isinstance(error, requests.RequestException) and error.args:
        error = error.args[0] if isinstance(error.args[0], BaseException) else error
    if "CERTIFICATE_VERIFY_FAILED" in str(error) and isinstance(error, failure.SSLError):
        return "its TLS certificate cannot be verified"
    if own_limit := _own_limit(error):
        return own_limit
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


def _own_limit(error: BaseException | None) -> str | None:
    """Return the limit of this machine that caused a failure, or None."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in OWN_LIMITS:
            return reason_of(error)
        error = error.__cause__ or error.__context__
    return None
