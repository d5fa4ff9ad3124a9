"""Explain in one line why a script ends: what is wrong, then the remedy.

A user never sees a traceback. An unexpected error is a fault of the program, and its line says how
to get the traceback.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from product_classifier import system_errors
from product_classifier.errors import ProductClassifierError
from product_classifier.terminal import streams
from product_classifier.terminal.startup import INTERRUPTED, INTERRUPTED_TEXT, as_json

DEBUG = "PRODUCT_CLASSIFIER_DEBUG"
ERROR, BROKEN_PIPE = 1, 141
_NO_MEMORY = ("failed to map", "cannot allocate", "cannot create shared object", "out of memory")
_NO_FILES = ("Too many open files",)


def report(error: BaseException, *, interrupted: bool) -> int:
    """Write why a script ends and return its exit code; interrupted: whether by Ctrl-C before."""
    if isinstance(error, streams.ReaderGoneError):
        return BROKEN_PIPE
    try:
        if os.environ.get(DEBUG):
            _show_traceback(error)
        if interrupted or isinstance(error, KeyboardInterrupt):
            streams.fail(INTERRUPTED_TEXT, INTERRUPTED)
            return INTERRUPTED
        streams.fail(explained(error), ERROR)
    except streams.ReaderGoneError:
        return BROKEN_PIPE
    return ERROR


def explained(error: BaseException) -> str:
    """Return what is wrong and the remedy, for the first known one of an error and its causes."""
    if isinstance(error, ProductClassifierError):
        return str(error)
    explanation = next(filter(None, map(_explanation, _chain(error))), None)
    return explanation or (
        f"unexpected {type(error).__name__}: {error} ({_place(error)}); "
        f"please report it with what {DEBUG}=1 shows"
    )


def _explanation(error: BaseException) -> str | None:
    text = str(error)
    if isinstance(error, MemoryError) or any(part in text.lower() for part in _NO_MEMORY):
        return f"out of memory{_limit('-v', 'RLIMIT_AS')}; close other programs, or allow more"
    if any(part in text for part in _NO_FILES):
        number = _limit("-n", "RLIMIT_NOFILE")
        return f"too many open files{number}; raise the limit"
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{error.name} is not installed; pip install -r requirements.txt"
    if isinstance(error, RuntimeError) and "can't start new thread" in text:
        number = _limit("-v", "RLIMIT_AS") or _limit("-u", "RLIMIT_NPROC")
        return f"no thread can be started{number}; close other programs, or raise the limit"
    if isinstance(error, Warning):
        return f"a library warned, and PYTHONWARNINGS makes that an error: {text}; unset it"
    if isinstance(error, UnicodeEncodeError):
        return (
            f"{error.object!r} cannot be written in {error.encoding}; set LC_ALL=C.UTF-8, or "
            "PYTHONUTF8=1"
        )
    return None


def _of_system(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not error.filename and not _folder_exists():
        return "the current folder is gone; change into another"
    name = error.filename
    subject = f"{os.fsdecode(name)}: " if isinstance(name, str | bytes | os.PathLike) else ""
    return f"{subject}{system_errors.reason_of(error)}"


def _folder_exists() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def _limit(flag: str, name: str) -> str:
    limit = system_errors.limit_of(name)
    return "" if limit is None else f" (ulimit {flag})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, then its causes."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _place(error: BaseException) -> str:
    """Return the file and line that raised an error."""
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    if not traceback:
        return "of unknown place"
    file = traceback.tb_frame.f_code.co_filename
    return f"{os.path.basename(file)} line {traceback.tb_lineno}"


def _show_traceback(error: BaseException) -> None:
    import traceback

    lines = "".join(traceback.format_exception(error)).splitlines()
    if as_json():
        streams.say("", {"traceback": lines})
    else:
        streams.write_messages("\n".join(lines))
