"""How much memory this process has taken, and whether that was too much."""

from __future__ import annotations

from pathlib import Path


def peak_bytes() -> int:
    """Tell the most memory this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's rusage counts what the parent held when it started this process
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource  # which Windows has not

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether a backend of Keras' ran out of memory: each has an error of its own for it."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error).lower()
    return (
        bool(names & {"ResourceExhaustedError", "OutOfMemoryError", "MemoryError"})
        or "resource_exhausted" in text
        or "out of memory" in text
    )
