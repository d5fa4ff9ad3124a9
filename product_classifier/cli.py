"""What the scripts share with each other: exit codes, results on stdout, progress on stderr.

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

from product_classifier import starting, terminal, troubles
from product_classifier.errors import ProductClassifierError
from product_classifier.printable import one_line, printable
from product_classifier.system_errors import told
from product_classifier.terminal import say, show

T = TypeVar("T")

__all__ = ["DONE", "UNFINISHED", "Problems", "Progress", "end", "make_folder", "progress"]
__all__ += ["report", "run", "say", "show", "warn", "write"]
DONE, UNFINISHED = 0, 3  # 1: an error; 2: argparse's usage errors; 130: Ctrl-C; 141: broken pipe
SECONDS_BETWEEN_LINES = 10.0
MOST_LISTED = 1_000_000  # rows of the table skipped that an import adds


def run(main: Callable[[], int]) -> NoReturn:
    """Run a script's main and exit with its code; whatever goes wrong becomes one line."""
    if not sys.warnoptions:  # what a library warns of is for developers: python -W default
        warnings.simplefilter("ignore")
    threading.excepthook = _tell_of_thread
    code: str | int | None
    try:
        try:
            starting.enter(starting.WORKING)
            code = main()
            terminal.flush()
        finally:
            starting.enter(starting.ENDING)
    except SystemExit as ended:  # of argparse
        code = ended.code
    except BaseException as error:
        code = troubles.report(error, interrupted=starting.was_interrupted())
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
        from product_classifier.store.files import replacing  # --help need not wait for it

        # of a site of hundreds of pages, none need outlast a power cut
        with replacing(output, lasting=False) as part, part.open("x", encoding="utf-8") as file:
            file.write(result)
    except OSError as error:
        raise ProductClassifierError(f"{output} cannot be written: {told(error)}") from None


def report(text: str, values: Any, *, as_json: bool, output: Path | None) -> None:
    """Write a report for people, or its values for programs."""
    write(terminal.in_json(values, indent=2) if as_json else text, output)


def make_folder(path: Path) -> None:
    """Make a folder for results, unless it is there, and make sure that files can be put there."""
    verb = "made"
    try:
        path.mkdir(parents=True, exist_ok=True)
        verb = "written"
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise ProductClassifierError(f"{path} cannot be {verb}: {told(error)}") from None


def warn(messages: Sequence[str], what: str, shown: int = 5) -> None:
    """Tell of things that were passed over: the first few, and how many more."""
    for message in messages[:shown]:
        say(f"{what}: {message}")
    if len(messages) > shown:
        say(f"{what}: {len(messages) - shown:,} more")


class Problems:
    """Tells of problems as they come, one line each: the first ones, and how many more there were.

    Machines are told of all.
    """

    def __init__(self, what: str, shown: int = 20) -> None:
        self._what, self._shown = what, shown
        self.count = 0

    def tell(self, item: str, reason: str) -> None:
        """Tell of one more."""
        self.count += 1
        if self.count <= self._shown or starting.as_json():
            say(f"{self._what}: {item}: {reason}", {self._what: item, "reason": reason})

    def close(self) -> None:
        """Say how many were not told."""
        if self.count > self._shown and not starting.as_json():
            more = self.count - self._shown
            most = "" if more < MOST_LISTED else f"; it lists {MOST_LISTED:,} at most"
            say(f"{self._what}: {more:,} more; see the table skipped{most}")


def end(
    result: str, lost_pictures: Sequence[str] = (), facts: Mapping[str, Any] | None = None
) -> int:
    """Put a result on stdout and tell which pictures were not read; returns the exit code."""
    warn(lost_pictures, "picture not read")
    show(result, facts)
    return UNFINISHED if lost_pictures else DONE


class Progress:
    """How far along something is: a bar on a terminal, else a line every ten seconds.

    notes: more numbers to show. Machines get lines of JSON, on a terminal too.
    """

    def __init__(
        self,
        label: str,
        total: int | None = None,
        notes: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        from tqdm import tqdm

        self._label, self._total, self._notes = one_line(label), total, notes
        self._started = self._shown = time.monotonic()
        self._done = 0
        width = min(shutil.get_terminal_size().columns, 100)
        bar, file = None, terminal.progress_bars()
        if file is not None and file.isatty() and not starting.as_json():
            bar = tqdm(desc=self._label, total=total, ncols=width, leave=True, file=file)
        self._bar = bar

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

        seconds = max(time.monotonic() - self._started, 1e-6)
        facts = {"stage": self._label, "done": self._done, "total": self._total}
        facts |= {"seconds": round(seconds, 1), "per_second": round(self._done / seconds, 1)}
        facts |= {"ended": ended, **self._notes()}
        if ended:
            more = "".join(f", {number:,} {name}" for name, number in self._told().items())
            text = f"{self._label}: {self._done:,} in {seconds:.1f} s{more}"
        else:
            notes = ", ".join(f"{number} {name}" for name, number in self._told().items())
            text = tqdm.format_meter(
                self._done, self._total, seconds, ncols=0, prefix=self._label, postfix=notes
            )
        say(text, facts)


def progress(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass items on, and show how far along they are."""
    shown = Progress(label, total)
    for item in items:
        yield item
        shown.advance()
    shown.close()


def _tell_of_thread(found: threading.ExceptHookArgs) -> None:
    """Report in one line the error that ended a thread nobody waits for."""
    if found.exc_value is not None and found.exc_type is not SystemExit:
        say(f"a thread ended: {troubles.explained(found.exc_value)}")
