"""Detection of close-ups: a classifier trained on some products of a shop, tested on others.

A close-up is the middle of a picture, a quarter to two fifths of its area. The whole picture is
shrunk to the size of its close-up, so that sharpness does not distinguish them. The figures of
Atlas' network are the published ones, on close-ups that shops had made.
"""

from __future__ import annotations

import csv
import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from PIL import Image as PillowImage

from benchmarks.catalogues import FEWEST
from benchmarks.common import Row, measure, percent, read_products
from benchmarks.embedding import files_to_cache
from benchmarks.folds import positions
from benchmarks.mini import accuracy
from product_classifier.backbones import MINI
from product_classifier.backbones.backbone import Backbone, load_backbone
from product_classifier.models.split import position_of
from product_classifier.recipes.select_products import select
from product_classifier.records import Dataset, Image, Product
from product_classifier.selection import Selection
from product_classifier.store.database import open_database
from product_classifier.store.product_pictures import read_picture_choice

LEARNED = 500  # products, each with a whole picture and a close-up
ZOOMED = 0.15  # share of the others whose main picture is a close-up, as in Atlas
AREA = (0.25, 0.4)  # of a close-up, as a share of the picture
ATLAS = {"zoomed": (0.97, 0.97, 0.97), "normal": (0.99, 0.99, 0.99)}
STRICT = 0.9  # threshold
TIMED = 480  # products
TURNS = 5


@dataclass(frozen=True)
class Shop:
    """A catalogue to mark; truth: whether each picture is a close-up, by SHA-256."""

    place: Path
    truth: dict[str, bool]

    def mark(self, graph: Path, *options: object) -> str:
        """Mark the catalogue's pictures; returns the progress messages."""
        where = ["--db-path", self.place / "crawl.db", "--images-path", self.place / "images"]
        return measure("crawl.py", "--filter-images", graph, *where, *options).errors

    def right(self) -> dict[str, tuple[float, float, float]]:
        """Return precision, recall and F1 of each label."""
        with open_database(self.place / "crawl.db") as db:
            marked = read_picture_choice(db, 1).marked
        zoomed = {sha256 for sha256, is_zoomed in self.truth.items() if is_zoomed}
        return {
            "zoomed": scores(set(marked), zoomed),
            "normal": scores(self.truth.keys() - marked, self.truth.keys() - zoomed),
        }

    def dataset(self) -> Dataset:
        """Return the catalogue's data set, as categorizers read it."""
        with open_database(self.place / "crawl.db") as db:
            return select(db, Selection(min_per_category=FEWEST))[0]


def run(shared: Path) -> Iterator[Row]:
    """Train on fashion and on flipkart, mark other products, and categorize without the marked."""
    inception = shared / "weights" / "inception_v3"
    mini = load_backbone(MINI)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        fashion, flipkart = (
            read_pictured(shared / "data" / shop) for shop in ("fashion", "flipkart")
        )
        zoom = retrained(fashion[:LEARNED], MINI, place / "fashion.onnx")
        shop = make_shop(fashion[LEARNED:], place / "fashion")
        before = accuracy(shop.dataset(), shop.place, mini)
        yield from rows("fashion, other products, mini", shop, zoom)
        dataset = shop.dataset()
        after = accuracy(dataset, shop.place, mini)
        tested = sum(item.part == "test" for item in dataset.items)
        figure = f"images, fashion, main pictures of 15 % close-ups: accuracy (N={tested})"
        yield Row(figure, percent([after]), f"marks unused {before:.2%}", "reported")
        yield from speed_rows(make_shop(fashion[-TIMED:], place / "timed"), zoom, mini)
        other = make_shop(flipkart[LEARNED:], place / "flipkart")
        own = flipkart[:LEARNED]
        for title, graph in (
            ("learned from fashion, mini", zoom),
            ("other products, mini", retrained(own, MINI, place / "flipkart.onnx")),
            ("other products, Inception v3", retrained(own, inception, place / "flipkart.pb")),
        ):
            yield from rows(f"flipkart, {title}", other, graph)


