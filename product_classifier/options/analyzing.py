"""The command line of analyze.py."""

import argparse
from pathlib import Path

from product_classifier.options import common

EXAMPLES = """\
  python analyze.py
  python analyze.py --experiment 2 --json
  python analyze.py --target 0.9 --target 0.99 --confidence 0.9
  python analyze.py --crawl --output crawl.html
  python analyze.py --dump-errors-for-experiment 2 --output errors.html
"""
ERRORS_ON_A_PAGE = 500


def arguments(description: str | None) -> argparse.Namespace:
    """Read it, or end with the usage error that names what is wrong."""
    parser = common.new_parser(description, EXAMPLES)
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
    parser.add_argument(
        "--target",
        type=common.share,
        action="append",
        metavar="A",
        help="accuracy to certify, repeatable (0.95 and 0.98)",
    )
    parser.add_argument(
        "--confidence",
        type=common.share,
        default=0.95,
        metavar="C",
        help="that certificates hold with (0.95)",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there (stdout)")
    return parser.parse_args()
