"""Find labels that are probably wrong by cross-fitting, and let a person decide about them."""

from __future__ import annotations

import io
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from product_classifier.backbones.saved_backbone import load_saved, saved_backbone
from product_classifier.console import Console
from product_classifier.errors import ReportError, StoreError
from product_classifier.evaluate.certification import leaf_scores
from product_classifier.evaluate.label_errors import review_order
from product_classifier.features.cleaning import BASIC, TextSettings
from product_classifier.features.dataset_features import Features, picture_features, word_features
from product_classifier.models.label_errors import search_fingerprint, search_labels
from product_classifier.models.split import group_names, position_of
from product_classifier.predictions import LabelErrors, LabelSearchSummary, ReviewItem, Summary
from product_classifier.printable import escape_formula
from product_classifier.recipes.judge_experiments import Terms
from product_classifier.recipes.select_products import select
from product_classifier.records import Dataset, FeaturePaths, Report
from product_classifier.report.label_errors import (
    label_errors_text,
    label_errors_values,
    name_of,
    near_duplicates,
)
from product_classifier.selection import CALIBRATION, Selection
from product_classifier.sources.files.review_file import read_review
from product_classifier.store.database import insist_on_writable
from product_classifier.store.dataset import read_identities, read_products, read_true_categories
from product_classifier.store.decisions import (
    import_decisions,
    read_open_audit,
    read_tested_products,
    save_audit,
)
from product_classifier.store.experiments import read_experiments
from product_classifier.store.integrity import (
    CRAWL_TABLES,
    EXPERIMENT_TABLES,
    LABEL_TABLES,
    insist_on_integrity,
)
from product_classifier.store.label_errors import (
    read_label_search,
    read_open_suspicions,
    read_suspicious,
    save_label_search,
)
from product_classifier.store.predicted_paths import read_predicted_paths
from product_classifier.store.table_file import csv_writer

WORTH_A_LOOK = 0.1  # suspicion of a label
SHOWN = 5  # lines of a review file that cannot be stored


def label_errors_report(
    db: sqlite3.Connection, number: int, feature_paths: FeaturePaths, limit: int, console: Console
) -> Report:
    """Return the most suspicious labels by the features of an experiment, at most limit of them."""
    insist_on_integrity(db, {*EXPERIMENT_TABLES, *CRAWL_TABLES, *LABEL_TABLES})
    [experiment] = read_experiments(db, number)
    errors = label_errors(db, experiment, feature_paths, limit, console)
    return Report(label_errors_text(errors), label_errors_values(errors))


def export_review(
    db: sqlite3.Connection,
    number: int | None,
    feature_paths: FeaturePaths,
    terms: Terms,
    console: Console,
    *,
    limit: int,
    audit: int | None,
) -> tuple[str, str]:
    """Return a review file, and a line about it: at most limit labels, the most useful first.

    number: of the experiment, None for the latest; audit: instead, this many random test products.
    """
    insist_on_integrity(db, {*EXPERIMENT_TABLES, *CRAWL_TABLES, *LABEL_TABLES})
    experiment = read_experiments(db, number)[-1]
    if audit:
        items, size = to_audit(db, experiment, audit)
        about = f"{len(items):,} of {size:,} random test products to decide"
    else:
        search(db, experiment, feature_paths, console)
        items = to_review(db, experiment, terms, limit)
        about = f"{len(items):,} labels to decide"
    return review_csv(items), (
        f"{about}, chosen by experiment {experiment.id}; write keep, ambiguous or a category "
        "into the column decision, then pass it as --import-review"
    )


def import_review(db: sqlite3.Connection, path: Path, reviewer: str) -> Report:
    """Store the decisions in a review file; the lines that cannot be stored are the shortfalls."""
    review = read_review(path)
    imported = import_decisions(db, review.decided, reviewer)
    stored = imported.stored
    shortfalls = [f"not stored: {problem}" for problem in imported.problems[:SHOWN]]
    if len(imported.problems) > SHOWN:
        shortfalls.append(f"not stored: {len(imported.problems) - SHOWN:,} more")
    return Report(
        f"{path}: {stored.total():,} decisions of {reviewer} stored ({stored['keep']:,} keep, "
        f"{stored['move']:,} move, {stored['ambiguous']:,} ambiguous; "
        f"{imported.replaced:,} replace earlier ones), {imported.known:,} stored before, "
        f"{review.open:,} lines still open",
        shortfalls=shortfalls,
    )


def label_errors(
    db: sqlite3.Connection,
    experiment: Summary,
    feature_paths: FeaturePaths,
    limit: int,
    console: Console,
) -> LabelErrors:
    """Search the labels of an experiment's catalogue, and return the most suspicious ones."""
    searched = search(db, experiment, feature_paths, console)
    return LabelErrors(
        experiment,
        searched,
        read_suspicious(db, experiment.id, limit),
        [read_products(db, group) for group in contradicting(db, duplicate_groups(db))[:limit]],
    )


