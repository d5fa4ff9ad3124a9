"""Predict the categories of new products with a saved model, for categorize_*.py --saved."""

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
    *,
    db_path: Path,
    everything: bool,
    feature_paths: FeaturePaths,
    console: Console = SILENT,
) -> tuple[list[FiledProduct], tuple[str, ...]]:
    """Return predictions, highest score first, and the pictures that could not be read.

    kind: of the categorizer: 'words', 'images' or 'both'. path: of the saved model. everything:
    predict all products; else those without category. Raises ModelError if the model is of another
    kind or needs another network, StoreError if there are no such products.
    """
    model = open_model(path)
    if model.kind != kind:
        raise ModelError(f"{path} reads {model.kind}; use categorize_{model.kind}.py")
    with open_database(db_path) as db, snapshot(db):
        items = read_uncategorized(db, everything, model.images_per_product)
    features = _features(model, items, feature_paths, console)
    predicted, score = model.predict(features, np.arange(len(items)))
    filed = [
        FiledProduct(
            product_id=item.id,
            category_id=model.leaves[k].id,
            path=model.leaves[k].path,
            score=probability,
            certified=model.certified(probability),
        )
        for item, k, probability in zip(items, predicted.tolist(), score.tolist(), strict=True)
    ]
    return sorted(filed, key=lambda product: -product.score), features.lost_pictures


def _features(
    model: SavedModel, items: Sequence[Item], feature_paths: FeaturePaths, console: Console
) -> Features:
    features = Features()
    if model.reader:
        vectors = model.reader.transform([item.text for item in items])
        features |= Features(words=vectors, vocabulary=model.reader.vocabulary)
    if model.backbone:
        backbone = load_saved(model.backbone, feature_paths.backbone, feature_paths.weights)
        images = [item.image for item in items]
        more = [item.more_images for item in items]
        if model.reader and not any(images) and not any(more):  # the texts are enough
            no_picture = np.full(len(items), -1)
            features |= Features(
                pictures=Bottlenecks(np.zeros((1, backbone.width), "f4"), no_picture, ())
            )
        else:
            features |= picture_features(
                images,
                feature_paths.images,
                backbone,
                feature_paths.cache,
                console,
                more_images=more,
            )
    return features


def filed_text(products: Iterable[FiledProduct]) -> str:
    """Return CSV with a line for each product.

    An empty cell in the column certified means that a person should check the product.
    """
    file = io.StringIO()
    writer = csv_writer(file)
    writer.writerow(FiledProduct._fields)
    for product, category, path, score, certified in products:
        accuracy = "" if certified is None else f"{certified:g}"
        texts = map(escape_formula, (product, category, path))
        writer.writerow([*texts, f"{score:.6f}", accuracy])
    return file.getvalue()
