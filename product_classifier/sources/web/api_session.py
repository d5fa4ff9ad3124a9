"""A requests.Session over the guarded connection pools, which asks APIs for JSON.

It decides nothing that the client decides: it follows no redirect, retries nothing, and takes
neither cookies nor passwords from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.util.retry import Retry

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
        """Return the path to ask for; a proxy for http wants the whole URL."""
        url = str(request.url)
        if self._guarded.proxy and url.startswith("http://"):
            return url
        return super().request_url(request, proxies)
