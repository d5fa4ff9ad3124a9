"""The demo command: files that it leaves alone, and its errors."""

from pathlib import Path

import pytest

from demo.__main__ import prepare
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
