"""Train a classifier of pictures on a folder of folders, each named as its pictures' label.

With --fine-tune: train the network itself, too; with --distill: train a small network that gives
nearly what a large one gives, on any pictures.
"""

from product_classifier.terminal import startup

if __name__ == "__main__":
    startup.begin(computes=True)  # before what takes long to load
# isort: split

import argparse
import collections
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones.backbone import (
    INCEPTION,
    MINI,
    Backbone,
    choose_backbone,
    load_backbone,
)
from product_classifier.backbones.keras_networks import FULL_PRECISION
from product_classifier.backbones.student import (
    MINI_FILE,
    Shape,
    Student,
    read_student,
    save_student,
)
from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import bottleneck_cache
from product_classifier.features.dataset_features import picture_features
from product_classifier.models.split import TRAIN, TUNING, frozen_split
from product_classifier.options.retraining import arguments, plan_of, schedule
from product_classifier.printable import unbroken
from product_classifier.records import Image
from product_classifier.retraining.distillation import Course, Likeness, distil
from product_classifier.retraining.export_graph import (
    check_export,
    export_graph,
    export_labels,
    has_graph,
)
from product_classifier.retraining.fine_tuning import HEAD_START, Epoch, fine_tune, predict_test
from product_classifier.retraining.softmax_head import retrain, split_images
from product_classifier.retraining.teacher_targets import Lessons
from product_classifier.retraining.trainable_network import load_tunable
from product_classifier.retraining.trainer import Head, Summaries
from product_classifier.retraining.training_images import Album, choose_source
from product_classifier.sources.files.image_folders import (
    LabelledImages,
    read_labelled_images,
    read_pictures,
)
from product_classifier.store.database import open_database, snapshot
from product_classifier.store.dataset import read_identities
from product_classifier.store.product_pictures import read_distinct_pictures
from product_classifier.terminal import script

FEW_IMAGES = 20


def main() -> int:
    """Retrain a classifier, fine-tune a network, or distil a student."""
    args = arguments(__doc__)
    os.environ.setdefault("TFHUB_CACHE_DIR", str(args.model_dir))
    if args.distill:
        return distillation(args)
    return fine_tuning(args) if args.fine_tune else retraining(args)


def retraining(args: argparse.Namespace) -> int:
    """Read, split, make bottlenecks, train, test, save."""
    found, parts = labelled_pictures(args)
    backbone = choose_backbone(args.backbone, script.console, args.weights)
    check_export(backbone, args.output_graph)
    features = picture_features(
        found.images, args.image_dir[0], backbone, args.bottleneck_dir, script.console
    )
    script.console.warn(features.lost_pictures, "picture not read")
    result = retrain(
        features,
        found.label_of,
        parts,
        found.labels,
        schedule(args),
        args.seed,
        args.validation_batch_size,
        args.test_batch_size,
        script.console,
        Summaries(args.summaries_dir).observe,
    )
    regression = result.network.softmax_regression()
    names = (args.output_graph, args.output_labels, args.final_tensor_name)
    export_graph(regression, backbone, found.labels, *names)
    print_test(args, found, result.test_rows, result.predicted)
    script.console.say(f"saved {args.output_graph} and {args.output_labels}")
    return script.UNFINISHED if features.lost_pictures or found.unreadable else script.DONE


def fine_tuning(args: argparse.Namespace) -> int:
    """Read, split, train a head on the frozen network, then both; save; test what was saved."""
    found, parts = labelled_pictures(args)
    plan = plan_of(args)
    tunable = load_tunable(args.backbone, args.weights, plan.precision, script.console)
    check_export(tunable.backbone, args.output_graph)
    tunable.trained_blocks(plan.part)  # before anything takes long
    folder, cache_path = args.image_dir[0], args.bottleneck_dir
    features = picture_features(found.images, folder, tunable.backbone, cache_path, script.console)
    script.console.warn(features.lost_pictures, "picture not read")
    frozen = retrain(
        *(features, found.label_of, parts, found.labels, HEAD_START, args.seed),
        validation_batch_size=-1,
        test_batch_size=args.test_batch_size,
        console=script.console,
    )
    label_of = np.array(found.label_of)
    album = Album(found.images, folder, label_of, frozen.rows, found.labels, script.console)
    network, source = choose_source(tunable, plan, album, features, cache_path, script.console)
    tuned = fine_tune(
        *(tunable, network, source, album, Head.of(frozen.network), plan),
        args.output_network.with_suffix(".state"),
        observer(args),
        script.console,
    )
    sha256 = tunable.save(args.output_network, tuned.about(tunable, plan, album))
    saved = load_backbone(str(args.output_network))
    predicted = predict_test(saved, tuned, album, cache_path, script.console)
    if has_graph(saved):
        names = (args.output_graph, args.output_labels, args.final_tensor_name)
        export_graph(tuned.head.regression, saved, found.labels, *names)
    else:
        export_labels(found.labels, args.output_labels)
        script.console.say(
            f"{args.output_graph} is not written: the same without KERAS_BACKEND writes it"
        )
    print_test(args, found, frozen.test_rows, predicted)
    script.console.say(f"saved {args.output_network}, SHA-256 {sha256}, and {args.output_labels}")
    return script.UNFINISHED if features.lost_pictures or found.unreadable else script.DONE


