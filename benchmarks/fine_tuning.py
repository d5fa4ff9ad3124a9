"""Fine-tuning the last block on fashion, beside a softmax regression on the frozen network.

Only a part of the catalogue, since a network of Inception's size takes hours for all of it without
a GPU: a fixed number of products per leaf and part of the frozen split, by their pictures' hashes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.catalogues import read_catalogue
from benchmarks.common import Row, percent
from product_classifier.backbones import MINI
from product_classifier.backbones.backbone import load_backbone
from product_classifier.console import SILENT
from product_classifier.features.dataset_features import picture_features
from product_classifier.records import Dataset, Image
from product_classifier.retraining.config import FineTuningConfig
from product_classifier.retraining.fine_tuning import HEAD_START, Epoch, fine_tune, predict_test
from product_classifier.retraining.softmax_head import train_softmax_head
from product_classifier.retraining.trainable_network import load_trainable_network
from product_classifier.retraining.trainer import SoftmaxHead
from product_classifier.retraining.training_images import TrainingImages, choose_source

MOST = {"train": 20, "tuning": 6, "test": 12}  # products per leaf
CONFIG = FineTuningConfig(part="last:1", epochs=8)


def run(shared: Path) -> Iterator[Row]:
    """Measure mini, then Inception v3."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "fashion"
        dataset = read_catalogue(folder, "--from", shared / "data" / "fashion" / "products.csv")
        yield from fine_tuned_rows("mini", MINI, dataset, folder)
        inception = str(shared / "weights" / "inception_v3")
        yield from fine_tuned_rows("Inception v3", inception, dataset, folder)


def fine_tuned_rows(title: str, name: str, dataset: Dataset, place: Path) -> Iterator[Row]:
    """Yield the accuracy and the time of fine-tuning the last block of a network."""
    rows = sampled(dataset)
    images = [image for row in rows if (image := dataset.images[row])]
    label_of = [dataset.items[row].labels[0] for row in rows]
    parts = np.array([dataset.items[row].part for row in rows])
    labels = [category.path for category in dataset.categories]
    trainable = load_trainable_network(name, None, CONFIG.precision, SILENT)
    pictures, cache = place / "images", place / "cache"
    features = picture_features(images, pictures, trainable.backbone, cache)
    frozen = train_softmax_head(
        features, labels, label_of=label_of, parts=parts, schedule=HEAD_START
    )
    labelled = TrainingImages(
        images=images,
        folder=pictures,
        label_of=np.array(label_of),
        rows=frozen.rows,
        labels=labels,
    )
    network, source = choose_source(trainable, CONFIG, labelled, features, cache_path=cache)
    epochs: list[Epoch] = []
    fine_tuned = fine_tune(
        trainable,
        labelled,
        CONFIG,
        network=network,
        source=source,
        head=SoftmaxHead.of(frozen.network),
        state_path=place / f"{title}.state",
        on_epoch=epochs.append,
    )
    trainable.save(place / "network.npz", fine_tuned.about(trainable, CONFIG, labelled))
    saved = load_backbone(str(place / "network.npz"))
    predicted = predict_test(saved, fine_tuned, labelled, cache)
    truth = labelled.label_of[frozen.rows["test"]]
    before, after = (float((guess == truth).mean()) for guess in (frozen.predicted, predicted))
    learned = f"{len(frozen.rows['train'])} pictures, best epoch {fine_tuned.progress.best_epoch}"
    title = f"fashion, last block of {title}"
    yield Row(
        f"{title}, accuracy (N={len(truth)})", percent([after]), f"frozen {before:.2%}", "reported"
    )
    seconds = fmean(epoch.seconds for epoch in epochs if epoch.number)
    yield Row(f"{title}, seconds per epoch", f"{seconds:.1f}", learned, "reported")


def sampled(dataset: Dataset) -> list[int]:
    """Return rows of products with a picture, a limited number per leaf and part."""
    counts: dict[tuple[int, str], int] = {}

    def key(row: int) -> str:
        image: Image | None = dataset.images[row]
        return str(image.sha256) if image else ""

    rows = []
    for row in sorted(range(len(dataset.items)), key=key):
        item = dataset.items[row]
        cell = (item.labels[0], item.part)
        counts[cell] = counts.get(cell, 0) + (dataset.images[row] is not None)
        if dataset.images[row] and counts[cell] <= MOST.get(item.part, 0):
            rows.append(row)
    return rows
