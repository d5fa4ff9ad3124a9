"""New products → their categories by a saved model: what categorize_*.py --saved does."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from product_classifier.backbones.saved_backbone import load_saved
from product_classifier.console import SILENT, Console
from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features, picture_features
from product_classifier.models.saved import SavedModel, open_model
from product_classifier.predictions import FiledProduct
from product_classifier.printable import escape_formula
from product_classifier.records import FeaturePaths, Item
from product_classifier.store.database import open_database, snapshot
from product_classifier.store.product_pictures import read_uncategorized
from product_classifier.store.table_file import csv_writer


def file_products(
    kind: str,
    path: Path,
    db_path: Path,
    everything: bool,
    places: FeaturePaths,
    console: Console = SILENT,
) -> tuple[list[FiledProduct], tuple[str, ...]]:
    """Predict the products without category, or everything; the surest come first.

    kind: of the categorizer that is asked; path: of the saved model. Returns as well which
    pictures could not be read. Raises ModelError for a model of another kind or over another
    network, StoreError where there is nothing to file.
    """
    model = open_model(path)
    if model.kind != kind:
        raise ModelError(f"{path} reads {model.kind}; use categorize_{model.kind}.py")
    with open_database(db_path) as db, snapshot(db):
        items = read_uncategorized(db, everything, model.images_per_product)
    features = _features(model, items, places, console)
    predicted, score = model.predict(features, np.arange(len(items)))
    filed = [
        FiledProduct(
            item.id,
            model.leaves[k].id,
            model.leaves[k].path,
            float(sure),
            model.certified(float(sure)),
        )
        for item, k, sure in zip(items, predicted.tolist(), score, strict=True)
    ]
    return sorted(filed, key=lambda one: -one.score), features.lost_pictures


def _features(
    model: SavedModel, items: Sequence[Item], places: FeaturePaths, console: Console
) -> Features:
    features = Features()
    if model.reader:
        vectors = model.reader.transform([item.text for item in items])
        features |= Features(words=vectors, vocabulary=model.reader.vocabulary)
    if model.backbone:
        backbone = load_saved(model.backbone, places.backbone, places.weights)
        images = [item.image for item in items]
        more = [item.more_images for item in items]
        if model.reader and not any(images) and not any(more):  # their words are enough
            none = np.full(len(items), -1)
            features |= Features(
                pictures=Bottlenecks(np.zeros((1, backbone.width), "f4"), none, ())
            )
        else:
            features |= picture_features(
                images, places.images, backbone, places.cache, console, more_images=more
            )
    return features


def filed_text(products: Iterable[FiledProduct]) -> str:
    """Write a line for each product; nothing under certified means that a person should look."""
    file = io.StringIO()
    writer = csv_writer(file)
    writer.writerow(FiledProduct._fields)
    for product, category, path, score, certified in products:
        kept = "" if certified is None else f"{certified:g}"
        writer.writerow([*map(escape_formula, (product, category, path)), f"{score:.6f}", kept])
    return file.getvalue()
