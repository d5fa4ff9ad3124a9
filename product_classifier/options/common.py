"""Options and values that several command lines have in common."""

from __future__ import annotations

import argparse
import csv
import datetime
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from product_classifier.printable import printable
from product_classifier.terminal import streams

BACKBONE_HELP = """inception_v3, mini, vgg16, vgg19, resnet50, resnet101, mobilenet_v2,
efficientnet_b0, a TF-Hub handle, the folder of a SavedModel, or a .npz file of retrain.py
(inception_v3 where it is cached or within reach, else mini)"""

WEIGHTS_HELP = "of a network by name, as Keras saves them without the top, .h5 (fetched once)"


class Parser(argparse.ArgumentParser):
    """A parser that writes help to stdout and wrong usage as one clean line to stderr."""

    def print_help(self, file: object = None) -> None:
        """Write the help to stdout."""
        streams.show(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Write the usage error, and exit with 2."""
        streams.fail(message, 2, usage=self.format_usage())
        raise SystemExit(2)


def new_parser(description: str | None, examples: str) -> argparse.ArgumentParser:
    """Return a parser whose --help has the layout of all scripts."""
    return Parser(
        description=description,
        epilog=f"examples:\n{examples.rstrip()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_database(parser: argparse.ArgumentParser) -> None:
    """Add --db-path."""
    parser.add_argument(
        "--db-path", type=Path, default=Path("crawl.db"), help="the database (crawl.db)"
    )


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add --images-path."""
    parser.add_argument(
        "--images-path", type=Path, default=Path("images"), help="the folder of pictures (images)"
    )


def add_images_per_product(parser: argparse.ArgumentParser, about: str) -> None:
    """Add --images-per-product."""
    parser.add_argument("--images-per-product", type=positive, default=1, metavar="N", help=about)


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Add --cache-path."""
    parser.add_argument(
        "--cache-path", type=Path, default=Path("cache"), help="where features are kept (cache)"
    )


def add_pictures(parser: argparse.ArgumentParser) -> None:
    """Add --images-path and --backbone."""
    add_images(parser)
    parser.add_argument("--backbone", help=BACKBONE_HELP)
    parser.add_argument("--weights", type=Path, metavar="FILE", help=WEIGHTS_HELP)


def seed(text: str) -> int:
    """Return a whole number of 32 bits, or refuse the text."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {2**32 - 1}")
    return number


def name(text: str) -> str:
    """Return a name without control characters, or refuse the text."""
    if printable(text) != text or not text.strip():
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not a name")
    return text


def names(text: str) -> list[str]:
    """Return the items of a list that is written like a line of a CSV file."""
    lines = csv.reader(text.splitlines(), skipinitialspace=True)
    return [name.strip() for line in lines for name in line if name.strip()]


def positive(text: str) -> int:
    """Return a whole number of at least 1, or refuse the text."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return number


def age(text: str) -> str:
    """Return the time that lies an age such as 30d, 12h or 5m ago, as the database writes times."""
    match = re.fullmatch(r"(\d{1,5})([dhm])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is not an age such as 30d, 12h or 5m")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[match[2]]
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(**{unit: int(match[1])})
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def how_many(text: str) -> int:
    """Return a number of pictures, or -1 for all."""
    return -1 if text == "-1" else positive(text)


def percentage(text: str) -> float:
    """Return a number from 0 to 100, or refuse the text."""
    number = float(text)
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return number


def share(text: str) -> float:
    """Return a share between 0 and 1, both excluded, or refuse the text."""
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1, such as 0.98")
    return number


def portion(text: str) -> float:
    """Return a share from 0 to below 1, or refuse the text."""
    number = float(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to below 1, such as 0.2")
    return number


def amount(what: str) -> Callable[[str], float]:
    """Return a parser of numbers of at least 0; what: their name in messages."""

    def read(text: str) -> float:
        number = float(text)
        if not 0 <= number < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not a {what} of at least 0")
        return number

    return read
