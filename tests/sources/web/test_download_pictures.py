"""Fetching pictures from a folder, and refusing files that are not pictures below it."""

import os
from pathlib import Path

import pytest

from product_classifier.errors import SourceError
from product_classifier.records import Image
from product_classifier.sources.web.client import Client
from product_classifier.sources.web.download_pictures import fetch_pictures
from product_classifier.store.image_folder import ImageFolder
from tests.conftest import jpeg, sha256


def fetch(folder: Path | None, *addresses: str) -> dict[str, Image]:
    store = ImageFolder((folder or Path()) / "stored")
    found = fetch_pictures(addresses, Client(), folder, store, workers=2)
    return {Path(image.address).name: image for images in found for image in images}


def test_a_whole_picture_is_stored_under_its_content(tmp_path: Path) -> None:
    data = jpeg(size=(30, 40))
    (tmp_path / "a.jpg").write_bytes(data)
    image = fetch(tmp_path, f"{tmp_path}/a.jpg")["a.jpg"]
    name = f"{sha256(data)[:2]}/{sha256(data)}.jpg"
    assert image == Image(
        address=f"{tmp_path}/a.jpg", file=name, sha256=sha256(data), width=30, height=40
    )
    assert (tmp_path / "stored" / name).read_bytes() == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (jpeg()[:-200], "broken picture"),
        (b"<html>Sorry</html>", "not a picture (HTML)"),
        (b"", "not a picture (no bytes)"),
    ],
)
def test_an_incomplete_picture_is_reported_and_not_stored(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    image = fetch(tmp_path, f"{tmp_path}/a.jpg")["a.jpg"]
    assert image.file is None
    assert str(image.error).startswith(reason)
    assert not (tmp_path / "stored").exists()


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    image = fetch(tmp_path, f"{tmp_path}/none.jpg")["none.jpg"]
    assert image.error == "No such file or directory"


def test_files_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (inside / "link.jpg").symlink_to(tmp_path / "a.jpg")
    found = fetch(inside, f"{tmp_path}/a.jpg", f"{inside}/../a.jpg", f"{inside}/link.jpg")
    assert all("not below the folder" in str(image.error) for image in found.values())


def test_a_file_is_never_read_on_behalf_of_an_api(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    assert "not below" in str(fetch(None, f"{tmp_path}/a.jpg")["a.jpg"].error)


def test_equal_pictures_are_one_file(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(jpeg())
    found = fetch(tmp_path, f"{tmp_path}/a.jpg", f"{tmp_path}/b.jpg")
    assert len({image.file for image in found.values()}) == 1


class Faulty:
    """Stands in for a client that has a fault nobody has thought of."""

    def get_file(self, address: str, check: object) -> object:
        if "fault" in address:
            raise ZeroDivisionError("of \x1b nothing")
        raise SourceError("HTTP 404")


def test_a_fault_of_the_program_costs_one_picture_and_is_reported(tmp_path: Path) -> None:
    addresses = [f"http://a/{name}" for name in ("1", "fault", "2")]
    store = ImageFolder(tmp_path / "stored")
    found = fetch_pictures(addresses, Faulty(), None, store, workers=1)  # type: ignore[arg-type]
    errors = {image.address: image.error for images in found for image in images}
    assert errors.pop("http://a/fault") == (
        "a fault of this program, please report it: ZeroDivisionError('of \\x1b nothing')"
    )
    assert errors == {"http://a/1": "HTTP 404", "http://a/2": "HTTP 404"}


def test_a_pipe_or_a_folder_is_not_a_picture_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    found = fetch(tmp_path, f"{tmp_path}/pipe.jpg", f"{tmp_path}/folder.jpg")
    assert {image.error for image in found.values()} == {
        f"it is a {kind}, not a file; save its contents as a file first"
        for kind in ("pipe", "folder")
    }


def test_a_file_too_large_to_be_a_picture_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(10**12)  # of holes
    assert "larger than 160,000,000 bytes" in str(fetch(tmp_path, f"{tmp_path}/a.jpg"))
