"""All that there is to see, as pages that link to each other."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from product_classifier.console import SILENT, Console
from product_classifier.evaluate.categories import evaluate_categories
from product_classifier.evaluate.certification import Evaluation, leaf_scores
from product_classifier.evaluate.curves import risk_coverage
from product_classifier.predictions import LabelErrors, LabelSearchSummary, Mistake
from product_classifier.recipes.find_label_errors import (
    WORTH_A_LOOK,
    contradicting,
    duplicate_groups,
)
from product_classifier.recipes.judge_experiments import leaderboard_entries
from product_classifier.recipes.summarise_catalogue import read_catalogue
from product_classifier.report.catalogue_summary import catalogue_page
from product_classifier.report.errors_page import errors_page
from product_classifier.report.experiment_page import experiment_page
from product_classifier.report.pages import Link, Site
from product_classifier.report.site import labels_page, overview_page, page_of
from product_classifier.store.dataset import read_products
from product_classifier.store.experiments import read_mistakes, read_paths
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.label_errors import read_label_search, read_suspicious
from product_classifier.store.predicted_paths import TEST, read_answers

OVERVIEW, CATALOGUE = Link("index.html", "Overview"), Link("catalogue.html", "Catalogue")
SHOWN = 500  # products on a page


@dataclass(frozen=True)
class Shown:
    """What is to be seen."""

    judged: Sequence[Evaluation]
    folder: ImageFolder
    products: bool  # whether their names and pictures are


def site_pages(
    db: sqlite3.Connection, shown: Shown, console: Console = SILENT
) -> Iterator[tuple[str, str]]:
    """Write page after page, with the name of its file."""
    against = functools.cache(lambda: contradicting(db, duplicate_groups(db)))
    pages = list(_pages(db, shown, against))
    links = [OVERVIEW, CATALOGUE, *(link for link, _ in pages)]
    entries = leaderboard_entries(db, shown.judged)
    yield OVERVIEW.page, overview_page(entries, Site(links, OVERVIEW.page))
    found, sheet = read_catalogue(db, console, shown.folder if shown.products else None)
    yield CATALOGUE.page, catalogue_page(found, sheet, Site(links, CATALOGUE.page))
    for link, write in pages:
        yield link.page, write(Site(links, link.page))


def _pages(
    db: sqlite3.Connection, shown: Shown, against: Callable[[], Sequence[Sequence[str]]]
) -> Iterator[tuple[Link, Callable[[Site], str]]]:
    """List the pages of each experiment, and how they are written."""
    for judged in shown.judged:
        number = judged.experiment.id
        yield (
            Link(page_of(judged.experiment), f"#{number}"),
            functools.partial(_experiment, db, judged),
        )
        if shown.products:
            yield (
                Link(page_of(judged.experiment, "errors"), f"#{number} errors"),
                functools.partial(_errors, db, judged, shown.folder),
            )
            if searched := read_label_search(db, number):
                yield (
                    Link(page_of(judged.experiment, "labels"), f"#{number} labels"),
                    functools.partial(_labels, db, judged, searched, shown.folder, against),
                )


def _experiment(db: sqlite3.Connection, judged: Evaluation, site: Site) -> str:
    tested = read_answers(db, judged.experiment.id, TEST)
    if not len(tested.product):  # of an older program
        return experiment_page(judged, None, None, {}, site)
    curve = risk_coverage(*leaf_scores(tested))
    categories = evaluate_categories(tested, judged.thresholds)
    return experiment_page(judged, curve, categories, read_paths(db), site)


def _errors(db: sqlite3.Connection, judged: Evaluation, folder: ImageFolder, site: Site) -> str:
    mistakes, total = read_mistakes(db, judged.experiment.id, SHOWN)
    return errors_page(judged.experiment, folder_pictures(folder, mistakes), total, site)


def _labels(
    db: sqlite3.Connection,
    judged: Evaluation,
    searched: LabelSearchSummary,
    folder: ImageFolder,
    against: Callable[[], Sequence[Sequence[str]]],
    site: Site,
) -> str:
    found = LabelErrors(
        judged.experiment,
        searched,
        [
            product
            for product in read_suspicious(db, judged.experiment.id, SHOWN)
            if (product.suspicion or 0) >= WORTH_A_LOOK
        ],
        [read_products(db, group) for group in against()[:SHOWN]],
    )
    return labels_page(found, folder_pictures(folder, found.suspicious), site)


def folder_pictures(
    folder: ImageFolder, products: Iterable[Mistake]
) -> Iterator[tuple[Mistake, bytes | None]]:
    """Read the pictures of some products, one after the other."""
    return ((product, folder.read(product.file)) for product in products)
