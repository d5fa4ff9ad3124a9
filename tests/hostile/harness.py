"""Thousands of generated hostile inputs, read in one limited process, with unexpected results.

A reader survives when every input is either read or refused by one of the project's own errors in
one clean line, within the limits of memory and time, without writing outside the input's folder,
starting a process, unpickling, or connecting anywhere that was not allowed.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from product_classifier.errors import ProductClassifierError
from tests.faults.tier import tier

MOST_BYTES = 500_000_000  # beyond what the imported libraries take
MOST_SECONDS = 60.0  # for one input
ADDRESS_SPACE = 4_000_000_000  # bytes beyond the libraries' own; more would harm the machine
LONGEST_LINE = 2_000  # characters of a message
FAILURES_SHOWN = 5
READ, REFUSED = "read", "refused"
UNCLEAN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
STARTS_CODE = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pickle.find_class")
CHANGES_FILES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link")


@dataclass(frozen=True, kw_only=True)
class HostileInputs:
    """Functions of one module that make and read the inputs of a format.

    make writes an input into an empty folder and returns what read takes; the same generator
    state makes the same input. warm_up reads a harmless input, so that libraries are imported
    before memory is measured.
    """

    make: Callable[[random.Random, Path], Any]
    read: Callable[[Any], object]
    warm_up: Callable[[Path], object]
    allowed: frozenset[str] = frozenset()  # audit events, or hosts that may be connected to


class Answer(NamedTuple):
    """The result of reading an input."""

    outcome: str
    reason: str  # why that breaks a limit, or ''
    peak: int  # bytes beyond what the imported libraries take
    seconds: float


def survive(
    inputs: HostileInputs, folder: Path, short: int = 200, long: int = 10_000
) -> Counter[str]:
    """Read `short` inputs (`long` in `make soak`), and return how many were read and refused.

    Fails with the numbers, the seeds and the reasons of the first inputs that broke a limit.
    """
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("peak memory is read from /proc")
    count, seed = tier(short, long)
    failures: list[str] = []
    answers: list[Answer] = []
    number = 0
    while number < count and len(failures) < FAILURES_SHOWN:
        number = _run_worker(inputs, folder, seed, range(number, count), answers, failures)
    name = inputs.make.__module__.rpartition(".")[2]
    outcomes = Counter(answer.outcome for answer in answers)
    peak = max((answer.peak for answer in answers), default=0) / 1e6
    seconds = max((answer.seconds for answer in answers), default=0.0)
    sys.stderr.write(
        f"{name}: {outcomes[READ]:,} read, {outcomes[REFUSED]:,} refused, "
        f"{len(failures)} broke a limit; at most {peak:.0f} MB and {seconds:.1f} s\n"
    )
    assert not failures, "\n".join([f"of {name}, seed {seed}:", *failures])
    return outcomes


def _run_worker(
    inputs: HostileInputs,
    folder: Path,
    seed: int,
    numbers: range,
    answers: list[Answer],
    failures: list[str],
) -> int:
    """Read inputs in a new process until it finishes, dies or is late; return the next number."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    worker = context.Process(target=_work, args=(there, inputs, folder, seed, numbers))
    worker.start()
    there.close()
    number, patience = numbers.start, 4 * MOST_SECONDS  # the first answer waits for the imports
    try:
        while number < numbers.stop:
            if not here.poll(patience):
                failures.append(f"input {number}: not read within {MOST_SECONDS:.0f} s")
                return number + 1
            try:
                answer: Answer = here.recv()
            except EOFError:
                worker.join()
                failures.append(f"input {number}: the process ended with {worker.exitcode}")
                return number + 1
            answers.append(answer)
            if answer.reason:
                failures.append(f"input {number}: {answer.reason}")
                if len(failures) >= FAILURES_SHOWN:
                    return numbers.stop
            number, patience = number + 1, MOST_SECONDS
        return number
    finally:
        worker.kill()
        worker.join()


def _work(pipe: Connection, inputs: HostileInputs, folder: Path, seed: int, numbers: range) -> None:
    sys.dont_write_bytecode = True
    multiprocessing.set_start_method(None, force=True)  # a reader's own processes: as scripts do
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    tempfile.tempdir = str(scratch)
    inputs.warm_up(_empty(folder / "warm-up"))
    gc.collect()
    gc.freeze()  # readers of feeds collect garbage; what the libraries consist of is none
    forbidden: list[str] = []
    sys.addaudithook(_auditor(folder, inputs.allowed, forbidden))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _status("VmSize") + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    baseline = _status("VmRSS")
    for number in numbers:
        case = _empty(folder / "case")
        made = inputs.make(random.Random(f"{seed}:{number}"), case)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        forbidden.clear()
        started = time.monotonic()
        outcome, reason = _outcome(inputs.read, made)
        seconds, peak = time.monotonic() - started, _status("VmHWM") - baseline
        if not reason and peak > MOST_BYTES:
            reason = f"took {peak / 1e6:,.0f} MB"
        if not reason and seconds > MOST_SECONDS:
            reason = f"took {seconds:.0f} s"
        reason = reason or "; ".join(forbidden[:3])
        if reason:
            shutil.copytree(case, folder / f"failed-{number}", dirs_exist_ok=True, symlinks=True)
        pipe.send(Answer(outcome, reason, peak, seconds))


def _outcome(read: Callable[[Any], object], made: Any) -> tuple[str, str]:
    """Read an input; return the result and what is wrong with it."""
    try:
        read(made)
    except ProductClassifierError as error:
        line = str(error)
        if not line.strip() or len(line) > LONGEST_LINE or UNCLEAN.search(line):
            return REFUSED, f"refused by no clean line: {line[:LONGEST_LINE]!r}"
        return REFUSED, ""
    except BaseException:  # whatever it is, it is a fault of the reader
        return "failed", traceback.format_exc(limit=-6)
    return READ, ""


def _auditor(
    folder: Path, allowed: frozenset[str], forbidden: list[str]
) -> Callable[[str, tuple[Any, ...]], None]:
    """Return an audit hook that records actions that no reader of an input needs."""
    inside = f"{folder.resolve()}{os.sep}"

    def is_outside(path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a descriptor that is open already
        text = os.fsdecode(path)
        return text != os.devnull and not os.path.realpath(text).startswith(inside)

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in allowed:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = set(mode) & set("wax+") if mode else flags & (os.O_WRONLY | os.O_RDWR)
            if writes and is_outside(path) and not str(path).startswith("/proc/self/"):
                forbidden.append(f"opened {path!r} for writing")
        elif event in CHANGES_FILES:
            if is_outside(arguments[0]):
                forbidden.append(f"{event} of {arguments[0]!r}")
        elif event == "socket.connect":
            address = arguments[1]
            if not isinstance(address, tuple) or address[0] not in allowed:
                forbidden.append(f"connected to {address!r}")
        elif event in STARTS_CODE:
            forbidden.append(f"{event} {arguments[:2]!r:.200}")

    return audit


def _empty(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _status(name: str) -> int:
    """Return a figure of this process in bytes from /proc/self/status."""
    match = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    assert match
    return 1024 * int(match[1])
