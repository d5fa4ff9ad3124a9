"""Recipes of retrain.py on labelled pictures: train a softmax head, or fine-tune a network."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.backbone import Backbone, choose_backbone, load_backbone
from product_classifier.console import Console
from product_classifier.features.dataset_features import picture_features
from product_classifier.models.choices import Schedule
from product_classifier.retraining.config import FineTuningConfig
from product_classifier.retraining.export_graph import (
    check_export,
    export_graph,
    export_labels,
    has_graph,
)
from product_classifier.retraining.fine_tuning import HEAD_START, Epoch, fine_tune, predict_test
from product_classifier.retraining.softmax_head import split_images, train_softmax_head
from product_classifier.retraining.trainable_network import load_trainable_network
from product_classifier.retraining.trainer import SoftmaxHead, Summaries
from product_classifier.retraining.training_images import TrainingImages, choose_source
from product_classifier.sources.files.image_folders import LabelledImages, read_labelled_images

FEW_IMAGES = 20  # of a label; fewer are worth a message


@dataclass(frozen=True, kw_only=True)
class RetrainingSettings:
    """The settings that softmax heads and fine-tuning share: pictures, backbone and outputs."""

    folder: Path  # of folders, each named after its pictures' label
    validation_percentage: float
    testing_percentage: float
    test_batch_size: int  # test pictures; -1 means all
    seed: int
    backbone: str | None  # None: Inception v3, or mini if it cannot be fetched
    weights: Path | None
    cache_path: Path
    graph_path: Path
    labels_path: Path
    final_tensor_name: str
    summaries_path: Path


class Tested(NamedTuple):
    """The test pictures, as pairs of a row and the predicted label, and unreadable pictures."""

    images: LabelledImages
    predictions: Sequence[tuple[int, int]]
    lost: tuple[str, ...]


def retrain_head(
    settings: RetrainingSettings,
    schedule: Schedule,
    console: Console,
    *,
    validation_batch_size: int = -1,
) -> Tested:
    """Train a softmax head on a frozen backbone, export both as a graph, and test them.

    validation_batch_size: the number of tuning pictures used after each round; -1 for all.
    """
    images, parts = labelled_pictures(settings, console)
    backbone = choose_backbone(settings.backbone, console, settings.weights)
    check_export(backbone, settings.graph_path)
    features = picture_features(
        images.images, settings.folder, backbone, settings.cache_path, console
    )
    console.warn(features.lost_pictures, "picture not read")
    result = train_softmax_head(
        features,
        images.labels,
        label_of=images.label_of,
        parts=parts,
        schedule=schedule,
        seed=settings.seed,
        validation_batch_size=validation_batch_size,
        test_batch_size=settings.test_batch_size,
        console=console,
        on_round=Summaries(settings.summaries_path).observe,
    )
    _export(settings, backbone, result.network.softmax_regression(), images.labels)
    console.say(f"saved {settings.graph_path} and {settings.labels_path}")
    return _tested(images, result.test_rows, result.predicted, features.lost_pictures)


def fine_tune_network(
    settings: RetrainingSettings, config: FineTuningConfig, network_path: Path, console: Console
) -> Tested:
    """Train a softmax head on the frozen network, then both; save the network and test the file.

    The graph is exported, too, if the Keras backend can export one.
    """
    images, parts = labelled_pictures(settings, console)
    trainable = load_trainable_network(
        settings.backbone, settings.weights, config.precision, console
    )
    check_export(trainable.backbone, settings.graph_path)
    trainable.trained_blocks(config.part)  # refuses too many blocks before anything takes long
    cache_path = settings.cache_path
    features = picture_features(
        images.images, settings.folder, trainable.backbone, cache_path, console
    )
    console.warn(features.lost_pictures, "picture not read")
    frozen = train_softmax_head(
        features,
        images.labels,
        label_of=images.label_of,
        parts=parts,
        schedule=HEAD_START,
        seed=settings.seed,
        test_batch_size=settings.test_batch_size,
        console=console,
    )
    labelled = TrainingImages(
        images=images.images,
        folder=settings.folder,
        label_of=np.array(images.label_of),
        rows=frozen.rows,
        labels=images.labels,
        console=console,
    )
    network, source = choose_source(
        trainable, config, labelled, features, cache_path=cache_path, console=console
    )
    fine_tuned = fine_tune(
        trainable,
        labelled,
        config,
        network=network,
        source=source,
        head=SoftmaxHead.of(frozen.network),
        state_path=network_path.with_suffix(".state"),
        on_epoch=_report_epochs(settings.summaries_path, console),
        console=console,
    )
    sha256 = trainable.save(network_path, fine_tuned.about(trainable, config, labelled))
    saved = load_backbone(str(network_path))
    predicted = predict_test(saved, fine_tuned, labelled, cache_path, console)
    if has_graph(saved):
        _export(settings, saved, fine_tuned.head.regression, images.labels)
    else:
        export_labels(images.labels, settings.labels_path)
        console.say(
            f"{settings.graph_path} is not written; the same command without KERAS_BACKEND "
            "writes it"
        )
    console.say(f"saved {network_path}, SHA-256 {sha256}, and {settings.labels_path}")
    return _tested(images, frozen.test_rows, predicted, features.lost_pictures)


def labelled_pictures(
    settings: RetrainingSettings, console: Console
) -> tuple[LabelledImages, NDArray[np.str_]]:
    """Return the pictures of each label and the part of each picture, [images]."""
    images = read_labelled_images(settings.folder)
    console.warn(images.unreadable, "picture not read")
    for k, count in sorted(collections.Counter(images.label_of).items()):
        if count < FEW_IMAGES:
            console.say(
                f"{images.labels[k]!r} has only {count} pictures; add some: fewer than "
                f"{FEW_IMAGES} are seldom enough"
            )
    parts = split_images(images.images, settings.validation_percentage, settings.testing_percentage)
    return images, parts


def _export(
    settings: RetrainingSettings,
    backbone: Backbone,
    regression: tuple[NDArray[np.float32], NDArray[np.float32]],
    labels: Sequence[str],
) -> None:
    export_graph(
        regression,
        backbone,
        labels,
        graph_path=settings.graph_path,
        labels_path=settings.labels_path,
        final_tensor_name=settings.final_tensor_name,
    )


def _tested(
    images: LabelledImages,
    rows: NDArray[np.int64],
    predicted: NDArray[np.int64],
    lost: tuple[str, ...],
) -> Tested:
    predictions = list(zip(rows.tolist(), predicted.tolist(), strict=True))
    return Tested(images, predictions, (*images.unreadable, *lost))


def _report_epochs(summaries_path: Path, console: Console) -> Callable[[Epoch], None]:
    """Return a function that says how an epoch went and adds it to TensorBoard's curves."""
    summaries = Summaries(summaries_path)

    def on_epoch(epoch: Epoch) -> None:
        loss, accuracy = epoch.on_tuning
        console.say(
            f"epoch {epoch.number}: {epoch.seconds:.1f} s, loss {epoch.on_batches.loss:.4f}; on "
            f"tuning pictures loss {loss:.4f}, accuracy {accuracy:.1%}"
            if epoch.number
            else f"frozen: on tuning pictures loss {loss:.4f}, accuracy {accuracy:.1%}"
        )
        summaries.observe(epoch.number, epoch.on_batches, epoch.on_tuning)

    return on_epoch