def search(
    db: sqlite3.Connection, experiment: Summary, feature_paths: FeaturePaths, console: Console
) -> LabelSearchSummary:
    """Cross-fit over the experiment's products, unless nothing has changed since the last search.

    Raises ReportError for an experiment of an older version, and if its categories have changed.
    """
    if not experiment.settings.get("learned") or experiment.kind is None:
        raise ReportError(
            f"experiment {experiment.id} has not recorded what it learned; categorize again"
        )
    try:
        dataset, groups = select(db, Selection.recorded(experiment.settings), console=console)
    except StoreError as error:
        raise ReportError(
            f"the categories of experiment {experiment.id} have changed ({error}); categorize again"
        ) from None
    fingerprint = search_fingerprint(dataset, experiment.id)
    latest = read_label_search(db, experiment.id)
    if latest and latest.fingerprint == fingerprint:
        return latest
    insist_on_writable(db)  # before five trainings
    console.say(f"searching {len(dataset.items):,} labels: five trainings")
    features = _features(experiment, dataset, feature_paths, console)
    seed = experiment.settings.get("seed", 0)
    suspicions = search_labels(dataset, features, groups, seed, console)
    return save_label_search(db, experiment.id, suspicions, fingerprint)


def _features(
    experiment: Summary, dataset: Dataset, feature_paths: FeaturePaths, console: Console
) -> Features:
    """Return the features of an experiment. Raises FeatureError if its network cannot be loaded."""
    features = Features()
    if experiment.kind in ("words", "both"):
        settings = experiment.settings
        reading = TextSettings(clean=settings.get("clean", BASIC), limit=settings.get("text_words"))
        features |= word_features(dataset, feature_paths.cache, reading, console)
    if experiment.kind in ("images", "both"):
        name, sha256 = (str(experiment.settings.get(key)) for key in ("backbone", "weights"))
        saved = saved_backbone(name, sha256)
        backbone = load_saved(saved, feature_paths.backbone, feature_paths.weights)
        features |= picture_features(
            dataset.images,
            feature_paths.images,
            backbone,
            feature_paths.cache,
            console,
            more_images=dataset.more_images,
        )
    return features


def duplicate_groups(db: sqlite3.Connection) -> list[list[str]]:
    """Return groups of ids of products with the same picture or words, the largest group first."""
    members = defaultdict(list)
    for product, group in group_names(read_identities(db)).items():
        members[group].append(product)
    groups = [sorted(products) for products in members.values() if len(products) > 1]
    return sorted(groups, key=lambda group: (-len(group), group))


def contradicting(db: sqlite3.Connection, groups: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Return the groups whose products have no category in common."""
    categories = read_true_categories(db)
    of_group = ([categories.get(product) for product in group] for group in groups)
    return [
        group
        for group, sets in zip(groups, of_group, strict=True)
        if all(sets) and not set.intersection(*filter(None, sets))
    ]


def to_review(
    db: sqlite3.Connection, experiment: Summary, terms: Terms, limit: int
) -> list[ReviewItem]:
    """Return the products to review, first those that would gain the most certified coverage.

    These are the calibration products whose prediction counts as wrong and whose label may be
    wrong; the products of the most suspicious labels follow.
    """
    calibration = read_predicted_paths(db, experiment.id, CALIBRATION)
    undecided = read_open_suspicions(db, experiment.id)
    rows = calibration.product.tolist()
    suspicion = np.array([undecided[row][1] if row in undecided else 0.0 for row in rows])
    order = review_order(
        *leaf_scores(calibration), suspicion, terms.targets, terms.confidence, limit
    )
    first = [undecided[rows[place]][0] for place in order if suspicion[place] >= WORTH_A_LOOK]
    chosen = [
        ReviewItem(product, "stops certified coverage")
        for product in read_suspicious(db, experiment.id, limit, first)
    ]
    in_chosen = {item.product.product_id for item in chosen}
    chosen += [
        ReviewItem(product, "suspicious label")
        for product in read_suspicious(db, experiment.id, limit)
        if product.product_id not in in_chosen
    ]
    return chosen[:limit]


def to_audit(
    db: sqlite3.Connection, experiment: Summary, size: int
) -> tuple[list[ReviewItem], int]:
    """Draw and store a random sample of an experiment's test products.

    Returns the products of the sample without a decision, and the size of the sample.
    A larger sample contains each smaller one; the same test products give the same sample.
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
    """Return a CSV file with a line for each product; its decision is empty."""
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
        writer.writerow(map(escape_formula, cells))
    return file.getvalue()
