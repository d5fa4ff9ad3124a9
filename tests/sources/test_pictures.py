"""Fetching pictures from a folder, and what does not count as one."""

from pathlib import Path

import pytest

from product_classifier.records import Image
from product_classifier.sources.http import Client
from product_classifier.sources.pictures import fetch_pictures
from product_classifier.store.images import ImageFolder
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
    assert image == Image(f"{tmp_path}/a.jpg", name, sha256(data), 30, 40)
    assert (tmp_path / "stored" / name).read_bytes() == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (jpeg()[:-200], "broken picture"),
        (b"<html>Sorry</html>", "not a picture (HTML)"),
        (b"", "not a picture (no bytes)"),
    ],
)
def test_what_is_no_whole_picture_is_a_reason_and_no_file(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    image = fetch(tmp_path, f"{tmp_path}/a.jpg")["a.jpg"]
    assert image.file is None
    assert str(image.error).startswith(reason)
    assert not (tmp_path / "stored").exists()


def test_a_file_that_is_not_there_is_a_reason(tmp_path: Path) -> None:
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
