"""Recipe of retrain.py --distill: distil a teacher into a student on unlabelled pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from product_classifier.backbones import INCEPTION, MINI
from product_classifier.backbones.backbone import Backbone, load_backbone
from product_classifier.backbones.student import (
    MINI_FILE,
    Shape,
    Student,
    read_student,
    save_student,
)
from product_classifier.console import Console
from product_classifier.errors import ModelError
from product_classifier.features.bottlenecks import bottleneck_cache
from product_classifier.models.split import frozen_split
from product_classifier.records import Image
from product_classifier.retraining.config import DistillationConfig
from product_classifier.retraining.distillation import Agreement, Distilled, OnEpoch, distil
from product_classifier.retraining.softmax_head import split_images
from product_classifier.retraining.teacher_targets import TeacherTargets
from product_classifier.selection import TRAIN, TUNING
from product_classifier.sources.files.image_folders import read_pictures
from product_classifier.store.database import open_database, snapshot
from product_classifier.store.dataset import read_identities
from product_classifier.store.product_pictures import read_distinct_pictures


@dataclass(frozen=True, kw_only=True)
class DistillationSettings:
    """The pictures, the teacher, the shape and the output of a distillation."""

    db_path: Path | None
    images_path: Path  # the pictures of that database
    folders: Sequence[Path]  # of more pictures
    validation_percentage: float
    teacher: str | None  # a backbone; None: Inception v3
    weights: Path | None
    cache_path: Path
    start_from: str | None  # MINI or a student's file
    student_size: int | None
    student_path: Path


def distil_student(
    settings: DistillationSettings, config: DistillationConfig, console: Console
) -> tuple[Distilled, str]:
    """Distil a teacher into a student and save it; return the result and the file's SHA-256."""
    images, parts, unreadable = pictures_to_distil(settings)
    console.warn(unreadable, "picture not read")
    teacher = load_backbone(settings.teacher or INCEPTION, config.precision, settings.weights)
    start, start_sha256 = student_to_start_from(settings.start_from, teacher)
    shape = start.shape if start else Shape(outputs=teacher.width)
    targets = TeacherTargets(
        images=images,
        folder=settings.images_path,
        teacher=teacher,
        cache=bottleneck_cache(settings.cache_path, teacher, console),
        console=console,
    )
    distilled = distil(
        targets,
        parts,
        replace(shape, size=settings.student_size or shape.size),
        replace(config, start=start_sha256),
        state_path=settings.student_path.with_suffix(".state"),
        on_epoch=_report_agreement(console),
        start=start,
    )
    console.warn(distilled.lost, "picture not read")
    if distilled.agreement.explained <= 0:
        console.say(
            "the student explains no more than a constant would; add pictures or raise --epochs"
        )
    sha256 = save_student(distilled.student, settings.student_path)
    return replace(distilled, lost=(*unreadable, *distilled.lost)), sha256


def pictures_to_distil(
    settings: DistillationSettings,
) -> tuple[list[Image], NDArray[np.str_], list[str]]:
    """Return the training and tuning pictures of a database and of folders, with their parts.

    The third value lists the pictures that cannot be read, each with the reason. The database's
    pictures are in its frozen split; those of folders are split by hash.
    """
    part_of: dict[Image, str] = {}
    if settings.db_path:
        with open_database(settings.db_path) as db, snapshot(db):
            part_of = read_distinct_pictures(db, frozen_split(read_identities(db)))
    in_database = {image.sha256 for image in part_of}
    more: dict[str | None, Image] = {}
    unreadable: list[str] = []
    for folder in settings.folders:
        images, problems = read_pictures(folder)
        unreadable += problems
        more |= {
            image.sha256: image
            for image in images
            if image.sha256 not in in_database  # a test picture of the database is not learned
        }
    parts = split_images(list(more.values()), settings.validation_percentage, 0)
    part_of.update(zip(more.values(), parts.tolist(), strict=True))
    taking_part = {image: part for image, part in part_of.items() if part in (TRAIN, TUNING)}
    return list(taking_part), np.array(list(taking_part.values())), unreadable


def student_to_start_from(name: str | None, teacher: Backbone) -> tuple[Student | None, str]:
    """Return the student whose weights training starts from and its SHA-256; None, "" without.

    Raises ModelError if the student has another number of outputs than the teacher.
    """
    if not name:
        return None, ""
    start, sha256 = read_student(MINI_FILE if name == MINI else Path(name))
    if start.shape.outputs != teacher.width:
        raise ModelError(
            f"{name} has {start.shape.outputs} outputs and {teacher.name} {teacher.width}; "
            "leave out --start_from, or pass the --backbone it was distilled from"
        )
    return start, sha256


def _report_agreement(console: Console) -> OnEpoch:
    def on_epoch(epoch: int, loss: float, agreement: Agreement) -> None:
        console.say(
            f"epoch {epoch}: loss {loss:.4f}; on tuning pictures {agreement.explained:.1%} of the "
            f"variance explained, cosine {agreement.cosine:.3f}"
        )

    return on_epoch
