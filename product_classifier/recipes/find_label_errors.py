"""Wrong labels: found by cross-fitting, handed to a person as a review file, in the best order."""

from __future__ import annotations

import io
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from product_classifier.backbones.saved_backbone import load_saved, saved_backbone
from product_classifier.console import Console
from product_classifier.errors import ReportError, StoreError
from product_classifier.evaluate.certification import leaf_scores
from product_classifier.evaluate.label_errors import review_order
from product_classifier.features.cleaning import BASIC
from product_classifier.features.dataset_features import (
    Features,
    Places,
    picture_features,
    word_features,
)
from product_classifier.features.text_vectors import Reading
from product_classifier.models.label_errors import fingerprint, search_labels
from product_classifier.models.split import group_names, position_of
from product_classifier.predictions import LabelErrors, LabelSearchSummary, ReviewItem, Summary
from product_classifier.printable import harmless
from product_classifier.recipes.judge_experiments import Terms
from product_classifier.recipes.select_products import select
from product_classifier.records import Dataset
from product_classifier.report.label_errors import name_of, near_duplicates
from product_classifier.selection import Selection
from product_classifier.store.audits import read_open_audit, read_tested_products, save_audit
from product_classifier.store.database import insist_on_writable
from product_classifier.store.dataset import read_identities, read_products, read_true_categories
from product_classifier.store.label_errors import (
    read_label_search,
    read_open_suspicions,
    read_suspicious,
    save_label_search,
)
from product_classifier.store.predicted_paths import CALIBRATION, read_answers
from product_classifier.store.table_file import csv_writer

WORTH_A_LOOK = 0.1  # suspicion of a label


def label_errors(
    db: sqlite3.Connection, experiment: Summary, places: Places, limit: int, console: Console
) -> LabelErrors:
    """Search the labels of an experiment's catalogue, and tell what is most suspicious."""
    searched = search(db, experiment, places, console)
    return LabelErrors(
        experiment,
        searched,
        read_suspicious(db, experiment.id, limit),
        [read_products(db, group) for group in contradicting(db, duplicate_groups(db))[:limit]],
    )


def search(
    db: sqlite3.Connection, experiment: Summary, places: Places, console: Console
) -> LabelSearchSummary:
    """Cross-fit over the experiment's products, unless nothing has changed since the last time.

    Raises ReportError for an experiment of an older program.
    """
    if not experiment.settings.get("learned") or experiment.kind is None:
        raise ReportError(
            f"experiment {experiment.id} does not say what it learned; categorize once more"
        )
    try:
        dataset, groups = select(db, Selection.recorded(experiment.settings), console=console)
    except StoreError as error:
        raise ReportError(
            f"the categories of experiment {experiment.id} are not what they were ({error}); "
            "categorize once more"
        ) from None
    evidence = fingerprint(dataset, experiment.id)
    known = read_label_search(db, experiment.id)
    if known and known.fingerprint == evidence:
        return known
    insist_on_writable(db)  # before five trainings
    console.say(f"searching {len(dataset.items):,} labels: five trainings")
    features = _features(experiment, dataset, places, console)
    seed = experiment.settings.get("seed", 0)
    found = search_labels(dataset, features, groups, seed, console)
    return save_label_search(db, experiment.id, found, evidence)


def _features(experiment: Summary, dataset: Dataset, places: Places, console: Console) -> Features:
    """Make the features that the experiment had. Raises ReportError for another network."""
    features = Features()
    if experiment.kind in ("words", "both"):
        known = experiment.settings
        reading = Reading(clean=known.get("clean", BASIC), limit=known.get("text_words"))
        features |= word_features(dataset, places.cache, reading, console)
    if experiment.kind in ("images", "both"):
        name, sha256 = (str(experiment.settings.get(key)) for key in ("backbone", "weights"))
        saved = saved_backbone(name, sha256)
        backbone = load_saved(saved, places.backbone, places.weights)
        features |= picture_features(
            dataset.images,
            places.images,
            backbone,
            places.cache,
            console,
            dataset.more_images,
        )
    return features


def duplicate_groups(db: sqlite3.Connection) -> list[list[str]]:
    """List the ids of products with the same picture or the same words, the largest group first."""
    members = defaultdict(list)
    for product, group in group_names(read_identities(db)).items():
        members[group].append(product)
    groups = [sorted(products) for products in members.values() if len(products) > 1]
    return sorted(groups, key=lambda group: (-len(group), group))


def contradicting(db: sqlite3.Connection, groups: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Choose the groups whose products have no category in common."""
    categories = read_true_categories(db)
    known = ([categories.get(product) for product in group] for group in groups)
    return [
        group
        for group, found in zip(groups, known, strict=True)
        if all(found) and not set.intersection(*filter(None, found))
    ]


def to_review(
    db: sqlite3.Connection, experiment: Summary, terms: Terms, limit: int
) -> list[ReviewItem]:
    """Choose what a person should look at, what gains most certified coverage first.

    First come calibration products that count as wrong and whose label may be, then the most
    suspicious of all labels.
    """
    calibration = read_answers(db, experiment.id, CALIBRATION)
    open_ = read_open_suspicions(db, experiment.id)
    rows = calibration.product.tolist()
    suspicion = np.array([open_[row][1] if row in open_ else 0.0 for row in rows])
    order = review_order(
        *leaf_scores(calibration), suspicion, terms.targets, terms.confidence, limit
    )
    first = [open_[rows[place]][0] for place in order if suspicion[place] >= WORTH_A_LOOK]
    chosen = [
        ReviewItem(product, "stops certified coverage")
        for product in read_suspicious(db, experiment.id, limit, first)
    ]
    known = {entry.product.product_id for entry in chosen}
    chosen += [
        ReviewItem(product, "suspicious label")
        for product in read_suspicious(db, experiment.id, limit)
        if product.product_id not in known
    ]
    return chosen[:limit]


def to_audit(
    db: sqlite3.Connection, experiment: Summary, size: int
) -> tuple[list[ReviewItem], int]:
    """Draw a random sample of an experiment's test products, and store it.

    Returns those of it that nobody has decided yet, and its size. A larger sample holds a smaller
    one, and experiments with the same test products have the same.
    """
    tested = sorted(
        read_tested_products(db, experiment.id), key=lambda product: position_of(f"audit {product}")
    )
    sample = tested[:size]
    save_audit(db, experiment.id, sample)
    waiting = read_open_audit(db, experiment.id)
    return [ReviewItem(product, "audit") for product in waiting], len(sample)


COLUMNS = (
    *("product_id", "decision", "name", "category", "suggested", "score", "suspicion", "why"),
    *("nearly_the_same", "picture"),
)


def review_csv(entries: Iterable[ReviewItem]) -> str:
    """Write a line for each product, its decision empty."""
    file = io.StringIO()
    writer = csv_writer(file)
    writer.writerow(COLUMNS)
    for entry in entries:
        product = entry.product
        suspicion = "" if product.suspicion is None else f"{product.suspicion:.4f}"
        cells = (
            *(product.product_id, "", name_of(product), " | ".join(product.categories)),
            *(product.predicted, f"{product.score:.4f}", suspicion, entry.why),
            " | ".join(twin.product_id for twin in near_duplicates(product)),
            product.file or product.image or "",
        )
        writer.writerow(map(harmless, cells))
    return file.getvalue()
