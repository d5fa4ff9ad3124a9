"""Pictures → marks by a network of retrain.py's: what crawl.py --filter-images does."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from product_classifier.backbones.exported_classifier import load_classifier, read_classifier
from product_classifier.console import SILENT, Console
from product_classifier.errors import FeatureError, StoreError
from product_classifier.features.augmented_views import View
from product_classifier.features.bottlenecks import embed_views
from product_classifier.store.database import open_database, sole_crawler
from product_classifier.store.product_pictures import (
    MarkCounts,
    count_marks,
    move_threshold,
    read_unscored,
    save_scores,
)

USUAL_LABEL = "zoomed"


@dataclass(frozen=True)
class Marked:
    """The numbers of pictures that are marked, and the pictures that could not be read."""

    label: str
    threshold: float
    counts: MarkCounts
    lost: tuple[str, ...]  # with reasons

    def text(self) -> str:
        """Return the result in one line."""
        return (
            f"{self.counts.looked_at:,} pictures looked at, {self.counts.marked:,} marked "
            f"{self.label} at {self.threshold:g}; {self.counts.marked_only:,} products have marked "
            "pictures only"
        )

    def values(self) -> dict[str, Any]:
        """Return the result for programs."""
        more = {"label": self.label, "threshold": self.threshold, "not_read": len(self.lost)}
        return {**asdict(self.counts), **more}


def mark_pictures(
    db_path: Path,
    images_path: Path,
    model: Path,
    label: str | None,
    threshold: float,
    console: Console = SILENT,
) -> Marked:
    """Score the complete pictures that the model has not scored, and mark those from threshold on.

    label: of unwanted pictures (default: zoomed). Each batch is stored at once; stored scores of
    the same model and label are compared with the threshold anew. Raises FeatureError for a bad
    model or label, and if no picture can be read; StoreError if there is no picture, or while
    another crawl is running.
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
    return Marked(label, threshold, counts, tuple(lost))
