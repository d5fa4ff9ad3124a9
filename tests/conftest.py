"""Small catalogues for the tests, and the paths of data that may be absent."""

from __future__ import annotations

import gc
import hashlib
import io
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import settings
from PIL import Image as PillowImage

from product_classifier.recipes.select_products import learnable_labels
from product_classifier.records import Category, Dataset, Product, Skipped
from product_classifier.selection import Selection
from product_classifier.store import importing
from product_classifier.store.categories_to_learn import read_candidates
from product_classifier.store.database import open_database
from product_classifier.store.dataset import read_dataset

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
pytest_plugins = ["tests.processor_time"]

EXAMPLES = 1_000 if "SOAK" in os.environ else 50  # of each generated input
# a slow or busy machine is no fault
settings.register_profile("any machine", deadline=None, max_examples=EXAMPLES)
settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with many slow tests first, so that none of them runs alone at the end."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(autouse=True, scope="module")
def _freeze_loaded_libraries() -> None:
    """Exclude loaded libraries from garbage collection, which readers of feeds often run."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def shared() -> Path:
    """Real data and weights, which are not part of the project."""
    if not SHARED.is_dir():
        pytest.skip("../shared is not there")
    return SHARED


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with open_database(tmp_path / "crawl.db", create=True) as connection:
        yield connection


def jpeg(colour: str = "red", size: tuple[int, int] = (30, 40)) -> bytes:
    """A whole picture of one colour."""
    file = io.BytesIO()
    PillowImage.new("RGB", size, colour).save(file, "JPEG")
    return file.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


TREE = [
    Category(id="women", name="Women", parent="all", path="", leaf=False),
    Category(id="jeans", name="Jeans", parent="women", path="jeans", leaf=False),
    Category(id="bootcut", name="Bootcut", parent="jeans", path="jeans/bootcut", leaf=True),
    Category(id="flare", name="Flare", parent="jeans", path="jeans/flare", leaf=True),
    Category(id="belts", name="Belts", parent="women", path="belts", leaf=True),
]


def product(
    identity: str,
    *categories: str,
    name: str = "",
    image: str | None = None,
    more: tuple[str, ...] = (),
) -> Product:
    return Product(
        id=identity,
        name=name or f"product {identity}",
        description="",
        categories=categories,
        image=image,
        more_images=more,
    )


def save_import(
    db: sqlite3.Connection,
    categories: Iterable[Category],
    products: Iterable[Product],
    skipped: Iterable[Skipped],
    source: str,
) -> None:
    """Store a small catalogue as an import of a file does."""
    importing.save_import(db, [*categories, *products, *skipped], source)


def shop(db: sqlite3.Connection, per_leaf: int = 30) -> list[Product]:
    """Fill a database with leaves that their names tell apart."""
    words = {"bootcut": "boot denim", "flare": "wide denim", "belts": "leather buckle"}
    products = [
        product(f"{leaf}-{k:03}", leaf, name=f"{text} no {k}")
        for leaf, text in words.items()
        for k in range(per_leaf)
    ]
    save_import(db, TREE, products, [], "products.csv")
    return products


def dataset_of(
    db: sqlite3.Connection,
    parts: Mapping[str, str],
    chosen: tuple[str, ...] = (),
    images_per_product: int = 1,
) -> Dataset:
    """Read a data set whose products are in given parts of the split."""
    selection = Selection(
        categories=chosen, min_per_category=1, images_per_product=images_per_product
    )
    labels = learnable_labels(read_candidates(db, selection), parts, selection)
    return read_dataset(db, parts, labels, selection)
