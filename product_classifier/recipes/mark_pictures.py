"""Pictures → marks by a network of retrain.py's: what crawl.py --filter-images does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from product_classifier.backbones.exported_classifier import load_classifier, read_classifier
from product_classifier.console import SILENT, Console
from product_classifier.errors import FeatureError, StoreError
from product_classifier.features.augmented_views import View
from product_classifier.features.bottlenecks import embed_views
from product_classifier.store.database import open_database, sole_crawler
from product_classifier.store.marks import (
    MarkCounts,
    count_marks,
    move_threshold,
    read_unscored,
    save_scores,
)

USUAL_LABEL = "zoomed"


@dataclass(frozen=True)
class Marked:
    """What marking has come to."""

    label: str
    counts: MarkCounts
    lost: tuple[str, ...]  # pictures that could not be read, with reasons


def mark_pictures(
    db_path: Path,
    images_path: Path,
    model: Path,
    label: str | None,
    threshold: float,
    console: Console = SILENT,
) -> Marked:
    """Look at every complete picture that the model has not seen; mark from a probability on.

    label: what is unwanted, zoomed unless told. Each batch is stored at once; scores of the same
    model and label are kept, and judged by the threshold anew. Raises FeatureError for a bad model
    or label, and where no picture can be read; StoreError where there is none, or while another
    crawl is at work.
    """
    classifier = read_classifier(model)
    label = label or USUAL_LABEL
    column = classifier.column(label)
    lost: list[str] = []
    with open_database(db_path) as db, sole_crawler(db_path):
        judged = classifier.sha256, label, threshold
        move_threshold(db, *judged)
        wanted = {str(image.sha256): View(image) for image in read_unscored(db, *judged[:2])}
        if wanted:
            network = load_classifier(classifier)
            batches = embed_views(
                wanted, images_path, network, lost=lost, label="pictures", console=console
            )
            for names, probabilities in batches:
                scores = zip(names, probabilities[:, column].tolist(), strict=True)
                save_scores(db, scores, *judged)
        counts = count_marks(db, *judged[:2])
    if not counts.looked_at:
        if lost:
            raise FeatureError(f"no picture can be read ({lost[0]}); pass the right --images-path")
        raise StoreError(f"{db_path} has no complete picture; run crawl.py to fetch them")
    return Marked(label, counts, tuple(lost))
