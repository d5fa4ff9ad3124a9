"""Private addresses are not requested, and pictures stay in their folder."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import pytest

from product_classifier.errors import SourceError
from product_classifier.sources.web import connections
from product_classifier.sources.web.client import Client
from product_classifier.sources.web.connections import is_public
from product_classifier.sources.web.download_pictures import fetch_pictures
from product_classifier.store.image_folder import ImageFolder
from tests.faults.faults import JPEG
from tests.faults.server import Body, Conversation, FaultServer
from tests.faults.shop import picture, signed
from tests.sources.web.test_client import Time

SPELLINGS = (
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "shop.localhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "shop.example@127.0.0.1",
    "127.0.0.1.",
)


def secret(path: str, address: str) -> Body:
    return Body(JPEG, b"secret")


def client() -> Client:
    time = Time()
    return Client(sleep=time.sleep, clock=time.clock)


@pytest.mark.parametrize("host", SPELLINGS)
def test_private_addresses_are_refused_in_any_spelling(host: str) -> None:
    with FaultServer(secret).running() as server:
        port = server.address.rpartition(":")[2]
        with pytest.raises(SourceError):
            client().get_file(f"http://{host}:{port}/x", bytes)
        assert server.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "localhost", "0x7f000001"])
def test_private_addresses_can_be_allowed(host: str) -> None:
    with FaultServer(secret).running() as server:
        port = server.address.rpartition(":")[2]
        data = Client(allow_private=True).get_file(f"http://{host}:{port}/x", bytes)
        assert data == b"secret"


@pytest.mark.parametrize("target", ["http://127.0.0.2:{port}/x", "//127.0.0.2:{port}/x"])
def test_a_redirect_to_a_private_address_is_not_followed(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        connections, "is_public", lambda address: address == "127.0.0.1" or is_public(address)
    )
    with FaultServer(secret, host="127.0.0.2").running() as inside:
        location = target.format(port=inside.address.rpartition(":")[2])

        def redirect(talk: Conversation) -> bool:
            talk.send(302, b"", headers={"Location": location})
            return True

        with FaultServer(secret, {JPEG: [redirect]}, share=1).running() as outside:
            with pytest.raises(SourceError, match=r"127\.0\.0\.2 is in a private network"):
                client().get_file(f"{outside.address}/x", bytes)
            assert len(outside.requests) == 1
        assert inside.requests == []


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher", "data", "javascript"])
def test_a_redirect_to_another_scheme_than_http_is_not_followed(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "is_public", lambda address: True)

    def redirect(talk: Conversation) -> bool:
        talk.send(302, b"", headers={"Location": f"{scheme}:///etc/passwd"})
        return True

    with (
        FaultServer(secret, {JPEG: [redirect]}, share=1).running() as server,
        pytest.raises(SourceError, match="not an address that can be fetched"),
    ):
        client().get_file(f"{server.address}/x", bytes)


def test_a_name_that_resolves_differently_later_is_checked_when_connecting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = []
    real = socket.getaddrinfo

    def rebind(host: str, *args: object, **kwargs: object) -> object:
        looked_up.append(host)
        return real("127.0.0.1", *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    with FaultServer(secret).running() as server:
        port = server.address.rpartition(":")[2]
        with pytest.raises(SourceError, match=r"shop\.example is in a private network"):
            client().get_file(f"http://shop.example:{port}/x", bytes)
        assert looked_up == ["shop.example"]
        assert server.requests == []


PIECES = (
    *("..", ".", "", "/", "\\", "%2e%2e", "%2F", "%5c", "%00", "~", "-rf", "CON", "NUL", "aux.jpg"),
    *("etc", "passwd", "a" * 300, "😀", "é", "ı", "\u202egpj.exe", ";", "|", "$(id)", "`id`", "\n"),
    *("?file=../../x", "#../x", "image.jpg", "IMAGE.JPG", "image.jpg:stream", " ", "*", "//x", "@"),
)


@pytest.mark.slow
def test_every_picture_has_its_own_file_in_the_folder_whatever_its_address(tmp_path: Path) -> None:
    chance = random.Random(0)
    made = {"/".join(chance.choices(PIECES, k=chance.randrange(1, 9))) for _ in range(13_000)}
    small = picture(8)

    def answer(path: str, address: str) -> Body:
        return Body(JPEG, signed(path, small))

    folder = ImageFolder(tmp_path / "deep" / "images")
    with FaultServer(answer).running() as server:
        addresses = [f"{server.address}/{text}" for text in made]
        client = Client(connections=16, allow_private=True)
        batches = fetch_pictures(addresses, client, None, folder)
        images = [image for batch in batches for image in batch if image.file]
        assert len(images) == len(made) > 10_000
        served = {request.path for request in server.requests}
    assert len({image.file for image in images}) == len(served)
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {folder.path / str(image.file) for image in images}
