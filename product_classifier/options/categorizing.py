"""The command lines of the three categorizers."""

from __future__ import annotations

import argparse

from product_classifier.options import common


def categorizer_parser(description: str | None, examples: str) -> argparse.ArgumentParser:
    """Make the parser that all of them share."""
    parser = common.new_parser(description, examples)
    common.add_database(parser)
    parser.add_argument(
        "--categories",
        type=common.names,
        default=[],
        metavar="A,B",
        help="""leaves, by id or path (every leaf with enough products); quote names that have a
        comma, as in '"Hats, Gloves",Belts'""",
    )
    parser.add_argument(
        "--min-per-category",
        type=common.positive,
        default=1000,
        metavar="N",
        help="without --categories: leave out smaller leaves (1000)",
    )
    parser.add_argument("--seed", type=common.seed, default=0, help="of weights and shuffling (0)")
    common.add_cache(parser)
    return parser
