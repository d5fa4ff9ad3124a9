"""Report what experiments are worth, what can be trusted, and which labels are probably wrong."""

from __future__ import annotations

from product_classifier.terminal import startup

if __name__ == "__main__":
    startup.begin(computes=True)  # before what takes long to load
# isort: split

import argparse
import sqlite3
from typing import TYPE_CHECKING, Any

from product_classifier.options.analyzing import ERRORS_ON_A_PAGE, IN_A_REVIEW, ON_SCREEN, arguments
from product_classifier.store.database import open_database
from product_classifier.terminal import script

if TYPE_CHECKING:
    from product_classifier.features.dataset_features import Places
    from product_classifier.recipes.judge_experiments import Terms

# each report imports what it needs: --help need not wait for SciPy and all


def main() -> int:
    """Find what was asked for, read what it needs, and report it."""
    args = arguments(__doc__)
    reports = (
        (args.crawl, crawl_report),
        (args.catalogue, catalogue_report),
        (args.dump_errors_for_experiment, errors_report),
        (args.label_errors, label_errors_report),
        (args.export_review, export_review),
        (args.import_review, import_review),
        (args.per_category, categories_report),
        (args.leaderboard, leaderboard_report),
        (args.html, site),
    )
    report = next((report for asked, report in reports if asked), figures_report)
    with open_database(args.db_path) as db:
        return report(db, args)


