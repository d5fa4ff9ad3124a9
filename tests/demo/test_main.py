"""The demo command: files that it leaves alone, and its errors."""

from pathlib import Path

import pytest

from demo.__main__ import prepare, run_scripts
from demo.catalogue.products import make_catalogue
from demo.server import serve
from product_classifier.errors import ProductClassifierError


def test_the_demo_empties_its_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "crawl.db").write_text("a user's own")
    with pytest.raises(ProductClassifierError, match="pass another --folder"):
        prepare(tmp_path)
    assert (tmp_path / "crawl.db").read_text() == "a user's own"
    own = tmp_path / "demo_out"
    prepare(own)
    (own / "crawl.db").touch()
    prepare(own)
    assert not (own / "crawl.db").exists()


def test_an_error_names_a_port_that_is_in_use() -> None:
    catalogue = make_catalogue(products=50)
    with serve(catalogue) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises(ProductClassifierError, match=rf"port {port}: .*pass another --port"):
            serve(catalogue, port).__enter__()


def test_every_command_that_reads_pictures_names_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network from a folder is never opened because a database names it."""
    commands: list[tuple[object, ...]] = []
    monkeypatch.setattr("demo.__main__.run", lambda *words, **_: commands.append(words))
    run_scripts("http://127.0.0.1:1", tmp_path / "demo_out", "a/saved_model")
    reading = [words for words in commands if "--cache-path" in words and "--images-path" in words]
    assert {words[0] for words in reading} == {
        *("categorize_images.py", "categorize_both.py", "analyze.py")
    }
    assert all(words[words.index("--backbone") + 1] == "a/saved_model" for words in reading)
