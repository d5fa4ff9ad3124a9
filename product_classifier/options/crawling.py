"""The command line of crawl.py."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from product_classifier.errors import SourceError
from product_classifier.limits import LONGEST_ID
from product_classifier.options import common
from product_classifier.sources import API_URL, FORMATS, SHOP
from product_classifier.sources.files.picture_paths import URL_SCHEMES
from product_classifier.sources.files.table_columns import FIELDS

PARTS = ("categories", "products", "images")
WITH_SOURCE = ("format", "columns", "encoding", "category_names", "sample", "collections", "strict")
LONGEST_CONTACT = 200  # characters, sent with each request
WITH_SOURCE_OR_EXPORT = ("images", "path_separator")
EXAMPLES = """\
  SHOPSTYLE_API_KEY=... python crawl.py
  python crawl.py --api-key-file key.txt --root women --max-per-category 200
  python crawl.py --refresh 30d --contact me@shop.example
  python crawl.py --from products.csv --images pictures --dry-run
  python crawl.py --from products.tsv.gz --columns name=title,category_path=dept+class
  python crawl.py --from train.bson --sample 100000
  python crawl.py --from https://shop.example
  python crawl.py --filter-images retrain_out/output_graph.pb --threshold 0.8
  python crawl.py --export products.csv --experiment 3
Ctrl-C stops it; the same command goes on where it stopped."""


def arguments(description: str | None) -> argparse.Namespace:
    """Parse the command line of crawl.py; exit with a usage error that names the problem."""
    parser = common.new_parser(description, EXAMPLES)
    common.add_database(parser)
    common.add_images(parser)
    _add_api(parser)
    _add_source(parser)
    add_marking(parser)
    add = parser.add_argument
    add("--only", choices=PARTS, help="fetch nothing else")
    common.add_images_per_product(parser, "fetch up to N pictures of each product (1)")
    add(
        "--refresh",
        type=common.age,
        metavar="AGE",
        help="also fetch anew what is older (30d, 12h, 5m)",
    )
    add(
        "--dry-run",
        action="store_true",
        help="show what would be stored; of servers, only a shop is asked, for its first page",
    )
    add(
        "--contact",
        type=contact,
        default="",
        metavar="ADDRESS",
        help="your address, sent to servers for their operators",
    )
    add("--environment-proxies", action="store_true", help="use the proxies of HTTPS_PROXY etc.")
    add("--log-json", action="store_true", help="progress and result as lines of JSON")
    add(
        "--requests-per-minute",
        type=common.positive,
        metavar="N",
        help="to the API (750) or the shop (120)",
    )
    add(
        "--connections",
        type=common.positive,
        default=16,
        metavar="N",
        help="at the same time (16)",
    )
    add(
        "--allow-private",
        action="store_true",
        help="also connect to private addresses",
    )
    _add_export(parser)
    args = parser.parse_args()
    if problem := misused(parser, args) or _contradiction(args):
        parser.error(problem)
    args.pictures = _folder_of_pictures(args)
    args.images = args.images and args.images.resolve()
    return args


def columns(text: str) -> Mapping[str, Sequence[str]]:
    """Return the columns of each field, from name=title,category_path=department+class."""
    columns_of: dict[str, Sequence[str]] = {}
    for pair in common.names(text):
        field, equals, names = pair.partition("=")
        if not equals or field not in FIELDS:
            raise argparse.ArgumentTypeError(
                f"{pair!r} is not a field, '=' and a column; fields are {', '.join(FIELDS)}"
            )
        columns_of[field] = [name for name in names.split("+") if name]
    return columns_of


def contact(text: str) -> str:
    """Return a text that may stand in an HTTP header, or refuse it."""
    if not (text.isascii() and text.isprintable() and len(text) <= LONGEST_CONTACT):
        raise argparse.ArgumentTypeError(
            f"not a line of at most {LONGEST_CONTACT} ASCII characters, such as me@shop.example"
        )
    return text


def api_url(text: str) -> str:
    """Return the address of an API, or refuse the text; paths and a key are appended to it."""
    if problem := _problem_of_address(text):
        raise argparse.ArgumentTypeError(problem)
    if "?" in text or "#" in text:
        raise argparse.ArgumentTypeError("pass it without '?' and '#' and what follows them")
    return text


def identity(text: str) -> str:
    """Return the id of a category, or refuse the text."""
    if len(text) > LONGEST_ID or text != text.encode(errors="replace").decode():
        raise argparse.ArgumentTypeError(f"not a UTF-8 text of at most {LONGEST_ID:,} characters")
    return text


def folder(text: str) -> Path:
    """Return the path of an existing folder, or refuse the text."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text)


def _folder_of_pictures(args: argparse.Namespace) -> Path | None:
    """Return the folder of the pictures of a file or folder to import, or None."""
    if not args.source or args.source.startswith(URL_SCHEMES):
        return None
    path = Path(args.source)
    return Path(args.images or (path if path.is_dir() else path.parent)).resolve()


def _add_api(parser: argparse.ArgumentParser) -> None:
    api = parser.add_argument_group("from the ShopStyle API")
    api.add_argument(
        "--root", type=identity, default="women", help="category to start below (women)"
    )
    api.add_argument(
        "--max-per-category",
        type=common.positive,
        default=1000,
        metavar="N",
        help="products (1000)",
    )
    api.add_argument("--api-key-file", type=Path, metavar="FILE", help="or SHOPSTYLE_API_KEY")
    api.add_argument("--api-url", type=api_url, default=API_URL, metavar="URL", help=f"({API_URL})")