def speed_rows(shop: Shop, graph: Path, mini: Backbone) -> Iterator[Row]:
    """Compare the speed from files to marks with that from files to cache, turn by turn."""
    files = sorted((shop.place / "source").iterdir())
    speeds = [
        (per_second(shop.mark(graph, "--filter-label", label)), files_to_cache(files, mini))
        for label in ("zoomed", "normal")
        * ((TURNS + 1) // 2)  # another label scores all pictures again
    ][1:]
    ours, cached = (median(speed) for speed in zip(*speeds, strict=True))
    ratio = median(mark / cache for mark, cache in speeds)
    beside = f"{ours:.0f}/s = {ratio:.2f} x", f"mini, files to cache {cached:.0f}/s"
    yield Row("pictures a second, files to marks, mini", *beside, "reported")


def per_second(messages: str) -> float:
    """Return the pictures per second in the progress messages of crawl.py."""
    match = re.search(r"^pictures: ([\d,]+) in ([\d.]+) s", messages, re.MULTILINE)
    assert match
    return int(match[1].replace(",", "")) / float(match[2])


def rows(title: str, shop: Shop, graph: Path) -> Iterator[Row]:
    """Compare each label with Atlas' figures, at the default and at a stricter threshold."""
    shop.mark(graph)
    zoomed = sum(shop.truth.values())
    for label, count in (("zoomed", zoomed), ("normal", len(shop.truth) - zoomed)):
        beside = percent(shop.right()[label]), f"Atlas {percent(ATLAS[label])}"
        yield Row(f"{title}: {label}, P / R / F (N={count:,})", *beside, "reported")
    shop.mark(graph, "--threshold", STRICT)
    yield Row(f"  … zoomed at {STRICT}", percent(shop.right()["zoomed"]), "", "reported")
    shop.mark(graph)


def scores(marked: set[str], true: set[str]) -> tuple[float, float, float]:
    """Return precision, recall and their harmonic mean."""
    both = len(marked & true)
    return both / len(marked), both / len(true), 2 * both / (len(marked) + len(true))


def read_pictured(folder: Path) -> list[Product]:
    """Return products with a picture in random order, duplicates next to each other."""
    products = [product for product in read_products(folder) if product.image]
    texts = [f"{product.name}\n{product.description}" for product in products]
    files = [str(product.image) for product in products]
    images: list[Image | None] = [
        Image(address=file, file="", sha256=digest(Path(file))) for file in files
    ]
    ids = [product.id for product in products]
    where = dict(zip(ids, positions(texts, images), strict=True))
    return sorted(products, key=lambda product: (where[product.id], product.id))


def write_examples(products: Sequence[Product], folder: Path) -> None:
    """Write both versions of each picture, into a folder for each label."""
    for product in products:
        for label, picture in versions(product).items():
            (folder / label).mkdir(parents=True, exist_ok=True)
            picture.save(folder / label / f"{product.id}.jpg", quality=95)


def make_shop(products: Sequence[Product], place: Path) -> Shop:
    """Crawl products; some have a close-up before the whole picture, others only the latter."""
    folder, truth = place / "source", {}
    folder.mkdir(parents=True)
    with (place / "products.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "name", "description", "category_path", "image", "more_images"])
        for product in products:
            shown = []
            for label, picture in sorted(versions(product).items(), reverse=True):
                if label == "normal" or chance(product, "shown") < ZOOMED:
                    shown.append(f"{product.id}-{label}.jpg")
                    picture.save(folder / shown[-1], quality=95)
                    truth[digest(folder / shown[-1])] = label == "zoomed"
            texts = product.id, product.name, product.description, product.categories[0]
            table.writerow([*texts, shown[0], "|".join(shown[1:])])
    source = ["--from", place / "products.csv", "--images", folder, "--images-per-product", 2]
    where = ["--db-path", place / "crawl.db", "--images-path", place / "images"]
    measure("crawl.py", *source, *where)
    return Shop(place, truth)


def versions(product: Product) -> dict[str, PillowImage.Image]:
    """Return a close-up of a product's picture, and the whole picture at the same size."""
    with PillowImage.open(str(product.image)) as opened:
        whole = opened.convert("RGB")
    low, high = AREA
    side = (low + (high - low) * chance(product, "area")) ** 0.5
    width, height = round(whole.width * side), round(whole.height * side)
    left, top = (whole.width - width) // 2, (whole.height - height) // 2
    return {
        "normal": whole.resize((width, height), PillowImage.Resampling.LANCZOS),
        "zoomed": whole.crop((left, top, left + width, top + height)),
    }


def chance(product: Product, purpose: str) -> float:
    """Return a number in [0, 1) that depends on a product's picture and a purpose alone."""
    return position_of(f"{purpose} {digest(Path(str(product.image)))}")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def retrained(products: Sequence[Product], backbone: object, graph: Path) -> Path:
    """Return a graph that retrain.py trained on both versions of each picture."""
    place = graph.with_suffix("")
    write_examples(products, place / "examples")
    where = ["--output_graph", graph, "--bottleneck_dir", place / "bottleneck"]
    where += ["--summaries_dir", place / "logs", "--model_dir", place / "net"]
    measure("retrain.py", "--image_dir", place / "examples", "--backbone", backbone, *where)
    return graph
