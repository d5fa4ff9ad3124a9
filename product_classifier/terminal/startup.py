"""What a script does before it loads anything: from here on it ends in one line, whatever happens.

Loading takes seconds. Ctrl-C, too little memory or a missing library must not show a traceback
then either, and Ctrl-C must not be lost in a library that catches everything. This file itself
loads next to nothing, since Ctrl-C meanwhile is Python's to answer.
"""

from __future__ import annotations

import os
import signal
import sys

LOG_JSON = "--log-json"
INTERRUPTED = 130
INTERRUPTED_TEXT = "interrupted; what was stored is kept: run it again to go on"
LIBRARIES, THREAD = 300_000_000, 80_000_000  # bytes of addresses: all in all, for each processor
MOST_THREADS = 64  # that these libraries begin
LOADING, WORKING, ENDING = range(3)


class _State:
    phase = LOADING
    interrupted = False
    process = 0
    messages = 2  # where a last line goes, even while a library is kept from writing there


def begin(*, computes: bool = False) -> None:
    """Take Ctrl-C, what nobody catches, and the streams into our hands.

    computes: what is loaded next waits for ever where it may not have memory for its threads.
    """
    _State.process = os.getpid()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is to be ignored
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
    """Return whether a machine reads; known before the command line is parsed."""
    return LOG_JSON in sys.argv[1:]


def asks_for(option: str) -> bool:
    """Return whether an option is given; before a command line can be parsed."""
    return any(word == option or word.startswith(f"{option}=") for word in sys.argv[1:])


def program() -> str:
    """Return the name of the script that runs."""
    return os.path.basename(sys.argv[0])


def enter(phase: int) -> None:
    """Tell what the script does from now on."""
    _State.phase = phase
    if phase == ENDING and _State.interrupted:  # it ends already
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def was_interrupted() -> bool:
    """Return whether Ctrl-C was pressed, even where a library made another error of it."""
    return _State.interrupted


def _interrupt(number: int, frame: object) -> None:
    """Let work be put in order at the first Ctrl-C; end at once at the second, or without work."""
    if os.getpid() != _State.process:
        os._exit(INTERRUPTED)  # a child: its parent speaks
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
    """Return what to say of a limit under which NumPy's and SciPy's algebra cannot be loaded."""
    from product_classifier.system_errors import limit_of

    limit = limit_of("RLIMIT_AS")
    needed = LIBRARIES + THREAD * min(os.cpu_count() or 1, MOST_THREADS)
    if limit is None or limit >= needed:
        return None
    return (
        f"only {limit // 1024:,} kB of memory are allowed (ulimit -v), and its libraries take "
        f"{needed // 1024:,} to begin with; raise the limit"
    )


def _end_while_loading(kind: type[BaseException], error: BaseException, traceback: object) -> None:
    from product_classifier.terminal import failures

    os._exit(failures.report(error, interrupted=_State.interrupted))


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    """Keep quiet about errors where nobody can catch them, but lose no Ctrl-C."""
    if isinstance(found.exc_value, KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    elif "PRODUCT_CLASSIFIER_DEBUG" in os.environ:
        sys.__unraisablehook__(found)
