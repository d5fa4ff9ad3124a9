"""A program that runs a command, and prints its processor seconds and peak memory in KB.

It is small, since Linux counts the memory of the parent at a process's start as the process's.
"""

import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

INTERVAL = 0.2  # seconds


def memory(process: int) -> int:
    """Return the memory of a process and its descendants in KB; shared memory counts once."""
    folder = Path(f"/proc/{process}")
    kilobytes = 0
    with suppress(OSError, StopIteration):  # the process has ended, or is about to
        lines = (folder / "smaps_rollup").read_text().splitlines()
        kilobytes = int(next(line for line in lines if line.startswith("Pss:")).split()[1])
        for children in folder.glob("task/*/children"):
            kilobytes += sum(memory(int(child)) for child in children.read_text().split())
    return kilobytes


def watch(process: int, samples: list[int]) -> None:
    """Append the memory of a process and its descendants in KB to samples at intervals."""
    while True:
        samples.append(memory(process))
        time.sleep(INTERVAL)


if __name__ == "__main__":
    samples: list[int] = []
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL) as command:
        threading.Thread(target=watch, args=(command.pid, samples), daemon=True).start()
    if command.returncode:
        raise subprocess.CalledProcessError(command.returncode, sys.argv[1:])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime, max(used.ru_maxrss, *samples))
