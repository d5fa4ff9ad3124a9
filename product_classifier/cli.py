"""What the scripts share with each other: exit codes, results on stdout, progress on stderr.

Only scripts import this file.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from product_classifier.errors import ProductClassifierError
from product_classifier.printable import printable

T = TypeVar("T")

DONE, ERROR, UNFINISHED, INTERRUPTED, BROKEN_PIPE = 0, 1, 3, 130, 141  # 2: argparse's usage errors
SECONDS_BETWEEN_LINES = 10.0


def run(main: Callable[[], int]) -> NoReturn:
    """Run a script's main and exit with its code; errors a user can mend become one line."""
    if not sys.warnoptions:  # what a library warns of is for developers: python -W default
        warnings.simplefilter("ignore")
    try:
        code = main()
        sys.stdout.flush()
    except ProductClassifierError as error:
        _say_the_end(str(error))
        code = ERROR
    except KeyboardInterrupt:
        _say_the_end("interrupted; what was stored is kept: run it again to go on")
        code = INTERRUPTED
    except BrokenPipeError:
        # the reader of stdout has gone; what is still buffered must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BROKEN_PIPE
    sys.exit(code)


def _say_the_end(reason: str) -> None:
    """Tell why a script ends; whoever asked for --log-json reads nothing but JSON."""
    say(json.dumps({"error": reason}) if "--log-json" in sys.argv else f"{_program()}: {reason}")


def say(message: str) -> None:
    """Tell a person something that is not a result."""
    print(printable(message), file=sys.stderr, flush=True)


def write(result: str, output: Path | None) -> None:
    """Put a result on stdout, or into a file."""
    result = printable(result.rstrip("\n")) + "\n"
    if output is None:
        print(result, end="")
        return
    try:
        output.write_text(result, encoding="utf-8")
    except OSError as error:
        raise ProductClassifierError(f"{output} cannot be written: {error.strerror}") from None


def make_folder(path: Path) -> None:
    """Make a folder for results, unless it is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ProductClassifierError(f"{path} cannot be made: {error.strerror}") from None


def warn(messages: Sequence[str], what: str, shown: int = 5) -> None:
    """Tell of things that were passed over: the first few, and how many more."""
    for message in messages[:shown]:
        say(f"{what}: {message}")
    if len(messages) > shown:
        say(f"{what}: {len(messages) - shown:,} more")


class Problems:
    """Tells of problems as they come, one line each: the first ones, and how many more there were.

    as_json: lines of JSON for machines, all of them.
    """

    def __init__(self, what: str, shown: int = 20, as_json: bool = False) -> None:
        self._what, self._shown, self._as_json = what, shown, as_json
        self.count = 0

    def tell(self, item: str, reason: str) -> None:
        """Tell of one more."""
        self.count += 1
        if self._as_json:
            say(json.dumps({self._what: item, "reason": reason}))
        elif self.count <= self._shown:
            say(f"{self._what}: {item}: {reason}")

    def close(self) -> None:
        """Say how many were not told."""
        if self.count > self._shown and not self._as_json:
            say(f"{self._what}: {self.count - self._shown:,} more; the table skipped has them all")


def end(result: str, lost_pictures: Sequence[str] = ()) -> int:
    """Put a result on stdout and tell which pictures were not read; returns the exit code."""
    warn(lost_pictures, "picture not read")
    write(result, None)
    return UNFINISHED if lost_pictures else DONE


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


def progress(
    items: Iterable[T], label: str, total: int | None = None, as_json: bool = False
) -> Iterator[T]:
    """Pass items on, and show how far along they are."""
    shown = Progress(label, total, as_json=as_json)
    for item in items:
        yield item
        shown.advance()
    shown.close()


def _program() -> str:
    return Path(sys.argv[0]).name
