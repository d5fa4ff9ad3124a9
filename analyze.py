"""Report how accurate experiments are, what can be trusted at 95 % and 98 %, and the top errors."""

import argparse
import json
from pathlib import Path

from product_classifier import cli
from product_classifier.evaluate.accuracy import figures
from product_classifier.report.crawl import crawl_page, crawl_text, crawl_values
from product_classifier.report.errors_page import errors_page
from product_classifier.report.text import figures_text, figures_values
from product_classifier.store.crawl_state import read_crawl
from product_classifier.store.database import open_database
from product_classifier.store.experiments import read_experiments, read_mistakes, read_outcomes
from product_classifier.store.images import ImageFolder

EXAMPLES = """\
  python analyze.py
  python analyze.py --experiment 2 --json
  python analyze.py --crawl --output crawl.html
  python analyze.py --dump-errors-for-experiment 2 --output errors.html
"""
ERRORS_ON_A_PAGE = 500


def main() -> int:
    """Read experiments, judge them, and report as text, JSON or a page of errors."""
    args = arguments()
    with open_database(args.db_path) as db:
        if args.crawl:
            state = read_crawl(db)
            page = args.output and args.output.suffix in (".html", ".htm")
            as_json, as_text = json.dumps(crawl_values(state), indent=2), crawl_text(state)
            report = as_json if args.json else crawl_page(state) if page else as_text
        elif number := args.dump_errors_for_experiment:
            [experiment] = read_experiments(db, number)
            mistakes, total = read_mistakes(db, number, ERRORS_ON_A_PAGE)
            folder = ImageFolder(args.images_path)
            pictured = ((mistake, folder.read(mistake.file)) for mistake in mistakes)
            report = errors_page(experiment, pictured, total)
        else:
            experiments = read_experiments(db, args.experiment)
            judged = [(found, figures(read_outcomes(db, found.id))) for found in experiments]
            as_json, as_text = figures_values(judged), figures_text(judged)
            report = json.dumps(as_json, indent=2) if args.json else as_text
    cli.write(report, args.output)
    return cli.DONE


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = cli.new_parser(__doc__, EXAMPLES)
    cli.add_database(parser)
    cli.add_images(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--experiment", type=cli.positive, metavar="N", help="only this one (all)")
    which.add_argument(
        "--dump-errors-for-experiment",
        type=cli.positive,
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
