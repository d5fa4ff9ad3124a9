"""The command line of analyze.py."""

import argparse
from pathlib import Path

from product_classifier.options import common
from product_classifier.report.requirements import requirement

EXAMPLES = """\
  python analyze.py
  python analyze.py --experiment 2 --json
  python analyze.py --target 0.9 --target 0.99 --confidence 0.9
  python analyze.py --cost-error 20 --cost-review 0.5
  python analyze.py --compare 1 3 --require 'certified98>=0.5'
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
    which.add_argument(
        "--compare",
        type=common.positive,
        nargs="+",
        metavar="N",
        help="these side by side, tested on the same products",
    )
    parser.add_argument(
        "--require",
        type=requirement,
        action="append",
        metavar="R",
        help="exit with 3 unless all reach it, such as 'coverage98>=0.5'; repeatable",
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
    for name, text in (("error", "a wrong product filed"), ("review", "a look at a product")):
        parser.add_argument(
            f"--cost-{name}", type=common.cost, metavar="C", help=f"what {text} costs; both or none"
        )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there (stdout)")
    args = parser.parse_args()
    if args.compare and len(set(args.compare)) < 2:
        parser.error("--compare needs at least two experiments")
    if args.require and (args.crawl or args.dump_errors_for_experiment):
        parser.error("--require goes with figures: leave out --crawl and --dump-errors-for-…")
    if (args.cost_error is None) != (args.cost_review is None):
        parser.error("--cost-error and --cost-review need each other: pass both")
    if args.cost_error == args.cost_review == 0:
        parser.error("--cost-error and --cost-review cannot both be 0")
    return args
