"""Errors of the operating system as short messages with a remedy."""

from __future__ import annotations

import errno
import math
import os
import sys

_LIMITS = {  # errno → ulimit flag of the limit that may be exceeded, and its name in resource
    errno.EMFILE: ("-n", "RLIMIT_NOFILE"),
    errno.EFBIG: ("-f", "RLIMIT_FSIZE"),
    errno.ENOMEM: ("-v", "RLIMIT_AS"),
    errno.EAGAIN: ("-u", "RLIMIT_NPROC"),
}
_REMEDIES = {
    errno.EMFILE: "raise the limit",
    errno.ENFILE: "close other programs",
    errno.EFBIG: "raise the limit, or choose another place",
    errno.ENOMEM: "close other programs, or raise the limit",
    errno.EAGAIN: "close other programs, or raise the limit",
    errno.ENOSPC: "make room and run it again",
    errno.EDQUOT: "make room and run it again",
    errno.EROFS: "choose another place",
    errno.EACCES: "check its permissions",
    errno.EPERM: "check its permissions",
    errno.EIO: "the disk or its connection fails",
    errno.ENAMETOOLONG: "choose a shorter one",
    errno.ELOOP: "check its links",
}
SPARE = 8  # files that libraries may open, such as lists of host names


def reason_of(error: OSError) -> str:
    """Return the reason of an error, with the limit that caused it and a remedy if known."""
    text = error.strerror or str(error) or type(error).__name__
    number = error.errno or 0
    if number in _LIMITS:
        flag, name = _LIMITS[number]
        limit = limit_of(name)
        text += (
            f" (ulimit {flag})" if limit is None else f" (ulimit {flag}: {_as_ulimit(name, limit)})"
        )
    return f"{text}; {_REMEDIES[number]}" if number in _REMEDIES else text


def limit_of(name: str) -> int | None:
    """Return a limit of this process in the units of module resource; None if unlimited."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(getattr(resource, name))
    return None if limit == resource.RLIM_INFINITY else limit


def open_files_left() -> float:
    """Return how many more files may be opened, except SPARE ones; infinite if unknown."""
    limit = limit_of("RLIMIT_NOFILE")
    if limit is None or not os.path.isdir("/proc/self/fd"):
        return math.inf
    try:
        return max(0, limit - len(os.listdir("/proc/self/fd")) - SPARE)
    except OSError:  # not even the folder can be opened
        return 0


def exhausted_limit() -> str | None:
    """Return the limit that probably kept a library from writing a file; None without limits."""
    if open_files_left() == 0:
        return reason_of(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
    if limit_of("RLIMIT_FSIZE") is not None:
        return reason_of(OSError(errno.EFBIG, os.strerror(errno.EFBIG)))
    return None


def _as_ulimit(name: str, limit: int) -> str:
    """Return a limit as ulimit prints it: memory and file sizes in kilobytes."""
    return f"{limit if name in ('RLIMIT_NOFILE', 'RLIMIT_NPROC') else limit // 1024:,}"
