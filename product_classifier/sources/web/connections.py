"""Connections that refuse private addresses before connecting, and end at a deadline or a size.

ApiSession is a requests.Session over the same pools, which asks APIs for JSON. It decides nothing
that the client decides: it follows no redirect, retries nothing, and takes neither cookies nor
passwords from anywhere.
"""

from __future__ import annotations

import ipaddress
import math
import re
import socket
import ssl
import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import unquote, urljoin

import certifi
import requests
import urllib3
import urllib3.exceptions as failure
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import LocationParseError
from urllib3.util.retry import Retry
from urllib3.util.url import Url, parse_url

from product_classifier.errors import ForbiddenError, SourceError
from product_classifier.limits import LONGEST_ADDRESS

TIMEOUT = 20.0  # seconds without a byte
DEADLINE = 120.0  # seconds for a whole answer
MOST_RECEIVED = 25_000_000  # bytes of a body as received, the framing of its chunks included
LARGEST_HEAD = 400_000  # bytes of status and headers; each header takes memory of its own
BUFFER = 65_536  # bytes


def pools(connections: int, allow_private: bool, proxy: str | None = None) -> urllib3.PoolManager:
    """Return connection pools with at most a number of connections to each host.

    allow_private: whether private and loopback addresses may be connected to. proxy: its URL, with
    user and password if it needs them; then only the host in a request's URL is checked, since the
    proxy resolves names. Raises SourceError if the proxy's URL is not one.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.sslsocket_class = _TlsSocket
    options: dict[str, Any] = {"maxsize": connections, "block": True, "ssl_context": context}
    manager = _by_proxy(proxy, options) if proxy else urllib3.PoolManager(**options)
    # urllib3 would compare all options for each request; here they never differ
    manager.key_fn_by_scheme = {"http": _place, "https": _place}  # type: ignore[dict-item]
    anywhere = allow_private or proxy
    plain, tls = (_Pool, _TlsPool) if anywhere else (_PublicPool, _PublicTlsPool)
    manager.pool_classes_by_scheme = {"http": plain, "https": tls}
    return manager


def _by_proxy(proxy: str, options: Mapping[str, Any]) -> urllib3.ProxyManager:
    try:
        address = parse_url(proxy if "://" in proxy else f"http://{proxy}")
        if not address.host:
            raise failure.LocationValueError("no host")
        headers = urllib3.make_headers(proxy_basic_auth=unquote(address.auth or "") or None)
        plain = address._replace(auth=None).url
        return urllib3.ProxyManager(plain, proxy_headers=headers, **options)
    except (failure.LocationValueError, UnicodeError):
        raise SourceError(
            "HTTP_PROXY or HTTPS_PROXY is not a proxy's address, such as http://proxy.example:3128"
        ) from None


def _place(context: Mapping[str, Any]) -> tuple[str, str, int]:
    return context["scheme"], context["host"], context["port"]


def require_public(host: str) -> None:
    """Raise ForbiddenError for localhost and for a private IP address."""
    if host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost"):
        raise _forbidden(host)
    try:
        public = is_public(host.strip("[]"))
    except ValueError:
        return  # a name, or an odd spelling: its addresses are checked before connecting
    if not public:
        raise _forbidden(host)


class _LimitedReads:
    """A socket that limits the time and the bytes of all its reads together.

    Without it, a server could send a byte just before each timeout, or endless headers. System
    calls are few, because with many threads each call is slow.
    """

    until = math.inf  # seconds, as of time.monotonic()
    most = left = MOST_RECEIVED

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        seconds = self.until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError(f"not complete after {DEADLINE:.0f} s")
        if seconds < TIMEOUT:
            self.settimeout(seconds)
        received = int(super().recv_into(*args, **kwargs))  # type: ignore[misc]
        self.left -= received
        if self.left < 0:
            raise SourceError(f"larger than {self.most:,} bytes with its framing")
        return received

    def settimeout(self, seconds: float | None) -> None:
        if seconds != self.gettimeout():  # type: ignore[attr-defined]
            super().settimeout(seconds)  # type: ignore[misc]

    def makefile(self, mode: Any, *args: Any, **kwargs: Any) -> Any:
        return super().makefile(mode, BUFFER)  # type: ignore[misc]


class _Socket(_LimitedReads, socket.socket):  # type: ignore[misc]
    pass


class _TlsSocket(_LimitedReads, ssl.SSLSocket):  # type: ignore[misc]
    pass


class _LimitedConnection:
    """A connection with a deadline and byte limits for each request."""

    sock: Any

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)  # type: ignore[misc]
        self.sock.until = time.monotonic() + DEADLINE

    def getresponse(self) -> Any:
        sock = self.sock  # the connection drops it if the server closes after the answer
        sock.most = sock.left = LARGEST_HEAD
        answer = super().getresponse()  # type: ignore[misc]
        sock.most = sock.left = MOST_RECEIVED
        return answer


class _Connection(_LimitedConnection, HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _Socket(fileno=super()._new_conn().detach())


class _TlsConnection(_LimitedConnection, HTTPSConnection):
    pass


class _Public:
    """A connection to public addresses only.

    A name is resolved once, and the addresses that were checked are those that are connected to.
    """

    _dns_host: str
    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        name, problem = self._dns_host, None
        try:
            for address in self._public_addresses():
                self._dns_host = address
                try:
                    return super()._new_conn()  # type: ignore[misc,no-any-return]
                except failure.ConnectTimeoutError as error:  # or no connection at all
                    problem = error
        finally:
            self._dns_host = name
        raise problem or _forbidden(self.host)

    def _public_addresses(self) -> list[str]:
        try:
            addresses = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise failure.NameResolutionError(self.host, self, error) from None  # type: ignore[arg-type]
        return [str(place[0]) for *_, place in addresses if is_public(str(place[0]))]


class _PublicConnection(_Public, _Connection):
    pass


class _PublicTlsConnection(_Public, _TlsConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


def _forbidden(host: str) -> ForbiddenError:
    return ForbiddenError(f"{host} is in a private network; pass --allow-private if you mean it")


# Networks refused beside those that `ipaddress` calls private: ways into IPv4 that hide the
# target, and networks that versions of Python judge differently. Source: IANA's registries of
# special-purpose addresses.
CLOSED = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT
            "192.0.0.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "198.18.0.0/15",  # benchmarks
            "::/96",  # IPv4-compatible
            "::ffff:0:0:0/96",  # IPv4-translated
            "64:ff9b::/96",  # NAT64
            "64:ff9b:1::/48",  # local NAT64
            "100::/64",  # discard
            "2001::/23",  # Teredo and protocols
            "2002::/16",  # 6to4
            "3fff::/20",  # documentation
            "5f00::/16",  # segment routing
            "fec0::/10",  # site-local
        ),
    )
)


def is_public(address: str) -> bool:
    """Return whether an IP address, as `getpeername` writes it, belongs to the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    closed = any(ip in network for network in CLOSED if network.version == ip.version)
    return ip.is_global and not (closed or ip.is_multicast or ip.is_reserved)


