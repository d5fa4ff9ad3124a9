"""Label errors on fashion with one label in twenty flipped: ranking, review order, audits."""

from __future__ import annotations

import csv
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.catalogues import FEWEST
from benchmarks.common import Row, measure
from product_classifier.backbones.backbone import load_backbone
from product_classifier.console import SILENT
from product_classifier.evaluate.audit import audited
from product_classifier.features.dataset_features import Features, picture_features, word_features
from product_classifier.models.choices import Choices
from product_classifier.models.cross_fitting import cross_fitted
from product_classifier.models.experiment import run_experiment
from product_classifier.models.label_errors import compare_labels
from product_classifier.predictions import LabelSearch
from product_classifier.recipes.find_label_errors import to_review
from product_classifier.recipes.judge_experiments import Terms, judge_experiment
from product_classifier.recipes.select_products import select
from product_classifier.records import Dataset, Decided
from product_classifier.selection import Selection
from product_classifier.store.database import open_database
from product_classifier.store.decisions import import_decisions
from product_classifier.store.experiments import read_experiments, save_experiment
from product_classifier.store.label_errors import read_suspicious, save_label_search

FLIPPED, SEED = 0.05, 0
FIRST, TRULY = 200, 0.7  # of the first 200 labels, this share has to be flipped
LOOKS, TURNS = 100, 3
TARGETS = (0.95, 0.98)
AUDITS, SAMPLE = 500, 200


class Shop(NamedTuple):
    """A catalogue with flipped labels."""

    place: Path
    dataset: Dataset
    groups: dict[str, str]
    clean: dict[str, str]  # the true category of each product


def run(shared: Path) -> Iterator[Row]:
    """Flip labels of fashion, and search them with each kind of features."""
    with tempfile.TemporaryDirectory() as place:
        shop = flipped(Path(place), shared / "data" / "fashion")
        words = word_features(shop.dataset, Path(place))
        pictures = picture_features(
            shop.dataset.images, Path(place) / "images", load_backbone("mini"), Path(place)
        )
        for kind, features in (("words", words), ("images", pictures), ("both", words | pictures)):
            search = compare_labels(shop.dataset, features, out_of_sample := scores(shop, features))
            yield from ranking(kind, shop, search, out_of_sample)
            yield from looks(kind, shop, features, search)


