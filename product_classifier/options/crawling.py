"""The command line of crawl.py."""

import argparse
from pathlib import Path

from product_classifier.options import common
from product_classifier.options.marking import add_marking, misused
from product_classifier.sources.shopstyle import API_URL

EXAMPLES = """\
  SHOPSTYLE_API_KEY=... python crawl.py
  python crawl.py --api-key-file key.txt --root women --max-per-category 200
  python crawl.py --refresh 30d --contact me@shop.example
  python crawl.py --from products.csv --images pictures --path-separator ' > '
  python crawl.py --filter-images retrain_out/output_graph.pb --threshold 0.8
Ctrl-C stops it; the same command goes on where it stopped."""


def arguments(description: str | None) -> argparse.Namespace:
    """Read it, or end with the usage error that names what is wrong."""
    parser = common.new_parser(description, EXAMPLES)
    common.add_database(parser)
    common.add_images(parser)
    api = parser.add_argument_group("from the ShopStyle API")
    api.add_argument("--root", default="women", help="category to start below (women)")
    api.add_argument(
        "--max-per-category",
        type=common.positive,
        default=1000,
        metavar="N",
        help="products (1000)",
    )
    api.add_argument("--api-key-file", type=Path, metavar="FILE", help="or SHOPSTYLE_API_KEY")
    api.add_argument("--api-url", default=API_URL, metavar="URL", help=f"({API_URL})")
    api.add_argument(
        "--requests-per-minute", type=common.positive, default=750, metavar="N", help="(750)"
    )
    table = parser.add_argument_group("from a file")
    table.add_argument(
        "--from", dest="source", type=Path, metavar="FILE.csv", help="instead of the API"
    )
    table.add_argument(
        "--images", type=Path, metavar="DIR", help="where its pictures lie (beside the file)"
    )
    table.add_argument(
        "--path-separator", default="/", metavar="S", help="in the column category_path (/)"
    )
    table.add_argument("--encoding", default="utf-8-sig", help="of the file (utf-8)")
    add_marking(parser)
    add = parser.add_argument
    add("--only", choices=("categories", "products", "images"), help="fetch nothing else")
    common.add_images_per_product(parser, "fetch so many pictures of each, where there are (1)")
    add("--refresh", type=common.age, metavar="AGE", help="also what is older than 30d, 12h or 5m")
    add("--dry-run", action="store_true", help="tell what would be fetched, ask nobody")
    add("--contact", default="", metavar="ADDRESS", help="yours, for those who run the servers")
    add("--environment-proxies", action="store_true", help="ask through those of HTTPS_PROXY etc.")
    add("--log-json", action="store_true", help="progress and result as lines of JSON")
    parser.add_argument(
        "--connections", type=common.positive, default=16, metavar="N", help="pictures at once (16)"
    )
    parser.add_argument(
        "--allow-private", action="store_true", help="also ask loopback and private addresses"
    )
    args = parser.parse_args()
    if problem := misused(parser, args):
        parser.error(problem)
    if args.source and args.only in ("categories", "products"):
        parser.error("--only images is all that --from knows: a file is read whole")
    if args.source:
        args.images = (args.images or args.source.parent).resolve()
    return args
