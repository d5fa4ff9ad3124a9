"""What the scripts share with each other: exit codes, progress on stderr, and common options.

Only scripts import this file.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from product_classifier.errors import ProductClassifierError

T = TypeVar("T")

DONE, ERROR, UNFINISHED, INTERRUPTED, BROKEN_PIPE = 0, 1, 3, 130, 141  # 2: argparse's usage errors
SECONDS_BETWEEN_LINES = 10.0
BACKBONE_HELP = """inception_v3, mini, a TF-Hub handle, the folder of a SavedModel, or a student's
.npz file (inception_v3 where it is cached or within reach, else mini)"""


def run(main: Callable[[], int]) -> NoReturn:
    """Run a script's main and exit with its code; errors a user can mend become one line."""
    if not sys.warnoptions:  # what a library warns of is for developers: python -W default
        warnings.simplefilter("ignore")
    try:
        code = main()
        sys.stdout.flush()
    except ProductClassifierError as error:
        say(f"{_program()}: {error}")
        code = ERROR
    except KeyboardInterrupt:
        say(f"{_program()}: interrupted; what was stored is kept: run it again to go on")
        code = INTERRUPTED
    except BrokenPipeError:
        # the reader of stdout has gone; what is still buffered must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BROKEN_PIPE
    sys.exit(code)


def say(message: str) -> None:
    """Tell a person something that is not a result."""
    print(message, file=sys.stderr, flush=True)


def write(result: str, output: Path | None) -> None:
    """Put a result on stdout, or into a file."""
    result = result.rstrip("\n") + "\n"
    if output is None:
        print(result, end="")
        return
    try:
        output.write_text(result, encoding="utf-8")
    except OSError as error:
        raise ProductClassifierError(f"{output} cannot be written: {error.strerror}") from None


def warn(messages: Sequence[str], what: str, shown: int = 5) -> None:
    """Tell of things that were passed over: the first few, and how many more."""
    for message in messages[:shown]:
        say(f"{what}: {message}")
    if len(messages) > shown:
        say(f"{what}: {len(messages) - shown:,} more")


def progress(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass items on; a bar on a terminal, else a line every ten seconds and one at the end."""
    from tqdm import tqdm

    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        yield from tqdm(items, label, total, ncols=min(width, 100), leave=True)
        return
    started = shown = time.monotonic()
    count = 0
    for count, item in enumerate(items, 1):
        yield item
        if time.monotonic() - shown >= SECONDS_BETWEEN_LINES:
            shown = time.monotonic()
            say(tqdm.format_meter(count, total, shown - started, ncols=0, prefix=label))
    if count:
        say(f"{label}: {count:,} in {time.monotonic() - started:.1f} s")


def new_parser(description: str | None, examples: str) -> argparse.ArgumentParser:
    """Make a parser that every script's --help looks alike with."""
    return argparse.ArgumentParser(
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


def categorizer_parser(description: str | None, examples: str) -> argparse.ArgumentParser:
    """Make the parser that the three categorizers share."""
    parser = new_parser(description, examples)
    add_database(parser)
    parser.add_argument(
        "--categories",
        type=names,
        default=[],
        metavar="A,B",
        help="""leaves, by id or path (every leaf with enough products); quote names that have a
        comma, as in '"Hats, Gloves",Belts'""",
    )
    parser.add_argument(
        "--min-per-category",
        type=positive,
        default=1000,
        metavar="N",
        help="without --categories: leave out smaller leaves (1000)",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of weights and shuffling (0)")
    add_cache(parser)
    return parser


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Add --cache-path."""
    parser.add_argument(
        "--cache-path", type=Path, default=Path("cache"), help="where features are kept (cache)"
    )


def add_pictures(parser: argparse.ArgumentParser) -> None:
    """Add --images-path and --backbone."""
    add_images(parser)
    parser.add_argument("--backbone", help=BACKBONE_HELP)


def seed(text: str) -> int:
    """Read a whole number of 32 bits."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {2**32 - 1}")
    return number


def names(text: str) -> list[str]:
    """Read a list that is written like a line of a CSV file."""
    lines = csv.reader(text.splitlines(), skipinitialspace=True)
    return [name.strip() for line in lines for name in line if name.strip()]


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return number


def how_many(text: str) -> int:
    """Read a number of pictures, or -1 for all."""
    return -1 if text == "-1" else positive(text)


def percentage(text: str) -> float:
    """Read a number from 0 to 100."""
    number = float(text)
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return number


def _program() -> str:
    return Path(sys.argv[0]).name
