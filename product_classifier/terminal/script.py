"""Parts that all scripts share: exit codes, results on stdout, and the console on stderr.

Only scripts import this file.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from product_classifier.console import Notes
from product_classifier.errors import ProductClassifierError
from product_classifier.printable import one_line, printable
from product_classifier.system_errors import reason_of
from product_classifier.terminal import failures, startup, streams
from product_classifier.terminal.streams import say, show

T = TypeVar("T")

__all__ = ["DONE", "UNFINISHED", "console", "end", "make_folder", "report", "run", "show", "write"]
DONE, UNFINISHED = 0, 3  # 1: an error; 2: argparse's usage errors; 130: Ctrl-C; 141: broken pipe
SECONDS_BETWEEN_LINES = 10.0
SHOWN = 5  # messages about what was left out
MOST_LISTED = 1_000_000  # rows of the table skipped that an import adds


def run(main: Callable[[], int]) -> NoReturn:
    """Run a script's main and exit with its code; any error becomes one line."""
    if not sys.warnoptions:  # warnings of libraries are for developers: python -W default
        warnings.simplefilter("ignore")
    threading.excepthook = _report_thread
    code: str | int | None
    try:
        try:
            startup.enter(startup.WORKING)
            code = main()
            streams.flush()
        finally:
            startup.enter(startup.ENDING)
    except SystemExit as ended:  # of argparse
        code = ended.code
    except BaseException as error:
        code = failures.report(error, interrupted=startup.was_interrupted())
    sys.exit(code)


def write(result: str, output: Path | None, named: bool = True) -> None:
    """Put a result on stdout, or into a file, which is there whole or not at all.

    named: whether a person named the file, which may be a link then, such as /dev/stdout.
    """
    if output is None:
        show(result)
        return
    result = printable(result.rstrip("\n")) + "\n"
    try:
        if named and (output.is_symlink() or (output.exists() and not output.is_file())):
            output.write_text(result, encoding="utf-8")
            return
        from product_classifier.store.files import replacing

        # of a site of hundreds of pages, none need outlast a power cut
        with replacing(output, lasting=False) as part, part.open("x", encoding="utf-8") as file:
            file.write(result)
    except OSError as error:
        raise ProductClassifierError(f"{output} cannot be written: {reason_of(error)}") from None


def report(text: str, values: Any, *, as_json: bool, output: Path | None) -> None:
    """Write a report: its text, or its values as JSON."""
    write(streams.in_json(values, indent=2) if as_json else text, output)


def make_folder(path: Path) -> None:
    """Make a folder for results, unless it exists, and check that files can be written there."""
    verb = "made"
    try:
        path.mkdir(parents=True, exist_ok=True)
        verb = "written"
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise ProductClassifierError(f"{path} cannot be {verb}: {reason_of(error)}") from None


class Problems:
    """Problems written as they come up, a line each: the first ones, and how many more there were.

    Programs, which read JSON, get a line for each problem.
    """

    def __init__(self, what: str, shown: int = 20) -> None:
        self._what, self._shown = what, shown
        self.count = 0

    def add(self, item: str, reason: str) -> None:
        """Report the problem of an item."""
        self.count += 1
        if self.count <= self._shown or startup.as_json():
            say(f"{self._what}: {item}: {reason}", {self._what: item, "reason": reason})

    def close(self) -> None:
        """Write how many problems were not written."""
        if self.count > self._shown and not startup.as_json():
            more = self.count - self._shown
            most = "" if more < MOST_LISTED else f"; it lists {MOST_LISTED:,} at most"
            say(f"{self._what}: {more:,} more; see the table skipped{most}")


def end(
    result: str, lost_pictures: Sequence[str] = (), facts: Mapping[str, Any] | None = None
) -> int:
    """Put a result on stdout, report which pictures were not read, and return the exit code."""
    console.warn(lost_pictures, "picture not read")
    show(result, facts)
    return UNFINISHED if lost_pictures else DONE


class Progress:
    """A bar on a terminal, else a line every ten seconds; lines of JSON with --log-json.

    notes: returns further numbers to show.
    """

    def __init__(
        self,
        label: str,
        total: int | None = None,
        notes: Notes = dict,
    ) -> None:
        from tqdm import tqdm

        self._label, self._total, self._notes = one_line(label), total, notes
        self._started = self._shown = time.monotonic()
        self._done = 0
        width = min(shutil.get_terminal_size().columns, 100)
        bar, file = None, streams.progress_bars()
        if file is not None and file.isatty() and not startup.as_json():
            bar = tqdm(desc=self._label, total=total, ncols=width, leave=True, file=file)
        self._bar = bar

    def advance(self, count: int = 1) -> None:
        """Add to the number of things that are done."""
        self._done += count
        if self._bar is not None:
            self._bar.set_postfix(self._nonzero_notes(), refresh=False)
            self._bar.update(count)
        elif time.monotonic() - self._shown >= SECONDS_BETWEEN_LINES:
            self._shown = time.monotonic()
            self._write(ended=False)

    def close(self) -> None:
        """Write the final number, and how long it took."""
        if self._bar is not None:
            self._bar.close()
        elif self._done:
            self._write(ended=True)

    def _nonzero_notes(self) -> dict[str, int]:
        return {name: number for name, number in self._notes().items() if number}

    def _write(self, ended: bool) -> None:
        from tqdm import tqdm

        seconds = max(time.monotonic() - self._started, 1e-6)
        facts = {"stage": self._label, "done": self._done, "total": self._total}
        facts |= {"seconds": round(seconds, 1), "per_second": round(self._done / seconds, 1)}
        facts |= {"ended": ended, **self._notes()}
        if ended:
            more = "".join(f", {number:,} {name}" for name, number in self._nonzero_notes().items())
            text = f"{self._label}: {self._done:,} in {seconds:.1f} s{more}"
        else:
            notes = ", ".join(f"{number} {name}" for name, number in self._nonzero_notes().items())
            text = tqdm.format_meter(
                self._done, self._total, seconds, ncols=0, prefix=self._label, postfix=notes
            )
        say(text, facts)


class Terminal:
    """The console of a script: messages and progress go to stderr."""

    def say(self, message: str, facts: Mapping[str, Any] | None = None) -> None:
        """Write a message; facts: the same for programs, which read JSON."""
        streams.say(message, facts)

    def warn(self, messages: Sequence[str], what: str) -> None:
        """Write the first few messages about what was left out, and the number of the others."""
        for message in messages[:SHOWN]:
            self.say(f"{what}: {message}")
        if len(messages) > SHOWN:
            self.say(f"{what}: {len(messages) - SHOWN:,} more")

    def problems(self, what: str) -> Problems:
        """Return a list of problems to report while they come up."""
        return Problems(what)

    def progress(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """Yield the items, and show how many are done."""
        counter = self.counter(label, total)
        for item in items:
            yield item
            counter.advance()
        counter.close()

    def counter(self, label: str, total: int | None = None, notes: Notes = dict) -> Progress:
        """Return a counter to advance; notes: returns further numbers to show."""
        return Progress(label, total, notes)


console = Terminal()


def _report_thread(ended: threading.ExceptHookArgs) -> None:
    """Write in one line the error that ended a thread that no other thread waits for."""
    if ended.exc_value is not None and ended.exc_type is not SystemExit:
        say(f"a thread ended: {failures.explained(ended.exc_value)}")
