"""Two connected network namespaces, with a real public and a real private address.

Run as `unshare --net --mount python -m tests.faults.namespaces`: this process is the client in one
namespace, its child is the server in another one. Nothing outside the two can be reached. Prints
as JSON the result of each request, and the addresses of the server that were connected to.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PUBLIC, PRIVATE, NAT64 = "93.184.216.34", "10.9.8.7", "64:ff9b::a09:807"
CLIENT = ("93.184.216.1/24", "10.9.8.1/24", "64:ff9b::a09:801/112")
HOSTS = {"intranet.example": [PRIVATE], "both.example": [PRIVATE, PUBLIC]}
REDIRECTS = {
    "private": f"http://{PRIVATE}/secret",
    "scheme-relative": f"//{PRIVATE}/secret",
    "name": "http://intranet.example/secret",
    "decimal": "http://168364039/secret",
    "octal": "http://012.011.010.07/secret",
    "hexadecimal": "http://0x0a090807/secret",
    "short": "http://10.591879/secret",
    "mapped": f"http://[::ffff:{PRIVATE}]/secret",
    "NAT64": f"http://[{NAT64}]/secret",
    "loopback": "http://127.0.0.1/secret",
    "loopback by a short name": "http://0/secret",
    "dotted name": "http://localhost./secret",
}


class Server(ThreadingHTTPServer):
    """A server at all addresses of its namespace, which prints the address of each connection."""

    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, peer = super().get_request()
        send(connection.getsockname()[0].removeprefix("::ffff:"))
        return connection, peer


class Handler(BaseHTTPRequestHandler):
    """A handler that redirects the paths of REDIRECTS and returns bytes for any other path."""

    def do_GET(self) -> None:
        target = REDIRECTS.get(self.path[1:].replace("%20", " "))
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"bytes")

    def log_message(self, *args: object) -> None:
        pass


def serve() -> None:
    """Wait until the namespaces are connected, then serve until the client ends."""
    sys.stdin.readline()
    ip("link set lo up")
    ip("link set server up")
    for address in (f"{PUBLIC}/24", f"{PRIVATE}/24", f"{NAT64}/112 nodad"):
        ip(f"address add {address} dev server")
    server = Server(("::", 80), Handler)
    send("ready")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.readline()


def send(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


@contextmanager
def cabled_server() -> Iterator[subprocess.Popen[str]]:
    """Start a server in a new namespace that is connected to this one."""
    command = ["unshare", "--net", sys.executable, "-m", __spec__.name, "server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin
        assert server.stdout
        while os.readlink(f"/proc/{server.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            pass  # until it has left this namespace
        ip("link set lo up")
        ip(f"link add client type veth peer name server netns {server.pid}")
        ip("link set client up")
        for address in CLIENT:
            ip(f"address add {address} dev client" + (" nodad" if ":" in address else ""))
        server.stdin.write("\n")
        server.stdin.flush()
        assert server.stdout.readline() == "ready\n"
        yield server


def main() -> None:
    """Request each redirect and each name, and print the outcomes."""
    from product_classifier.errors import SourceError
    from product_classifier.sources.web.client import Client

    with tempfile.NamedTemporaryFile("w") as hosts:
        hosts.writelines(f"{ip} {name}\n" for name, ips in HOSTS.items() for ip in ips)
        hosts.flush()
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
    os.environ["http_proxy"] = f"http://{PRIVATE}/"  # must be ignored

    def outcome(client: Client, url: str) -> str:
        try:
            return client.get_file(url, bytes).decode()
        except SourceError as error:
            return str(error)

    with cabled_server() as server:
        outcomes = {
            name: outcome(Client(), f"http://{PUBLIC}/{name.replace(' ', '%20')}")
            for name in REDIRECTS
        }
        outcomes["no redirect"] = outcome(Client(), f"http://{PUBLIC}/picture")
        outcomes["private name"] = outcome(Client(), "http://intranet.example/picture")
        outcomes["public and private name"] = outcome(Client(), "http://both.example/picture")
        connected, _ = server.communicate("\n")
        send(json.dumps({"outcomes": outcomes, "connected": connected.split()}))


if __name__ == "__main__":
    if sys.argv[1:] == ["server"]:
        serve()
    else:
        sys.path.insert(0, str(Path(__file__).parents[2]))
        main()
