"""Options that choose the products and categories of a categorizer."""

from __future__ import annotations

import argparse

from product_classifier.features.cleaning import LANGUAGES
from product_classifier.options import common
from product_classifier.selection import Selection


def add_subset(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose products and categories."""
    group = parser.add_argument_group(
        "which products and categories",
        "Applied from top to bottom; the database keeps all of them.",
    )
    group.add_argument(
        "--depth",
        type=common.positive,
        metavar="D",
        help="""learn and predict the categories D levels below the root, each with all categories
        below it; leaves above that depth stay as they are (leaves)""",
    )
    group.add_argument(
        "--categories",
        type=common.names,
        default=[],
        metavar="A,B",
        help="""leaves, or with --depth categories of that depth, by id or path (all with enough
        products); quote names with a comma, as in '"Hats, Gloves",Belts'""",
    )
    group.add_argument(
        "--given-split",
        action="store_true",
        help="use the split that the catalogue came with (the frozen split)",
    )
    group.add_argument(
        "--language",
        type=languages,
        default=(),
        metavar="L,L",
        help="only products whose name and description are in these languages, such as fr,en (any)",
    )
    group.add_argument(
        "--min-per-category",
        type=common.positive,
        default=1000,
        metavar="N",
        help="""without --categories: leave out categories with fewer products, counted after the
        options above and before a sample is drawn (1000)""",
    )
    group.add_argument(
        "--sample",
        type=common.share,
        metavar="S",
        help="""a share of each category's products, such as 0.1, rounded up, from all parts of the
        split; the same products each time, and a larger share contains a smaller one (all)""",
    )
    group.add_argument(
        "--sample-per-category",
        type=common.positive,
        metavar="N",
        help="""at most N products of each category, drawn likewise from all parts of the split,
        test products included (--max-per-category-train limits the training products only)""",
    )
    group.add_argument(
        "--sample-seed",
        type=common.seed,
        metavar="N",
        help="""draw another sample; --seed does not, so that trainings with several seeds are
        tested on the same products (0)""",
    )


def contradiction(args: argparse.Namespace) -> str | None:
    """Return which of these options cannot be combined, or None."""
    if args.sample_seed is not None and args.sample is None and args.sample_per_category is None:
        return "--sample-seed goes with --sample or --sample-per-category"
    return None


def selection_of(args: argparse.Namespace) -> Selection:
    """Return the selection that the options ask for."""
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
    """Return codes of languages, or refuse the text."""
    codes = tuple(dict.fromkeys(code.lower() for code in common.names(text)))
    for code in codes:
        if code not in LANGUAGES:
            raise argparse.ArgumentTypeError(f"{code!r} is not one of {', '.join(LANGUAGES)}")
    if not codes:
        raise argparse.ArgumentTypeError("name at least one, such as fr")
    return codes
