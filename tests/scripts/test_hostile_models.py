"""Networks that a foreign model folder or database names are neither run nor fetched.

The network is a SavedModel that writes a file when it is run, and the address of a local server.
"""

from __future__ import annotations

import json
import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from product_classifier.backbones.backbone import load_backbone
from product_classifier.backbones.runtime import tensorflow
from tests.hostile.model_folders import rewrite, saved
from tests.scripts.conftest import copy_database, run

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Trap:
    """The path and address of a foreign network, and the file that it writes when it is run."""

    network: Path
    marker: Path
    server: socket.socket
    sha256: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.getsockname()[1]}/network/1"

    def is_untouched(self) -> bool:
        """Return whether the network was not run and the server not connected to."""
        try:
            self.server.accept()
        except BlockingIOError:
            return not self.marker.exists()
        return False


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trap]:
    tf = tensorflow()
    folder = tmp_path_factory.mktemp("evil")
    marker = folder / "marker"

    class Network(tf.Module):  # type: ignore[misc, name-defined]
        @tf.function(input_signature=[tf.TensorSpec([None, 6, 6, 3], tf.float32, name="inputs")])  # type: ignore[untyped-decorator]
        def __call__(self, inputs: Any) -> Any:
            with tf.control_dependencies([tf.io.write_file(str(marker), "owned")]):
                return tf.reduce_mean(inputs, axis=[1, 2])

    network = Network()
    place = folder / "network"
    tf.saved_model.save(network, str(place), signatures={"serving_default": network.__call__})
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        sha256 = load_backbone(str(place)).sha256
        assert marker.exists()  # the network runs
        marker.unlink()
        yield Trap(place, marker, server, sha256)


@pytest.fixture
def shop(crawled: Path, tmp_path: Path) -> Path:
    copy_database(crawled, tmp_path)
    return tmp_path


def model(folder: Path, name: str, sha256: str, called: str = "colours") -> Path:
    """Write a model of pictures whose header names a network by a name and a hash."""
    folder_contents = saved("pictures")
    backbone = {"name": name, "sha256": sha256, "called": called}
    settings = {**folder_contents.header["settings"], "backbone": backbone}
    rewrite(
        folder / "model",
        replace(folder_contents, header={**folder_contents.header, "settings": settings}),
    )
    return folder / "model"


def test_a_folder_cannot_name_a_path_or_an_address(evil: Trap, shop: Path, crawled: Path) -> None:
    pictures = ["--images-path", crawled / "images", "--all"]
    for name in (str(evil.network), evil.address, f"file://{evil.network}", "../network"):
        model(shop, name, evil.sha256)
        output = run(shop, "categorize_images", "--saved", "model", *pictures, code=1).stderr
        assert "model is damaged (the name of the network is" in output
        assert evil.is_untouched()
    for called in (str(evil.network), evil.address):
        model(shop, "given", evil.sha256, called)
        output = run(shop, "categorize_images", "--saved", "model", *pictures, code=1).stderr
        assert "has to be passed as --backbone" in output
        assert evil.is_untouched()


def test_a_passed_network_is_compared_by_hash_before_it_is_opened(
    evil: Trap, shop: Path, crawled: Path
) -> None:
    model(shop, "given", "ab" * 32)
    options = ["--saved", "model", "--images-path", crawled / "images", "--all"]
    output = run(shop, "categorize_images", *options, "--backbone", evil.network, code=1).stderr
    assert "is not that network; pass that network as --backbone" in output
    assert evil.is_untouched()


def test_networks_named_by_a_model_are_not_downloaded(
    evil: Trap, shop: Path, crawled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--saved", "model", "--images-path", crawled / "images", "--all"]
    monkeypatch.setenv("HOME", str(shop))
    for name in ("inception_v3", "vgg16"):
        model(shop, name, evil.sha256)
        output = run(shop, "categorize_images", *options, code=1).stderr
        assert f"pictures are read by {name}" in output
        assert f"pass --backbone {name} to fetch" in output


def test_an_experiment_cannot_name_a_path_or_an_address(
    evil: Trap, categorized: Path, tmp_path: Path
) -> None:
    for name in (str(evil.network), evil.address):
        (tmp_path / "crawl.db").write_bytes((categorized / "crawl.db").read_bytes())
        with sqlite3.connect(tmp_path / "crawl.db") as db:
            [[settings]] = db.execute("select settings from experiment where id = 1")
            changed = {**json.loads(settings), "backbone": name, "weights": evil.sha256}
            db.execute("update experiment set kind = 'images', settings = ?", [json.dumps(changed)])
        db.close()
        output = run(tmp_path, "analyze", "--label-errors", 1, code=1).stderr
        assert "as --backbone" in output
        assert evil.is_untouched()