def parts_of(url: str) -> Url:
    """Return the parts of a URL. Raises SourceError, which names no password, for a bad URL."""
    try:
        target = parse_url(url) if len(url) <= LONGEST_ADDRESS else Url()
    except LocationParseError:
        target = Url()
    if target.scheme not in ("http", "https") or not target.host or target.port == 0:
        raise SourceError(f"not an address that can be fetched: {bare(url)!r}")
    if target.auth is not None:
        raise SourceError(f"{bare(url)} holds a user or a password, which are never sent")
    return target._replace(fragment=None)


def joined(url: str, location: str) -> str:
    """Return the target of a redirect. Raises SourceError if the target is not an address."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise SourceError(
            f"redirects to something that is not an address: {bare(location)!r}"
        ) from None


def bare(url: str) -> str:
    """Return a URL without its query, user and password, which may be secret."""
    text = url[:LONGEST_ADDRESS].partition("?")[0]
    return re.sub(r"(?is)^(https?:[/\\]*)?.*@", r"\1", text)  # a password may hold slashes


NO_RETRIES = Retry(False, redirect=False)  # errors are raised as they are


class ApiSession(requests.Session):
    """A session whose connections are those of the pools; pools: by scheme."""

    def __init__(self, pools: Mapping[str, PoolManager]) -> None:
        super().__init__()
        self.trust_env = False  # neither .netrc nor proxies of the environment
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        for scheme, manager in pools.items():
            self.mount(f"{scheme}://", _GuardedAdapter(manager))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return None: requests would read the whole body of a redirect, and parse its target."""
        return None


class _GuardedAdapter(HTTPAdapter):
    """An adapter over connection pools that exist already."""

    def __init__(self, manager: PoolManager) -> None:
        self._guarded = manager
        super().__init__(max_retries=NO_RETRIES)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use the guarded pools instead of new ones."""
        self.poolmanager = self._guarded

    def request_url(
        self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None
    ) -> str:
        """Return the path to ask for; an HTTP proxy needs the whole URL."""
        url = str(request.url)
        if self._guarded.proxy and url.startswith("http://"):
            return url
        return super().request_url(request, proxies)
