"""Run a command, and print its seconds of processor and KB of memory.

A process of its own, and a small one: Linux counts what its parent holds as a process's memory.
"""

import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

LOOK = 0.2  # seconds


def held(process: int) -> int:
    """Return the memory of a process and its children, in KB; shared memory counts once."""
    folder = Path(f"/proc/{process}")
    kilobytes = 0
    with suppress(OSError, StopIteration):  # it has ended, or is about to
        lines = (folder / "smaps_rollup").read_text().splitlines()
        kilobytes = int(next(line for line in lines if line.startswith("Pss:")).split()[1])
        for children in folder.glob("task/*/children"):
            kilobytes += sum(held(int(child)) for child in children.read_text().split())
    return kilobytes


def watch(process: int, seen: list[int]) -> None:
    """Look again and again how many KB they hold, until this program ends."""
    while True:
        seen.append(held(process))
        time.sleep(LOOK)


if __name__ == "__main__":
    seen: list[int] = []
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL) as command:
        threading.Thread(target=watch, args=(command.pid, seen), daemon=True).start()
    if command.returncode:
        raise subprocess.CalledProcessError(command.returncode, sys.argv[1:])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime, max(used.ru_maxrss, *seen))