def _add_source(parser: argparse.ArgumentParser) -> None:
    source = parser.add_argument_group("from another catalogue")
    add = source.add_argument
    add(
        "--from",
        dest="source",
        metavar="SOURCE",
        help="""a file (CSV, TSV, JSON, JSON Lines, Parquet, XML feed, BSON, the database of the
        earlier system; .gz and .zip too), a folder of folders, or a Shopify shop's address""",
    )
    add("--format", choices=FORMATS, help="its format (detected)")
    add(
        "--images",
        type=folder,
        metavar="DIR",
        help="folder of its pictures, by their paths or named by their product (beside the file)",
    )
    add(
        "--columns",
        type=columns,
        default={},
        metavar="FIELD=NAME,…",
        help="""columns of a table that are not recognized by their names, such as
        name=title,category_path=level1+level2; nothing after '=' means no column""",
    )
    add(
        "--path-separator",
        metavar="S",
        help="text between the names of a path, such as --path-separator='->' (detected)",
    )
    add("--encoding", help="of the file (utf-8, or by its first bytes)")
    add(
        "--category-names",
        type=Path,
        metavar="FILE",
        help="of a BSON file (category_names.csv beside it)",
    )
    add(
        "--sample",
        type=common.positive,
        metavar="N",
        help="of a BSON file N products, drawn evenly from all of it",
    )
    add("--seed", type=common.seed, default=0, help="of that sample (0)")
    add("--collections", action="store_true", help="use a shop's collections as categories")
    add(
        "--strict",
        action="store_true",
        help="stop at the first problem; of a file nothing is stored",
    )


def _add_export(parser: argparse.ArgumentParser) -> None:
    export = parser.add_argument_group("into a table")
    export.add_argument(
        "--export",
        type=Path,
        metavar="FILE",
        help="""write all products and categories to a .csv, .jsonl or .parquet, which --from reads;
        paths of pictures are relative to --images""",
    )
    export.add_argument(
        "--experiment", type=common.positive, metavar="N", help="with its predictions"
    )
    export.add_argument(
        "--raw",
        action="store_true",
        help="""in a .csv, no apostrophe before texts that a spreadsheet takes for a formula; --from
        removes the apostrophes""",
    )


def _contradiction(args: argparse.Namespace) -> str | None:
    """Return which options cannot be combined, or None."""
    if args.source and args.only == "categories":
        return "--only categories does not go with --from, whose categories come with its products"
    for name in WITH_SOURCE:
        if getattr(args, name) and not args.source:
            return f"--{name.replace('_', '-')} goes with --from"
    for name in WITH_SOURCE_OR_EXPORT:
        if getattr(args, name) and not (args.source or args.export):
            return f"--{name.replace('_', '-')} goes with --from and --export"
    if args.export and (args.source or args.only or args.dry_run or args.refresh):
        return "--export writes what is stored: it does not go with an import"
    if args.experiment and not args.export:
        return "--experiment goes with --export"
    if str(args.source).startswith(URL_SCHEMES) and (problem := _problem_of_address(args.source)):
        return f"--from: {problem}"
    if args.raw and not args.export:
        return "--raw goes with --export"
    if args.format == SHOP and not args.source.startswith(URL_SCHEMES):
        return "a Shopify shop is named by its address: --from https://…"
    if args.path_separator == "":
        return "the separator is empty; pass what joins the names as --path-separator"
    return None


def _problem_of_address(url: str) -> str:
    """Return why a URL cannot be fetched, without any password in it, or ''."""
    from product_classifier.sources.web.connections import parts_of

    try:
        parts_of(url)
    except SourceError as error:
        return str(error)
    return ""


MARKING = ("filter_images", "filter_label", "threshold")
WITH_MARKING = (*MARKING, "db_path", "images_path", "log_json")


def add_marking(parser: argparse.ArgumentParser) -> None:
    """Add --filter-images, --filter-label and --threshold."""
    group = parser.add_argument_group("to mark close-ups or logos, which fetches nothing")
    group.add_argument(
        "--filter-images",
        type=Path,
        metavar="MODEL",
        help="""score each complete picture with a graph of retrain.py, and mark the pictures of a
        label: categorizers leave them out, unless a product has no other picture""",
    )
    group.add_argument(
        "--filter-label", metavar="LABEL", help="the unwanted label of the model (zoomed)"
    )
    group.add_argument(
        "--threshold",
        type=threshold,
        default=0.5,
        metavar="T",
        help="""mark from this probability on; another threshold for the same model uses the stored
        scores, and 1 unmarks all (0.5)""",
    )


def misused(parser: argparse.ArgumentParser, args: argparse.Namespace) -> str | None:
    """Return which of these options are misused, or None."""
    used = {name for name, value in vars(args).items() if value != parser.get_default(name)}
    if args.filter_images and not used <= set(WITH_MARKING):
        return (
            "--filter-images fetches nothing: it goes with --filter-label, --threshold, --db-path, "
            "--images-path and --log-json only"
        )
    if not args.filter_images and not used.isdisjoint(MARKING):
        return "--filter-label and --threshold go with --filter-images"
    return None


def threshold(text: str) -> float:
    """Return a probability above 0, or refuse the text."""
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1, such as 0.5")
    return number
