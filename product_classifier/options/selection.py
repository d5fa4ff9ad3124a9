"""Which products and categories a categorizer is asked for: options that all three of them have."""

from __future__ import annotations

import argparse

from product_classifier.features.cleaning import LANGUAGES
from product_classifier.options import common
from product_classifier.selection import Selection


def add_subset(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    group = parser.add_argument_group(
        "which products and categories",
        "Applied from top to bottom; the database keeps all of them.",
    )
    group.add_argument(
        "--depth",
        type=common.positive,
        metavar="D",
        help="""learn and predict the categories so far below the root, each with all that lies
        below it: 1 is directly below; leaves that end above that depth stay themselves (leaves)""",
    )
    group.add_argument(
        "--categories",
        type=common.names,
        default=[],
        metavar="A,B",
        help="""leaves, or with --depth categories of that depth, by id or path (all with enough
        products); quote names that have a comma, as in '"Hats, Gloves",Belts'""",
    )
    group.add_argument(
        "--given-split",
        action="store_true",
        help="train, tune and test as the split says that the catalogue came with (the frozen one)",
    )
    group.add_argument(
        "--language",
        type=languages,
        default=(),
        metavar="L,L",
        help="only products whose name and description are in these, such as fr,en (any)",
    )
    group.add_argument(
        "--min-per-category",
        type=common.positive,
        default=1000,
        metavar="N",
        help="""without --categories: leave out those with fewer products, counted after all of
        the above and before a sample is drawn (1000)""",
    )
    group.add_argument(
        "--sample",
        type=common.share,
        metavar="S",
        help="""a share of the products of each category, such as 0.1, rounded up, of all parts of
        the split; the same ones each time, and a larger share holds a smaller one (all)""",
    )
    group.add_argument(
        "--sample-per-category",
        type=common.positive,
        metavar="N",
        help="""at most so many products of each category, drawn likewise, from all parts of the
        split, so that there are fewer test products too (--max-per-category-train cuts what is
        learned from alone)""",
    )
    group.add_argument(
        "--sample-seed",
        type=common.seed,
        metavar="N",
        help="""draw another sample; not --seed, so that trainings by several seeds are tested on
        the same products (0)""",
    )


def contradiction(args: argparse.Namespace) -> str | None:
    """Say which of them do not go together."""
    if args.sample_seed is not None and args.sample is None and args.sample_per_category is None:
        return "--sample-seed goes with --sample or --sample-per-category"
    return None


def selection_of(args: argparse.Namespace) -> Selection:
    """Take from the command line what is asked for."""
    return Selection(
        depth=args.depth,
        categories=tuple(args.categories),
        given_split=args.given_split,
        languages=args.language,
        min_per_category=args.min_per_category,
        sample=args.sample,
        sample_per_category=args.sample_per_category,
        sample_seed=args.sample_seed or 0,
        images_per_product=getattr(args, "images_per_product", 1),  # words have none
    )


def languages(text: str) -> tuple[str, ...]:
    """Read codes of languages."""
    codes = tuple(dict.fromkeys(code.lower() for code in common.names(text)))
    for code in codes:
        if code not in LANGUAGES:
            raise argparse.ArgumentTypeError(f"{code!r} is none of {', '.join(LANGUAGES)}")
    if not codes:
        raise argparse.ArgumentTypeError("name at least one, such as fr")
    return codes
