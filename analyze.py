"""Report what experiments are worth, what can be trusted, and which labels are probably wrong."""

from product_classifier.terminal import startup

if __name__ == "__main__":
    startup.begin(computes=True)
# isort: split
from product_classifier.options.analyzing import ERRORS_ON_A_PAGE, IN_A_REVIEW, ON_SCREEN, arguments

if __name__ == "__main__":
    arguments(__doc__)  # --help and wrong usage end here, before the slow imports
# isort: split

import argparse
import sqlite3

from product_classifier.evaluate.accuracy import TARGETS
from product_classifier.recipes import (
    find_label_errors,
    judge_experiments,
    summarise_catalogue,
    write_site,
)
from product_classifier.records import FeaturePaths, Report
from product_classifier.store.database import open_database
from product_classifier.terminal import script


def main() -> int:
    """Make the report that the options ask for, and write it."""
    args = arguments(__doc__)
    with open_database(args.db_path) as db:
        report = make_report(db, args)
    if report.values is None and report.page is None:
        script.show(report.text)
    else:
        text = report.page if is_page(args) and report.page else report.text
        script.report(text, report.values, as_json=args.json, output=args.output)
    for line in report.shortfalls:
        script.console.say(line)
    return script.UNFINISHED if report.shortfalls else script.DONE


def make_report(db: sqlite3.Connection, args: argparse.Namespace) -> Report:
    """Return the report that the options ask for; without such an option, the figures."""
    console, required = script.console, args.require or ()
    terms = judge_experiments.Terms(
        targets=args.target or TARGETS,
        confidence=args.confidence,
        cost_error=args.cost_error,
        cost_review=args.cost_review,
    )
    feature_paths = FeaturePaths(args.images_path, args.cache_path, args.backbone, args.weights)
    if args.crawl:
        return summarise_catalogue.crawl_report(db)
    if args.catalogue:
        images = None if args.no_products else args.images_path
        return summarise_catalogue.catalogue_report(db, console, images=images, page=is_page(args))
    if number := args.dump_errors_for_experiment:
        return write_site.errors_report(db, number, args.images_path, ERRORS_ON_A_PAGE)
    if number := args.label_errors:
        limit = args.limit or ON_SCREEN
        return find_label_errors.label_errors_report(db, number, feature_paths, limit, console)
    if args.export_review:
        file, about = find_label_errors.export_review(
            db,
            args.experiment,
            feature_paths,
            terms,
            console,
            limit=args.limit or IN_A_REVIEW,
            audit=args.audit,
        )
        script.write(file, args.export_review)
        return Report(f"{args.export_review}: {about}")
    if args.import_review:
        return find_label_errors.import_review(db, args.import_review, args.reviewer)
    if args.per_category:
        return judge_experiments.categories_report(db, args.experiment, terms, console)
    if args.leaderboard:
        return judge_experiments.leaderboard_report(db, args.experiment, terms, console)
    if args.html:
        contents = write_site.site_contents(
            db,
            args.experiment,
            terms,
            console,
            images=args.images_path,
            products=not args.no_products,
        )
        script.make_folder(args.html)
        pages = write_site.site_pages(db, contents, console)
        count = 0
        for name, page in console.progress(pages, "pages"):
            script.write(page, args.html / name, named=False)
            count += 1
        experiments = len(contents.evaluations)
        return Report(f"{args.html / 'index.html'}: {count} pages of {experiments} experiments")
    if args.compare:
        return judge_experiments.comparison_report(db, args.compare, terms, console, required)
    return judge_experiments.figures_report(db, args.experiment, terms, console, required)


def is_page(args: argparse.Namespace) -> bool:
    """Return whether --output names a page."""
    return args.output is not None and args.output.suffix.lower() in (".html", ".htm")


if __name__ == "__main__":
    script.run(main)
