"""Label errors on fashion with one label in twenty flipped: ranking, order of looks, audits."""

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
FIRST, TRULY = 200, 0.7  # of so many labels that come first, this share must be flipped
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
    """Flip labels of fashion once, and let each kind of features look at them."""
    with tempfile.TemporaryDirectory() as place:
        shop = flipped(Path(place), shared / "data" / "fashion")
        words = word_features(shop.dataset, Path(place))
        pictures = picture_features(
            shop.dataset.images, Path(place) / "images", load_backbone("mini"), Path(place)
        )
        for kind, features in (("words", words), ("images", pictures), ("both", words | pictures)):
            found = compare_labels(shop.dataset, features, out_of_sample := scores(shop, features))
            yield from ranking(kind, shop, found, out_of_sample)
            yield from looks(kind, shop, features, found)


def flipped(place: Path, fashion: Path) -> Shop:
    """Import fashion with labels of large leaves flipped to others of them, all equally likely."""
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
    """Cross-fit, as analyze.py does."""
    items = shop.dataset.items
    return cross_fitted(
        features,
        [item.labels for item in items],
        [shop.groups[item.id] for item in items],
        len(shop.dataset.categories),
    )


def ranking(
    kind: str, shop: Shop, found: LabelSearch, out_of_sample: NDArray[np.float32]
) -> Iterator[Row]:
    """Rank labels beside cleanlab's own default, on the same scores."""
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
    ours = average_precision_score(wrong, found.suspicion)
    theirs = average_precision_score(wrong, -get_label_quality_scores(labels, out_of_sample))
    yield Row(
        f"label errors, fashion, {kind}: average precision ({wrong.sum():,} flipped)",
        f"{ours:.3f}",
        f"cleanlab {theirs:.3f}",
        ">= cleanlab",
        ours >= theirs,
    )
    first = wrong[np.argsort(-found.suspicion, kind="stable")[:FIRST]].mean()
    yield Row(
        f"  … truly flipped of the first {FIRST}",
        f"{first:.1%}",
        "",
        f">= {TRULY:.0%}",
        first >= TRULY,
    )
    yield Row(
        "  … share of labels that are wrong, as estimated",
        f"{found.noise:.1%}",
        f"flipped {wrong.mean():.1%}",
        "reported",
    )


def looks(kind: str, shop: Shop, features: Features, found: LabelSearch) -> Iterator[Row]:
    """Let a person who knows the truth look at labels in two orders, a hundred at a time."""
    experiment, _ = run_experiment(shop.dataset, features, Choices(kind=kind), time.monotonic())
    gained: dict[str, list[tuple[float, ...]]] = {}
    for order in ("review", "confidence"):
        with open_database(shop.place / "crawl.db") as db:
            number = save_experiment(db, experiment)
            save_label_search(db, number, found, "")
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
    """Certify an experiment by the labels as corrected so far."""
    [experiment] = read_experiments(db, number)
    judged = judge_experiment(db, experiment, Terms(targets=TARGETS), SILENT)
    assert judged.certification
    kept = [judged.certification.levels[target][0].certificate for target in TARGETS]
    return tuple(found.accepted / found.total if found else 0.0 for found in kept)


def next_products(db: sqlite3.Connection, number: int, order: str) -> Sequence[str]:
    """Choose whom to look at: as analyze.py does, or the surest contradictions first."""
    [experiment] = read_experiments(db, number)
    if order == "review":
        items = to_review(db, experiment, Terms(targets=TARGETS), LOOKS)
        chosen = [item.product for item in items]
    else:
        doubted = read_suspicious(db, number, limit=1_000_000)
        chosen = sorted(doubted, key=lambda product: -product.score)[:LOOKS]
    return [product.product_id for product in chosen]


def decide(db: sqlite3.Connection, shop: Shop, products: Sequence[str]) -> None:
    """Import the true categories of products as decisions."""
    lines = [Decided(k, product, shop.clean[product]) for k, product in enumerate(products)]
    assert not import_decisions(db, lines, "who knows it").problems


def audits(kind: str, shop: Shop, db: sqlite3.Connection, number: int) -> Iterator[Row]:
    """Audit the experiment again and again, with other labels flipped and other samples."""
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
        found = audited(recorded, sample, right[sample])
        low, high = found.audited_interval
        held += low <= right.mean() <= high
        low, high = found.recorded_interval
        recorded_held += low <= right.mean() <= high
    yield Row(
        f"audited accuracy, {kind}: intervals of {SAMPLE} that hold the clean one",
        f"{held / AUDITS:.1%}",
        f"recorded {recorded_held / AUDITS:.1%}",
        ">= 95%",
        held >= 0.95 * AUDITS,
    )
