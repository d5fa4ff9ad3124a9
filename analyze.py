"""Report how accurate experiments are, what can be trusted at 95 % and 98 %, and the top errors."""

import argparse
import json
import sqlite3
from pathlib import Path

from product_classifier import cli
from product_classifier.evaluate.accuracy import figures
from product_classifier.options import common
from product_classifier.report.crawl import crawl_page, crawl_text, crawl_values
from product_classifier.report.errors_page import errors_page
from product_classifier.report.text import figures_text, figures_values
from product_classifier.store.crawl_state import read_crawl
from product_classifier.store.database import open_database
from product_classifier.store.experiments import read_experiments, read_mistakes, read_outcomes
from product_classifier.store.images import ImageFolder
from product_classifier.store.soundness import CRAWLED, JUDGED, insist_on_sound

EXAMPLES = """\
  python analyze.py
  python analyze.py --experiment 2 --json
  python analyze.py --crawl --output crawl.html
  python analyze.py --dump-errors-for-experiment 2 --output errors.html
"""
ERRORS_ON_A_PAGE = 500


def main() -> int:
    """Read what is in the database, judge it, and report as text, JSON or a page."""
    args = arguments()
    with open_database(args.db_path) as db:
        if args.crawl:
            report = crawl_report(db, args)
        elif args.dump_errors_for_experiment:
            report = errors_report(db, args)
        else:
            report = figures_report(db, args)
    cli.write(report, args.output)
    return cli.DONE


def figures_report(db: sqlite3.Connection, args: argparse.Namespace) -> str:
    """Judge the experiments."""
    insist_on_sound(db, JUDGED)
    experiments = read_experiments(db, args.experiment)
    judged = [(found, figures(read_outcomes(db, found.id))) for found in experiments]
    return json.dumps(figures_values(judged), indent=2) if args.json else figures_text(judged)


def errors_report(db: sqlite3.Connection, args: argparse.Namespace) -> str:
    """Show the most confident errors of an experiment, as a page."""
    insist_on_sound(db, {*JUDGED, *CRAWLED})
    number = args.dump_errors_for_experiment
    [experiment] = read_experiments(db, number)
    mistakes, total = read_mistakes(db, number, ERRORS_ON_A_PAGE)
    folder = ImageFolder(args.images_path)
    pictured = ((mistake, folder.read(mistake.file)) for mistake in mistakes)
    return errors_page(experiment, pictured, total)


def crawl_report(db: sqlite3.Connection, args: argparse.Namespace) -> str:
    """Tell what was crawled; as a page where the output is to be one."""
    insist_on_sound(db, CRAWLED)
    state = read_crawl(db)
    if args.json:
        return json.dumps(crawl_values(state), indent=2)
    is_page = args.output and args.output.suffix in (".html", ".htm")
    return crawl_page(state) if is_page else crawl_text(state)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = common.new_parser(__doc__, EXAMPLES)
    common.add_database(parser)
    common.add_images(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--experiment", type=common.positive, metavar="N", help="only this one (all)"
    )
    which.add_argument(
        "--dump-errors-for-experiment",
        type=common.positive,
        metavar="N",
        help=f"write a page of its {ERRORS_ON_A_PAGE} most confident errors, as HTML",
    )
    which.add_argument(
        "--crawl", action="store_true", help="what was crawled; a page where --output is .html"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there (stdout)")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(main)
