"""Start a script before its imports, so that whatever happens ends it with one line.

Imports take seconds. Meanwhile, too, Ctrl-C, too little memory or a missing library must not show
a traceback, and no library may swallow Ctrl-C. This file imports next to nothing, since until
`begin` runs Python itself answers Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys

LOG_JSON = "--log-json"
INTERRUPTED = 130
INTERRUPTED_TEXT = "interrupted; what was stored is kept: run it again to continue"
LIBRARIES, THREAD = 300_000_000, 80_000_000  # bytes of address space: in all, per processor
MOST_THREADS = 64  # that NumPy and SciPy start
LOADING, WORKING, ENDING = range(3)


class _State:
    phase = LOADING
    interrupted = False
    process = 0
    messages = 2  # file descriptor of the last line, even while stderr is redirected


def begin(*, computes: bool = False) -> None:
    """Handle Ctrl-C and uncaught errors, and clean the output streams.

    computes: whether NumPy or SciPy is imported next, which would wait for ever without memory for
    their threads.
    """
    _State.process = os.getpid()
    if (
        signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):  # else Ctrl-C is ignored on purpose
        signal.signal(signal.SIGINT, _interrupt)
    sys.excepthook = _end_while_loading
    sys.unraisablehook = _unraisable
    from product_classifier.terminal import streams

    streams.clean_streams()
    _State.messages = os.dup(2)
    if computes and (problem := _too_little_memory()):
        streams.fail(problem, 1)
        os._exit(1)


def as_json() -> bool:
    """Return whether output is for programs (--log-json), before the command line is parsed."""
    return LOG_JSON in sys.argv[1:]


def asks_for(option: str) -> bool:
    """Return whether the command line has an option, before it is parsed."""
    return any(word == option or word.startswith(f"{option}=") for word in sys.argv[1:])


def program() -> str:
    """Return the name of the script that runs."""
    return os.path.basename(sys.argv[0])


def enter(phase: int) -> None:
    """Enter a phase: LOADING, WORKING or ENDING."""
    _State.phase = phase
    if phase == ENDING and _State.interrupted:  # the script is ending already
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def was_interrupted() -> bool:
    """Return whether Ctrl-C was pressed, even if a library turned it into another error."""
    return _State.interrupted


def _interrupt(number: int, frame: object) -> None:
    """Raise KeyboardInterrupt at the first Ctrl-C while working; else end the process at once."""
    if os.getpid() != _State.process:
        os._exit(INTERRUPTED)  # a child process: its parent reports
    if _State.phase == WORKING and not _State.interrupted:
        _State.interrupted = True
        raise KeyboardInterrupt
    signal.signal(number, signal.SIG_IGN)
    line = f"{program()}: {INTERRUPTED_TEXT}"
    if as_json():
        line = f'{{"error": "{INTERRUPTED_TEXT}", "code": {INTERRUPTED}}}'
    try:
        os.write(_State.messages, f"{line}\n".encode())  # sys.stderr may be in the middle of a line
    finally:
        os._exit(INTERRUPTED)


def _too_little_memory() -> str | None:
    """Return a message if the limit of memory is too low to import NumPy and SciPy, else None."""
    from product_classifier.system_errors import limit_of

    limit = limit_of("RLIMIT_AS")
    needed = LIBRARIES + THREAD * min(os.cpu_count() or 1, MOST_THREADS)
    if limit is None or limit >= needed:
        return None
    return (
        f"only {limit // 1024:,} kB of memory are allowed (ulimit -v), and its libraries need "
        f"{needed // 1024:,} to start; raise the limit"
    )


def _end_while_loading(kind: type[BaseException], error: BaseException, traceback: object) -> None:
    from product_classifier.terminal import failures

    os._exit(failures.report(error, interrupted=_State.interrupted))


def _unraisable(unraised: sys.UnraisableHookArgs) -> None:
    """Ignore an error that cannot be caught, such as in __del__; but do not lose Ctrl-C."""
    if isinstance(unraised.exc_value, KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    elif "PRODUCT_CLASSIFIER_DEBUG" in os.environ:
        sys.__unraisablehook__(unraised)