def figures_report(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Judge experiments, each by itself or side by side, and insist on what is required."""
    from product_classifier.evaluate.requirements import metrics, unmet
    from product_classifier.recipes.judge_experiments import compare_experiments, judge_experiments
    from product_classifier.report.comparison import comparison_text, comparison_values
    from product_classifier.report.text import figures_text, figures_values

    judged = list(
        judge_experiments(db, args.compare or [args.experiment], terms(args), script.console)
    )
    if args.compare:
        found = compare_experiments(db, args.compare, terms(args).targets)
        tell(args, comparison_text(judged, *found), comparison_values(judged, *found))
    else:
        tell(args, figures_text(judged), figures_values(judged))
    missed = [
        f"experiment {found.experiment.id}: {text}"
        for found in judged
        for wanted in args.require or ()
        if (text := unmet(wanted, metrics(found)))
    ]
    for text in missed:
        script.console.say(text)
    return script.UNFINISHED if missed else script.DONE


def categories_report(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Judge the categories of experiments."""
    from product_classifier.recipes.judge_experiments import judge_experiments, tested_categories
    from product_classifier.report.categories import categories_text, categories_values
    from product_classifier.store.experiments import read_paths

    judged = judge_experiments(db, [args.experiment], terms(args), script.console)
    found = [(one.experiment, tested_categories(db, one)) for one in judged]
    paths = read_paths(db)
    tell(args, categories_text(found, paths), categories_values(found, paths))
    return script.DONE


def leaderboard_report(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Set models side by side that were tested on the same products."""
    from product_classifier.recipes.judge_experiments import judge_experiments, leaderboard_entries
    from product_classifier.report.leaderboard import (
        leaderboard_page,
        leaderboard_text,
        leaderboard_values,
    )

    judged = judge_experiments(db, [args.experiment], terms(args), script.console)
    entries = leaderboard_entries(db, judged)
    write = leaderboard_page if is_page(args) else leaderboard_text
    tell(args, write(entries), leaderboard_values(entries))
    return script.DONE


def site(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Write all that there is to see as pages, into a folder."""
    from product_classifier.recipes.judge_experiments import judge_experiments
    from product_classifier.recipes.write_site import Shown, site_pages
    from product_classifier.store.image_folder import ImageFolder
    from product_classifier.store.integrity import CRAWLED, LABELS, insist_on_sound

    insist_on_sound(db, {*CRAWLED, *LABELS})
    judged = list(judge_experiments(db, [args.experiment], terms(args), script.console))
    shown = Shown(judged, ImageFolder(args.images_path), products=not args.no_products)
    script.make_folder(args.html)
    pages = 0
    for name, page in script.console.progress(site_pages(db, shown, script.console), "pages"):
        script.write(page, args.html / name)
        pages += 1
    script.show(f"{args.html / 'index.html'}: {pages} pages of {len(judged)} experiments")
    return script.DONE


def label_errors_report(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Search for wrong labels."""
    from product_classifier.recipes.find_label_errors import label_errors
    from product_classifier.report.label_errors import label_errors_text, label_errors_values
    from product_classifier.store.experiments import read_experiments
    from product_classifier.store.integrity import CRAWLED, JUDGED, LABELS, insist_on_sound

    insist_on_sound(db, {*JUDGED, *CRAWLED, *LABELS})
    [experiment] = read_experiments(db, args.label_errors)
    limit = args.limit or ON_SCREEN
    found = label_errors(db, experiment, places(args), limit, script.console)
    tell(args, label_errors_text(found), label_errors_values(found))
    return script.DONE


def export_review(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Write a file for a person to fill in: the labels of the most use, or a random sample."""
    from product_classifier.recipes.find_label_errors import review_csv, search, to_audit, to_review
    from product_classifier.store.experiments import read_experiments
    from product_classifier.store.integrity import CRAWLED, JUDGED, LABELS, insist_on_sound

    insist_on_sound(db, {*JUDGED, *CRAWLED, *LABELS})
    experiment = read_experiments(db, args.experiment)[-1]
    if args.audit:
        entries, size = to_audit(db, experiment, args.audit)
        what = f"of {size:,} test products, chosen at random, {len(entries):,} to decide"
    else:
        search(db, experiment, places(args), script.console)
        entries = to_review(db, experiment, terms(args), args.limit or IN_A_REVIEW)
        what = f"{len(entries):,} labels to decide"
    script.write(review_csv(entries), args.export_review)
    script.show(
        f"{args.export_review}: {what} by experiment {experiment.id}; write keep, ambiguous or a "
        "category into the column decision, then pass it as --import-review"
    )
    return script.DONE


def import_review(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Store what a person decided."""
    from product_classifier.sources.files.review_file import read_review
    from product_classifier.store.decisions import import_decisions

    review = read_review(args.import_review)
    found = import_decisions(db, review.decided, args.reviewer)
    kept, moved, ambiguous = (found.stored[verdict] for verdict in ("keep", "move", "ambiguous"))
    script.show(
        f"{args.import_review}: {found.stored.total():,} decisions of {args.reviewer} stored "
        f"({kept:,} keep, {moved:,} move, {ambiguous:,} ambiguous; {found.replaced:,} replace "
        f"earlier ones), {found.known:,} known before, {review.open:,} lines still open"
    )
    script.console.warn(found.problems, "not stored")
    return script.UNFINISHED if found.problems else script.DONE


def errors_report(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Show the most confident errors of an experiment, as a page."""
    from product_classifier.recipes.write_site import folder_pictures
    from product_classifier.report.errors_page import errors_page
    from product_classifier.store.experiments import read_experiments, read_mistakes
    from product_classifier.store.image_folder import ImageFolder
    from product_classifier.store.integrity import CRAWLED, JUDGED, LABELS, insist_on_sound

    insist_on_sound(db, {*JUDGED, *CRAWLED, *LABELS})
    number = args.dump_errors_for_experiment
    [experiment] = read_experiments(db, number)
    mistakes, total = read_mistakes(db, number, ERRORS_ON_A_PAGE)
    pictured = folder_pictures(ImageFolder(args.images_path), mistakes)
    script.write(errors_page(experiment, pictured, total), args.output)
    return script.DONE


def crawl_report(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Tell what was crawled; as a page where the output is to be one."""
    from product_classifier.report.crawl import crawl_page, crawl_text, crawl_values
    from product_classifier.store.catalogue_summary import read_crawl
    from product_classifier.store.integrity import CRAWLED, insist_on_sound

    insist_on_sound(db, CRAWLED)
    state = read_crawl(db)
    tell(args, (crawl_page if is_page(args) else crawl_text)(state), crawl_values(state))
    return script.DONE


def catalogue_report(db: sqlite3.Connection, args: argparse.Namespace) -> int:
    """Tell what is in the catalogue; as a page where the output is to be one."""
    from product_classifier.recipes.summarise_catalogue import read_catalogue
    from product_classifier.report.catalogue_summary import (
        catalogue_page,
        catalogue_text,
        catalogue_values,
    )
    from product_classifier.store.image_folder import ImageFolder
    from product_classifier.store.integrity import CRAWLED, insist_on_sound

    insist_on_sound(db, {*CRAWLED, "decision"})
    shown = is_page(args) and not args.no_products
    folder = ImageFolder(args.images_path) if shown else None
    found, sheet = read_catalogue(db, script.console, folder)
    text = catalogue_page(found, sheet) if is_page(args) else catalogue_text(found)
    tell(args, text, catalogue_values(found))
    return script.DONE


def is_page(args: argparse.Namespace) -> bool:
    """Tell whether the report goes into a page."""
    return args.output is not None and args.output.suffix.lower() in (".html", ".htm")


def tell(args: argparse.Namespace, text: str, values: Any) -> None:
    """Write a report, for people or for programs."""
    script.report(text, values, as_json=args.json, output=args.output)


def terms(args: argparse.Namespace) -> Terms:
    """Take what is asked of experiments from the command line."""
    from product_classifier.evaluate.accuracy import TARGETS
    from product_classifier.recipes.judge_experiments import Terms

    targets = args.target or TARGETS
    return Terms(targets, args.confidence, args.cost_error, args.cost_review)


def places(args: argparse.Namespace) -> Places:
    """Take from the command line where features come from."""
    from product_classifier.features.dataset_features import Places

    return Places(args.images_path, args.cache_path, args.backbone, args.weights)


if __name__ == "__main__":
    script.run(main)
