"""The command line of analyze.py."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from product_classifier.evaluate.requirements import requirement
from product_classifier.options import common

EXAMPLES = """\
  python analyze.py --catalogue --output catalogue.html
  python analyze.py
  python analyze.py --experiment 2 --per-category --json
  python analyze.py --target 0.9 --target 0.99 --confidence 0.9
  python analyze.py --cost-error 20 --cost-review 0.5
  python analyze.py --compare 1 3 --require 'certified98>=0.5'
  python analyze.py --leaderboard
  python analyze.py --html results/report
  python analyze.py --label-errors 3
  python analyze.py --experiment 3 --export-review review.csv
  python analyze.py --experiment 3 --export-review audit.csv --audit 200
  python analyze.py --import-review review.csv --reviewer Ada
  python analyze.py --crawl --output crawl.html
  python analyze.py --dump-errors-for-experiment 2 --output errors.html
"""
ERRORS_ON_A_PAGE = 500
IN_A_REVIEW, ON_SCREEN = 500, 50  # labels


def arguments(description: str | None) -> argparse.Namespace:
    """Parse the command line of analyze.py; exit with a usage error that names the problem."""
    parser = common.new_parser(description, EXAMPLES)
    common.add_database(parser)
    common.add_images(parser)
    common.add_cache(parser)
    parser.add_argument(
        "--experiment", type=common.positive, metavar="N", help="only this experiment (all)"
    )
    _add_reports(parser)
    _add_terms(parser)
    _add_labels(parser)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there (stdout)")
    args = parser.parse_args()
    if problem := _contradiction(args):
        parser.error(problem)
    return args


def _add_reports(parser: argparse.ArgumentParser) -> None:
    which = parser.add_argument_group("instead of figures").add_mutually_exclusive_group()
    which.add_argument(
        "--compare",
        type=common.positive,
        nargs="+",
        metavar="N",
        help="experiments side by side, tested on the same products",
    )
    which.add_argument(
        "--per-category", action="store_true", help="each category by itself, the worst first"
    )
    which.add_argument(
        "--leaderboard",
        action="store_true",
        help="the models tested on the same products in one table; a page if --output is .html",
    )
    which.add_argument("--html", type=Path, metavar="DIR", help="all reports as pages, in a folder")
    which.add_argument(
        "--dump-errors-for-experiment",
        type=common.positive,
        metavar="N",
        help=f"write a page of its {ERRORS_ON_A_PAGE} most confident errors, as HTML",
    )
    which.add_argument(
        "--crawl", action="store_true", help="what was crawled; a page if --output is .html"
    )
    which.add_argument(
        "--catalogue",
        action="store_true",
        help="a summary of the catalogue, before training; a page if --output is .html",
    )
    which.add_argument(
        "--label-errors",
        type=common.positive,
        metavar="N",
        help="labels that are probably wrong, by this experiment's features; trains five times",
    )
    which.add_argument(
        "--export-review",
        type=Path,
        metavar="FILE",
        help="write labels for a person to decide, as CSV, the most useful first",
    )
    which.add_argument(
        "--import-review", type=Path, metavar="FILE", help="store what the person decided"
    )


def _add_terms(parser: argparse.ArgumentParser) -> None:
    terms = parser.add_argument_group("terms that experiments are judged on")
    terms.add_argument(
        "--require",
        type=requirement,
        action="append",
        metavar="R",
        help="exit with 3 unless all experiments meet it, such as 'coverage98>=0.5'; repeatable",
    )
    terms.add_argument(
        "--target",
        type=common.share,
        action="append",
        metavar="A",
        help="accuracy to certify, repeatable (0.95 and 0.98)",
    )
    terms.add_argument(
        "--confidence",
        type=common.share,
        default=0.95,
        metavar="C",
        help="of certificates (0.95)",
    )
    for name, text in (
        ("error", "a wrong product that is filed"),
        ("review", "a review of a product"),
    ):
        terms.add_argument(
            f"--cost-{name}",
            type=common.amount("cost"),
            metavar="C",
            help=f"cost of {text}; both or neither",
        )


def _add_labels(parser: argparse.ArgumentParser) -> None:
    labels = parser.add_argument_group("labels and pages")
    labels.add_argument(
        "--limit",
        type=common.positive,
        metavar="N",
        help=f"labels to show ({ON_SCREEN}) or to write into a review file ({IN_A_REVIEW})",
    )
    labels.add_argument(
        "--audit",
        type=common.positive,
        metavar="N",
        help="with --export-review: N random test products, to audit the accuracy",
    )
    labels.add_argument(
        "--reviewer",
        type=common.name,
        metavar="NAME",
        default=_user(),
        help="who decided (the current user)",
    )
    labels.add_argument("--backbone", help="the experiment's network, if it was moved")
    labels.add_argument(
        "--weights", type=Path, metavar="FILE", help="of that network, as given to the categorizer"
    )
    labels.add_argument(
        "--no-products",
        action="store_true",
        help="with --html and --catalogue: leave out names and pictures of products",
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in containers
        return "unknown"


def _contradiction(args: argparse.Namespace) -> str | None:
    """Return which options cannot be combined, or None."""
    by_number = args.compare or args.dump_errors_for_experiment or args.label_errors
    crawled = args.crawl or args.catalogue
    if args.experiment and (by_number or crawled or args.import_review):
        return "--experiment goes with figures, --per-category, --html and --export-review"
    if args.compare and len(set(args.compare)) < 2:
        return "--compare needs at least two experiments"
    others = args.per_category or args.leaderboard or args.html
    others = others or args.export_review or args.import_review
    if args.require and (others or crawled or (by_number and not args.compare)):
        return "--require goes with figures and --compare alone"
    if args.output and args.output.suffix.lower() in (
        ".html",
        ".htm",
    ):  # browsers run what is there
        if args.json:
            return "--json writes no page: name the --output .json"
        if not (crawled or args.leaderboard or args.dump_errors_for_experiment):
            return "this report is text: name the --output .txt, or pass --html FOLDER for pages"
    if (args.cost_error is None) != (args.cost_review is None):
        return "--cost-error and --cost-review need each other: pass both"
    if args.cost_error == args.cost_review == 0:
        return "--cost-error and --cost-review cannot both be 0"
    if args.audit and not args.export_review:
        return "--audit goes with --export-review"
    return None
