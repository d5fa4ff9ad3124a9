"""analyze.py --catalogue on 1,000,000 generated products, as a whole process."""

from __future__ import annotations

import hashlib
import io
import itertools
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from benchmarks.common import Row, measure
from product_classifier.records import Category, Image, Page, Product
from product_classifier.store.database import open_database
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import save_import
from product_classifier.store.products import save_images, save_page

PRODUCTS, BATCH, WIDTH = 1_000_000, 20_000, 10  # children of each category, three levels of them
WORDS, FILES, SIDE = 100_000, 200, 800
MOST_SECONDS, MOST_BYTES = 60, 2**30
LETTERS = np.array(list("aeiourstlnmdpkbgcfhv"))


def run(shared: Path) -> Iterator[Row]:
    """Generate the catalogue, and measure the command that writes its page."""
    with tempfile.TemporaryDirectory() as place:
        path, images = Path(place, "crawl.db"), Path(place, "images")
        with open_database(path, create=True) as db:
            fill(db, ImageFolder(images), PRODUCTS)
        page = Path(place, "page.html")
        process = measure(
            *("benchmarks/launch.py", sys.executable, "analyze.py", "--catalogue"),
            *("--db-path", path, "--images-path", images, "--output", page),
        )
        size = page.stat().st_size
    processor, peak = map(float, process.output.split())
    peak *= 1024  # bytes
    yield Row(
        f"page of {PRODUCTS:,} products",
        f"{process.seconds:.1f} s, {peak / 2**30:.2f} GiB",
        "",
        f"<= {MOST_SECONDS} s, < {MOST_BYTES / 2**30:g} GiB",
        process.seconds <= MOST_SECONDS and peak < MOST_BYTES,
    )
    yield Row("  … its processor, alone", f"{processor:.1f} s", "", "reported")
    yield Row("  … its size", f"{size / 1e6:.1f} MB", "", "<= 10 MB", size <= 10_000_000)


def fill(db: sqlite3.Connection, folder: ImageFolder, count: int) -> None:
    """Store products in leaves of Zipf sizes; some lack parts, are duplicates or have HTML."""
    rng = np.random.default_rng(0)
    tree, leaves = grow()
    save_import(db, tree, "generated")
    files = [folder.put(noise(rng), "jpg")[0] for _ in range(FILES)]
    folder.keep()
    words = ["".join(rng.choice(LETTERS, rng.integers(3, 11))) for _ in range(WORDS)]
    for start in range(0, count, BATCH):
        products = make_products(rng, range(start, min(start + BATCH, count)), leaves, words)
        save_page(
            db,
            Page(
                query="generated",
                products=products,
                skipped=[],
                next_offset=start,
                finished=start + BATCH >= count,
            ),
        )
        addresses = {product.image for product in products if product.image}
        save_images(db, [make_image(rng, address, files) for address in sorted(addresses)])


def grow() -> tuple[list[Category], list[str]]:
    """Return a tree of three levels, and its leaves."""
    names = [f"c{number}" for number in range(WIDTH)]
    tree = [Category(id="root", name="Root", parent=None, path="", leaf=False)]
    for level in (1, 2, 3):
        for parts in itertools.product(names, repeat=level):
            path = "/".join(parts)
            tree.append(
                Category(
                    id=path,
                    name=parts[-1],
                    parent=path.rpartition("/")[0] or "root",
                    path=path,
                    leaf=level == 3,
                )
            )
    return tree, [category.path for category in tree if category.leaf]


def make_products(
    rng: np.random.Generator, numbers: range, leaves: Sequence[str], words: Sequence[str]
) -> list[Product]:
    """Return products, of which three in a hundred repeat the text of the previous product."""
    many = len(numbers)
    chosen = np.minimum(rng.zipf(1.3, (many, 2)) - 1, len(leaves) * 1000) % len(leaves)
    spoken = np.minimum(rng.zipf(1.2, many * 60), 2**40) % len(words)
    name_words, chance = rng.integers(2, 13, many), rng.random((many, 5))
    products: list[Product] = []
    for row, number in enumerate(numbers):
        text = [words[k] for k in spoken[row * 60 : row * 60 + 60]]
        name = " ".join(text[: name_words[row]]).title()
        description = " ".join(text[12 : 12 + 20 + number % 28]) if chance[row, 0] > 0.15 else ""
        if chance[row, 1] < 0.2:
            description = f"<p>{description[:80]}</p><ul><li>{description[80:]}</li></ul>"
        if chance[row, 2] < 0.03 and products:
            name, description = products[-1].name, products[-1].description
        within = [leaves[k] for k in chosen[row, : 2 if chance[row, 3] > 0.97 else 1]]
        image = f"https://shop.example/{number - number % 2 * (chance[row, 4] < 0.05)}.jpg"
        products.append(
            Product(
                id=str(number),
                name=name,
                description=description,
                categories=tuple(dict.fromkeys(within)) if chance[row, 3] > 0.02 else (),
                image=image if chance[row, 4] < 0.96 else None,
            )
        )
    return products


def make_image(rng: np.random.Generator, address: str, files: Sequence[str]) -> Image:
    """Return the record of a picture; one in twenty-five could not be fetched."""
    if rng.random() < 0.04:
        return Image(address=address, error=f"HTTP {rng.choice([403, 404, 500])}")
    width, height = rng.integers(60, 1600, 2).tolist()
    digest = hashlib.sha256(address[:-5].encode() if rng.random() < 0.03 else address.encode())
    return Image(
        address=address,
        file=files[int(rng.integers(len(files)))],
        sha256=digest.hexdigest(),
        width=width,
        height=height,
    )


def noise(rng: np.random.Generator) -> bytes:
    """Return a picture that is hard to compress."""
    file = io.BytesIO()
    Picture.fromarray(rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()
