"""What the operating system refuses, and what to do about it, in a few words."""

from __future__ import annotations

import errno
import math
import os
import sys

_LIMITS = {  # error → which limit of the shell's may be behind it, and the number that resource has
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
SPARE = 8  # files that libraries open now and then, such as lists of host names


def reason_of(error: OSError) -> str:
    """Return what is wrong, and what to do about it where that is known."""
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
    """Return a limit of this process in resource's units; None where there is none."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(getattr(resource, name))
    return None if limit == resource.RLIM_INFINITY else limit


def open_files_left() -> float:
    """Return how many more files may be opened, some left to libraries; infinite where unknown."""
    limit = limit_of("RLIMIT_NOFILE")
    if limit is None or not os.path.isdir("/proc/self/fd"):
        return math.inf
    try:
        return max(0, limit - len(os.listdir("/proc/self/fd")) - SPARE)
    except OSError:  # not even that one
        return 0


def exhausted_limit() -> str | None:
    """Return what a library may mean that could not write a file, and does not say why."""
    if open_files_left() == 0:
        return reason_of(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
    if limit_of("RLIMIT_FSIZE") is not None:
        return reason_of(OSError(errno.EFBIG, os.strerror(errno.EFBIG)))
    return None


def _as_ulimit(name: str, limit: int) -> str:
    """Write a limit as the shell does, which counts memory and files in kilobytes."""
    return f"{limit if name in ('RLIMIT_NOFILE', 'RLIMIT_NPROC') else limit // 1024:,}"
