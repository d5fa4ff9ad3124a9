"""Which addresses a crawl may talk to: URLs that can be asked, on the public internet alone."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util.url import Url, parse_url

from product_classifier.errors import SourceError
from product_classifier.limits import LONGEST_ADDRESS

# Beside what `ipaddress` knows as private: ways into IPv4 that hide where they lead, and what
# Python's versions judge differently. Sources: IANA's special-purpose address registries.
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
    """Tell whether an IP address, as `getpeername` writes it, is one of the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    closed = any(ip in network for network in CLOSED if network.version == ip.version)
    return ip.is_global and not (closed or ip.is_multicast or ip.is_reserved)


def parts_of(url: str) -> Url:
    """Take a URL apart. Raises SourceError, without a password, for what cannot be asked."""
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
    """Find where a redirect leads. Raises SourceError where that is no address."""
    try:
        return urljoin(url, location)
    except ValueError:
        raise SourceError(f"redirects to what is no address: {bare(location)!r}") from None


def bare(url: str) -> str:
    """Leave out of a URL what may be secret: its query, and a user with a password."""
    text = url[:LONGEST_ADDRESS].partition("?")[0]
    return re.sub(r"(?is)^(https?:[/\\]*)?.*@", r"\1", text)  # a password may hold slashes