def flipped(place: Path, fashion: Path) -> Shop:
    """Import fashion, with labels flipped between large leaves, all equally likely."""
    with (fashion / "products.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    clean = {row["id"]: row["category_path"] for row in rows}
    names, sizes = np.unique(list(clean.values()), return_counts=True)
    large = names[sizes >= FEWEST].tolist()
    rng = np.random.default_rng(SEED)
    for row in rows:
        if row["category_path"] in large and rng.random() < FLIPPED:
            row["category_path"] = rng.choice([c for c in large if c != row["category_path"]])
    with (place / "flipped.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    where = ["--db-path", place / "crawl.db", "--images-path", place / "images"]
    measure("crawl.py", "--from", place / "flipped.csv", "--images", fashion, *where)
    with open_database(place / "crawl.db") as db:
        dataset, groups = select(db, Selection(min_per_category=FEWEST))
    return Shop(place, dataset, groups, clean)


def scores(shop: Shop, features: Features) -> NDArray[np.float32]:
    """Return out-of-sample probabilities, cross-fitted as in analyze.py."""
    items = shop.dataset.items
    return cross_fitted(
        features,
        [item.labels for item in items],
        [shop.groups[item.id] for item in items],
        len(shop.dataset.categories),
    )


def ranking(
    kind: str, shop: Shop, search: LabelSearch, out_of_sample: NDArray[np.float32]
) -> Iterator[Row]:
    """Compare the ranking with that of cleanlab's default, on the same probabilities."""
    from cleanlab.rank import get_label_quality_scores
    from sklearn.metrics import average_precision_score

    names = [category.id for category in shop.dataset.categories]
    labels = np.array([item.labels[0] for item in shop.dataset.items])
    wrong = np.array(
        [
            names[k] != shop.clean[item.id]
            for k, item in zip(labels, shop.dataset.items, strict=True)
        ]
    )
    ours = average_precision_score(wrong, search.suspicion)
    theirs = average_precision_score(wrong, -get_label_quality_scores(labels, out_of_sample))
    yield Row(
        f"label errors, fashion, {kind}: average precision ({wrong.sum():,} flipped)",
        f"{ours:.3f}",
        f"cleanlab {theirs:.3f}",
        ">= cleanlab",
        ours >= theirs,
    )
    first = wrong[np.argsort(-search.suspicion, kind="stable")[:FIRST]].mean()
    yield Row(
        f"  … truly flipped of the first {FIRST}",
        f"{first:.1%}",
        "",
        f">= {TRULY:.0%}",
        first >= TRULY,
    )
    yield Row(
        "  … share of labels that are wrong, as estimated",
        f"{search.noise:.1%}",
        f"flipped {wrong.mean():.1%}",
        "reported",
    )


def looks(kind: str, shop: Shop, features: Features, search: LabelSearch) -> Iterator[Row]:
    """Simulate reviews by a person who knows the truth, in two orders, a hundred at a time."""
    experiment, _ = run_experiment(shop.dataset, features, Choices(kind=kind), time.monotonic())
    gained: dict[str, list[tuple[float, ...]]] = {}
    for order in ("review", "confidence"):
        with open_database(shop.place / "crawl.db") as db:
            number = save_experiment(db, experiment)
            save_label_search(db, number, search, "")
            db.execute("delete from decision")
            gained[order] = [certified(db, number)]
            for _ in range(TURNS):
                decide(db, shop, next_products(db, number, order))
                gained[order].append(certified(db, number))
            if order == "review":
                yield from audits(kind, shop, db, number)
    ours, theirs = gained["review"], gained["confidence"]
    for turn in range(1, TURNS + 1):
        more, less = sum(ours[turn]) - sum(ours[0]), sum(theirs[turn]) - sum(theirs[0])
        yield Row(
            f"certified coverage after {turn * LOOKS} looks, {kind}, 95 / 98 %",
            " / ".join(f"{share:.0%}" for share in ours[turn]),
            "by confidence " + " / ".join(f"{share:.0%}" for share in theirs[turn]),
            "more gained" if turn == 1 else "reported",
            more > less if turn == 1 else None,
        )
    yield Row("  … before any", " / ".join(f"{share:.0%}" for share in ours[0]), "", "reported")


def certified(db: sqlite3.Connection, number: int) -> tuple[float, ...]:
    """Return the certified coverages of an experiment with the labels corrected so far."""
    [experiment] = read_experiments(db, number)
    judged = judge_experiment(db, experiment, Terms(targets=TARGETS), SILENT)
    assert judged.certification
    certificates = [judged.certification.levels[target][0].certificate for target in TARGETS]
    return tuple(c.accepted / c.total if c else 0.0 for c in certificates)


def next_products(db: sqlite3.Connection, number: int, order: str) -> Sequence[str]:
    """Return the next products to review: as in analyze.py, or by the confidence of the error."""
    [experiment] = read_experiments(db, number)
    if order == "review":
        items = to_review(db, experiment, Terms(targets=TARGETS), LOOKS)
        products = [item.product for item in items]
    else:
        suspicious = read_suspicious(db, number, limit=1_000_000)
        products = sorted(suspicious, key=lambda product: -product.score)[:LOOKS]
    return [product.product_id for product in products]


def decide(db: sqlite3.Connection, shop: Shop, products: Sequence[str]) -> None:
    """Import the true labels of products as a person's decisions."""
    lines = [Decided(k, product, shop.clean[product]) for k, product in enumerate(products)]
    assert not import_decisions(db, lines, "who knows it").problems


def audits(kind: str, shop: Shop, db: sqlite3.Connection, number: int) -> Iterator[Row]:
    """Audit the experiment many times, with different flipped labels and samples."""
    rows = db.execute(
        "select product_id, category_id from predicted_category where experiment_id = ?", (number,)
    ).fetchall()
    right = np.array([shop.clean[product] == category for product, category in rows])
    leaves = len(shop.dataset.categories)
    rng = np.random.default_rng(SEED)
    held, recorded_held = 0, 0
    for _ in range(AUDITS):
        noisy = rng.random(len(right)) < FLIPPED
        agrees = rng.random(len(right)) < 1 / (leaves - 1)  # a flipped label, with a wrong answer
        recorded = np.where(noisy, ~right & agrees, right)
        sample = rng.permutation(len(right))[:SAMPLE]
        audit = audited(recorded, sample, right[sample])
        low, high = audit.audited_interval
        held += low <= right.mean() <= high
        low, high = audit.recorded_interval
        recorded_held += low <= right.mean() <= high
    yield Row(
        f"audited accuracy, {kind}: intervals of {SAMPLE} that hold the clean one",
        f"{held / AUDITS:.1%}",
        f"recorded {recorded_held / AUDITS:.1%}",
        ">= 95%",
        held >= 0.95 * AUDITS,
    )
