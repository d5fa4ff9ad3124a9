"""Write the pages of all reports, which link to each other, or the page of errors by itself."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
from product_classifier.recipes.judge_experiments import (
    Terms,
    judge_experiments,
    leaderboard_entries,
)
from product_classifier.recipes.summarise_catalogue import read_catalogue
from product_classifier.records import Report
from product_classifier.report.catalogue_summary import catalogue_page
from product_classifier.report.experiment_page import experiment_page
from product_classifier.report.pages import Link, Site
from product_classifier.report.site import errors_page, labels_page, overview_page, page_of
from product_classifier.store.dataset import read_products
from product_classifier.store.experiments import read_experiments, read_mistakes, read_paths
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.integrity import (
    CRAWL_TABLES,
    EXPERIMENT_TABLES,
    LABEL_TABLES,
    insist_on_integrity,
)
from product_classifier.store.label_errors import read_label_search, read_suspicious
from product_classifier.store.predicted_paths import TEST, read_predicted_paths

OVERVIEW, CATALOGUE = Link("index.html", "Overview"), Link("catalogue.html", "Catalogue")
SHOWN = 500  # products on a page


@dataclass(frozen=True)
class Contents:
    """The contents of a site."""

    evaluations: Sequence[Evaluation]
    folder: ImageFolder
    products: bool  # whether names and pictures of products are shown


def errors_report(db: sqlite3.Connection, number: int, images: Path, limit: int) -> Report:
    """Return a page of the most confident errors of an experiment, at most limit of them."""
    insist_on_integrity(db, {*EXPERIMENT_TABLES, *CRAWL_TABLES, *LABEL_TABLES})
    [experiment] = read_experiments(db, number)
    mistakes, total = read_mistakes(db, number, limit)
    page = errors_page(experiment, folder_pictures(ImageFolder(images), mistakes), total)
    return Report(page, page=page)


def site_contents(
    db: sqlite3.Connection,
    number: int | None,
    terms: Terms,
    console: Console,
    *,
    images: Path,
    products: bool,
) -> Contents:
    """Judge one experiment, or all (None); products: whether names and pictures are shown."""
    insist_on_integrity(db, {*CRAWL_TABLES, *LABEL_TABLES})
    evaluations = list(judge_experiments(db, [number], terms, console))
    return Contents(evaluations, ImageFolder(images), products)


def site_pages(
    db: sqlite3.Connection, contents: Contents, console: Console = SILENT
) -> Iterator[tuple[str, str]]:
    """Yield the name and the HTML of each page, one after the other."""
    against = functools.cache(lambda: contradicting(db, duplicate_groups(db)))
    pages = list(_pages(db, contents, against))
    links = [OVERVIEW, CATALOGUE, *(link for link, _ in pages)]
    entries = leaderboard_entries(db, contents.evaluations)
    yield OVERVIEW.page, overview_page(entries, Site(links, OVERVIEW.page))
    folder = contents.folder if contents.products else None
    summary, gallery = read_catalogue(db, console, folder)
    yield CATALOGUE.page, catalogue_page(summary, gallery, Site(links, CATALOGUE.page))
    for link, write in pages:
        yield link.page, write(Site(links, link.page))


def _pages(
    db: sqlite3.Connection, contents: Contents, against: Callable[[], Sequence[Sequence[str]]]
) -> Iterator[tuple[Link, Callable[[Site], str]]]:
    """Yield a link to each page of each experiment, and the function that writes the page."""
    for evaluation in contents.evaluations:
        number = evaluation.experiment.id
        yield (
            Link(page_of(evaluation.experiment), f"#{number}"),
            functools.partial(_experiment, db, evaluation),
        )
        if contents.products:
            yield (
                Link(page_of(evaluation.experiment, "errors"), f"#{number} errors"),
                functools.partial(_errors, db, evaluation, contents.folder),
            )
            if searched := read_label_search(db, number):
                yield (
                    Link(page_of(evaluation.experiment, "labels"), f"#{number} labels"),
                    functools.partial(_labels, db, evaluation, searched, contents.folder, against),
                )


def _experiment(db: sqlite3.Connection, evaluation: Evaluation, site: Site) -> str:
    tested = read_predicted_paths(db, evaluation.experiment.id, TEST)
    if not len(tested.product):  # an experiment of an older version
        return experiment_page(evaluation, None, None, {}, site)
    curve = risk_coverage(*leaf_scores(tested))
    categories = evaluate_categories(tested, evaluation.thresholds)
    return experiment_page(evaluation, curve, categories, read_paths(db), site)


def _errors(db: sqlite3.Connection, evaluation: Evaluation, folder: ImageFolder, site: Site) -> str:
    mistakes, total = read_mistakes(db, evaluation.experiment.id, SHOWN)
    return errors_page(evaluation.experiment, folder_pictures(folder, mistakes), total, site)


def _labels(
    db: sqlite3.Connection,
    evaluation: Evaluation,
    searched: LabelSearchSummary,
    folder: ImageFolder,
    against: Callable[[], Sequence[Sequence[str]]],
    site: Site,
) -> str:
    errors = LabelErrors(
        evaluation.experiment,
        searched,
        [
            product
            for product in read_suspicious(db, evaluation.experiment.id, SHOWN)
            if (product.suspicion or 0) >= WORTH_A_LOOK
        ],
        [read_products(db, group) for group in against()[:SHOWN]],
    )
    return labels_page(errors, folder_pictures(folder, errors.suspicious), site)


def folder_pictures(
    folder: ImageFolder, products: Iterable[Mistake]
) -> Iterator[tuple[Mistake, bytes | None]]:
    """Yield each product with the bytes of its picture, None without one."""
    return ((product, folder.read(product.file)) for product in products)