def labelled_pictures(args: argparse.Namespace) -> tuple[LabelledImages, NDArray[np.str_]]:
    """Find the pictures of each label, and split them."""
    found = read_labelled_images(args.image_dir[0])
    script.console.warn(found.unreadable, "picture not read")
    for k, count in sorted(collections.Counter(found.label_of).items()):
        if count < FEW_IMAGES:
            script.console.say(
                f"{found.labels[k]!r} has only {count} pictures; {FEW_IMAGES} are few"
            )
    return found, split_images(found.images, args.validation_percentage, args.testing_percentage)


def print_test(
    args: argparse.Namespace,
    found: LabelledImages,
    rows: NDArray[np.int64],
    predicted: NDArray[np.int64],
) -> None:
    """Print how many test pictures are right, and which are not."""
    tested = list(zip(rows, predicted, strict=True))
    wrong = [(row, label) for row, label in tested if label != found.label_of[row]]
    if args.print_misclassified_test_images:
        for row, label in wrong:
            script.show(unbroken(f"{found.images[row].file}  {found.labels[label]}"))
    script.show(f"Final test accuracy = {1 - len(wrong) / len(tested):.1%} (N={len(tested)})")


def distillation(args: argparse.Namespace) -> int:
    """Read pictures, split them, let the teacher teach, save the student."""
    images, parts, unreadable = pictures_to_distil(args)
    script.console.warn(unreadable, "picture not read")
    precision = args.precision or FULL_PRECISION
    teacher = load_backbone(args.backbone or INCEPTION, precision, args.weights)
    start, sha256 = student_to_start_from(args.start_from, teacher)
    shape = start.shape if start else Shape(outputs=teacher.width)
    shape = replace(shape, size=args.student_size or shape.size)
    course = Course(args.epochs, args.views, precision=precision, seed=args.seed, start=sha256)
    lessons = Lessons(
        images,
        args.images_path,
        teacher,
        bottleneck_cache(args.bottleneck_dir, teacher, script.console),
        script.console,
    )
    state = args.output_student.with_suffix(".state")
    taught = distil(lessons, parts, shape, course, state, tell, start)
    script.console.warn(taught.lost, "picture not read")
    if taught.likeness.explained <= 0:
        script.console.say(
            "it gives no more than a constant would; more pictures or --epochs may help"
        )
    sha256 = save_student(taught.student, args.output_student)
    script.show(
        f"{args.output_student} explains {taught.likeness.explained:.1%} of its teacher's variance "
        f"on tuning pictures, at a cosine of {taught.likeness.cosine:.3f}; SHA-256 {sha256}"
    )
    return script.UNFINISHED if taught.lost or unreadable else script.DONE


def student_to_start_from(name: str | None, teacher: Backbone) -> tuple[Student | None, str]:
    """Read the student to go on from, if any, and its SHA-256."""
    if not name:
        return None, ""
    start, sha256 = read_student(MINI_FILE if name == MINI else Path(name))
    if start.shape.outputs != teacher.width:
        raise ModelError(
            f"{name} gives {start.shape.outputs} values and {teacher.name} {teacher.width}; "
            "leave out --start_from, or pass the --backbone it was distilled from"
        )
    return start, sha256


def pictures_to_distil(
    args: argparse.Namespace,
) -> tuple[list[Image], NDArray[np.str_], list[str]]:
    """Find the pictures of a crawl, in its own split, and those of folders, split by hash.

    Returns what could not be read, too, each with the reason.
    """
    part_of: dict[Image, str] = {}
    if args.db_path:
        with open_database(args.db_path) as db, snapshot(db):
            part_of = read_distinct_pictures(db, frozen_split(read_identities(db)))
    known = {image.sha256 for image in part_of}
    folders = [read_pictures(folder) for folder in args.image_dir]
    more = {
        image.sha256: image
        for images, _ in folders
        for image in images
        if image.sha256 not in known  # a test picture of the crawl stays one
    }
    parts = split_images(list(more.values()), args.validation_percentage, 0)
    part_of.update(zip(more.values(), parts.tolist(), strict=True))
    seen = {image: part for image, part in part_of.items() if part in (TRAIN, TUNING)}
    unreadable = [reason for _, reasons in folders for reason in reasons]
    return list(seen), np.array(list(seen.values())), unreadable


def tell(epoch: int, loss: float, likeness: Likeness) -> None:
    """Say how an epoch went."""
    script.console.say(
        f"epoch {epoch}: loss {loss:.4f}; on tuning pictures {likeness.explained:.1%} of the "
        f"variance explained, cosine {likeness.cosine:.3f}"
    )


def observer(args: argparse.Namespace) -> Callable[[Epoch], None]:
    """Say how an epoch went, and add it to the curves of TensorBoard."""
    summaries = Summaries(args.summaries_dir)

    def observe(epoch: Epoch) -> None:
        loss, accuracy = epoch.on_tuning
        script.console.say(
            f"epoch {epoch.number}: {epoch.seconds:.1f} s, loss {epoch.on_batches.loss:.4f}; on "
            f"tuning pictures loss {loss:.4f}, accuracy {accuracy:.1%}"
            if epoch.number
            else f"frozen: on tuning pictures loss {loss:.4f}, accuracy {accuracy:.1%}"
        )
        summaries.observe(epoch.number, epoch.on_batches, epoch.on_tuning)

    return observe


if __name__ == "__main__":
    script.run(main)
