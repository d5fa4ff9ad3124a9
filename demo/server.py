"""A small server that speaks the ShopStyle API, version 2, for the demo catalogue.

Some answers of the real API are not on record. Here an unknown key is 401 InvalidPartnerId, an
unknown category 404 InvalidCategoryId, and an unreadable number 400 InvalidParameter; past the
5,000th product, as past the last one, the key `products` is absent.
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from demo.catalogue.products import DemoCatalogue
from demo.drawing.draw import draw
from demo.shopstyle_api import ApiError, Shop
from product_classifier.errors import ProductClassifierError

KEY = "demo-key"
API = "/api/v2/"


@contextlib.contextmanager
def serve(catalogue: DemoCatalogue, port: int = 0, key: str = KEY) -> Iterator[str]:
    """Serve a catalogue on the loopback interface; yields the server's address."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(catalogue, key))
    except (OSError, OverflowError) as error:
        raise ProductClassifierError(f"port {port}: {error}; pass another --port") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(catalogue: DemoCatalogue, key: str) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        shop = Shop(catalogue)
        api_key = key

    return Handler


class _Handler(BaseHTTPRequestHandler):
    """A handler of one request; accepts proxies' absolute addresses and trailing slashes, too."""

    shop: ClassVar[Shop]
    api_key: ClassVar[str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        path = target.path.rstrip("/")
        parameters = {
            name: [value for value in values if value]
            for name, values in parse_qs(target.query).items()
        }
        if path.startswith(API):
            self._answer_api(path.removeprefix(API), parameters)
        else:
            self._answer_picture(path)

    def _answer_api(self, path: str, parameters: dict[str, list[str]]) -> None:
        host = f"http://{self.headers.get('Host', 'localhost')}"
        try:
            self._check_key(parameters.get("pid", [""])[0])
            status, body = 200, self._route(path, parameters, host)
        except ApiError as error:
            status, body = error.code, error.envelope()
        if parameters.get("suppressResponseCode", [""])[0] in ("1", "true"):
            status = 200
        data = json.dumps(body).encode()
        self._send(status, "application/json;charset=UTF-8", data)

    def _check_key(self, key: str) -> None:
        if not key:
            raise ApiError(401, "MissingPartnerId", "Missing partner id")
        if key != self.api_key:
            raise ApiError(401, "InvalidPartnerId", f"Invalid partner id: {key}")

    def _route(self, path: str, parameters: dict[str, list[str]], host: str) -> dict[str, Any]:
        if path == "categories":
            return self.shop.categories(parameters)
        if path == "products":
            return self.shop.products(parameters, host)
        if path.startswith("products/"):
            return self.shop.product(path.removeprefix("products/"), host)
        raise ApiError(400, "", "HTTP 404 Not Found")

    def _answer_picture(self, path: str) -> None:
        picture = self.shop.picture(path)
        if picture is None or picture[0].image_fault == "missing":
            self._send(404, "text/html", b"<html><body><h1>404 Not Found</h1></body></html>")
            return
        product, size = picture
        if product.image_fault == "not an image":
            self._send(200, "text/html", b"<html><body>Sorry, we are down.</body></html>")
            return
        file = io.BytesIO()
        draw(product, size).save(file, "JPEG", quality=88)
        data = file.getvalue()
        if product.image_fault == "truncated":
            data = data[: len(data) // 2]
        self._send(200, "image/jpeg", data)

    def _send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "max-age=1800")
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(data)  # a stopped crawl closes the connection

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the crawl reports what happens."""
