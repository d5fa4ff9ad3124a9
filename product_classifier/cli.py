"""What the scripts share with each other: exit codes, progress on stderr, and common options.

Only scripts import this file.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import re
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


class Progress:
    """How far along something is: a bar on a terminal, else a line every ten seconds.

    notes: more numbers to show; as_json: lines of JSON for machines, on a terminal too.
    """

    def __init__(
        self,
        label: str,
        total: int | None = None,
        notes: Callable[[], Mapping[str, int]] = dict,
        as_json: bool = False,
    ) -> None:
        from tqdm import tqdm

        self._label, self._total, self._notes, self._as_json = label, total, notes, as_json
        self._started = self._shown = time.monotonic()
        self._done = 0
        width = min(shutil.get_terminal_size().columns, 100)
        wanted = sys.stderr.isatty() and not as_json
        self._bar = tqdm(desc=label, total=total, ncols=width, leave=True) if wanted else None

    def advance(self, count: int = 1) -> None:
        """Count what has been done since."""
        self._done += count
        if self._bar is not None:
            self._bar.set_postfix(self._told(), refresh=False)
            self._bar.update(count)
        elif time.monotonic() - self._shown >= SECONDS_BETWEEN_LINES:
            self._shown = time.monotonic()
            self._tell(ended=False)

    def close(self) -> None:
        """Say what it came to."""
        if self._bar is not None:
            self._bar.close()
        elif self._done:
            self._tell(ended=True)

    def _told(self) -> dict[str, int]:
        return {name: number for name, number in self._notes().items() if number}

    def _tell(self, ended: bool) -> None:
        from tqdm import tqdm

        seconds = time.monotonic() - self._started
        if self._as_json:
            facts = {"stage": self._label, "done": self._done, "total": self._total}
            times = {"seconds": round(seconds, 1), "per_second": round(self._done / seconds, 1)}
            say(json.dumps({**facts, **times, "ended": ended, **self._notes()}))
        elif ended:
            more = "".join(f", {number:,} {name}" for name, number in self._told().items())
            say(f"{self._label}: {self._done:,} in {seconds:.1f} s{more}")
        else:
            notes = ", ".join(f"{number} {name}" for name, number in self._told().items())
            say(
                tqdm.format_meter(
                    self._done, self._total, seconds, ncols=0, prefix=self._label, postfix=notes
                )
            )


def progress(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass items on, and show how far along they are."""
    shown = Progress(label, total)
    for item in items:
        yield item
        shown.advance()
    shown.close()


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


def age(text: str) -> str:
    """Read an age, as 30d, 12h or 5m; returns the moment so long ago as the database writes it."""
    match = re.fullmatch(r"(\d{1,5})([dhm])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is no age such as 30d, 12h or 5m")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[match[2]]
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(**{unit: int(match[1])})
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


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
