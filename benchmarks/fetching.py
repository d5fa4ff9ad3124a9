"""Pictures per second of crawl.py beside img2dataset and a script, from a server with latency.

The server is a process on the same machine that records the time of each request: the start and end
of a program do not count. All contenders decode every picture completely.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.common import ROOT, Row
from tests.faults.faults import JPEG
from tests.faults.server import Body, FaultServer
from tests.faults.shop import signed

PICTURES, CONNECTIONS, LATENCY, TURNS = 4000, 64, 0.04, 7
PEERS = ROOT / ".venv-peers" / "bin"


class Cost(NamedTuple):
    """The cost of fetching."""

    per_second: float  # pictures
    milliseconds: float  # of all cores, for each picture; the server's are not counted
    megabytes: float  # peak of the largest process


def run(shared: Path) -> Iterator[Row]:
    """Measure the contenders in turns."""
    if not (PEERS / "img2dataset").exists():
        raise SystemExit("img2dataset is not installed; run make bench-crawl")
    taken: dict[str, list[Cost]] = {name: [] for name in ("crawl.py", "img2dataset", "script")}
    with tempfile.TemporaryDirectory() as place:  # removed last: new files are slow after removals
        for turn in range(TURNS):
            for name, costs in taken.items():
                folder = Path(place, f"{name} {turn}")
                folder.mkdir()
                costs.append(cost_of(name, folder))
    ours = taken.pop("crawl.py")
    mine = Cost(*map(median, zip(*ours, strict=True)))
    for name, theirs in taken.items():
        other = Cost(*map(median, zip(*theirs, strict=True)))
        ratio = median(a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True))
        least = 1.5 if name == "script" else 1.0
        yield Row(
            f"pictures of 20 kB, {CONNECTIONS} connections, {LATENCY * 1000:.0f} ms",
            f"{mine.per_second:.0f}/s = {ratio:.2f} x",
            f"{name} {other.per_second:.0f}/s",
            f">= {least} x",
            ratio >= least,
        )
        for figure, ours_is, theirs_is in (
            ("processor", f"{mine.milliseconds:.1f} ms each", f"{other.milliseconds:.1f} ms"),
            ("memory", f"{mine.megabytes:.0f} MB", f"{other.megabytes:.0f} MB"),
        ):
            yield Row(f"  … {figure}", ours_is, f"{name} {theirs_is}", "reported")


def cost_of(name: str, folder: Path) -> Cost:
    """Return the cost of fetching all pictures with a contender into an empty folder."""
    with picture_server() as (address, server):
        urls = [f"{address}/{number}.jpg" for number in range(PICTURES)]
        (folder / "urls.txt").write_text("\n".join(urls))
        lines = [f"{number},picture,A,{url}" for number, url in enumerate(urls)]
        (folder / "urls.csv").write_text("\n".join(["id,name,category_path,image", *lines]))
        launched = [sys.executable, str(ROOT / "benchmarks" / "launch.py"), *COMMANDS[name]]
        process = subprocess.run(launched, cwd=folder, capture_output=True, text=True, check=True)
        server.send("how long?")
        requests, seconds = server.recv()
        assert requests == PICTURES
        assert len([file for file in folder.rglob("*.jpg") if file.stat().st_size]) == PICTURES
    processor, kilobytes = map(float, process.stdout.split())
    return Cost(PICTURES / seconds, 1000 * processor / PICTURES, kilobytes / 1000)


COMMANDS: dict[str, list[str]] = {
    "crawl.py": [
        *(sys.executable, str(ROOT / "crawl.py"), "--from", "urls.csv", "--allow-private"),
        *("--connections", str(CONNECTIONS)),
    ],
    "img2dataset": [  # decodes pictures, but stores the bytes unchanged
        *(str(PEERS / "img2dataset"), "--url_list=urls.txt", "--output_folder=pictures"),
        *("--processes_count=1", f"--thread_count={CONNECTIONS}", "--output_format=files"),
        *("--resize_mode=no", "--skip_reencode=True", "--encode_format=jpg"),
    ],
    "script": [
        *(sys.executable, str(ROOT / "benchmarks" / "obvious_script.py")),
        *("urls.txt", str(CONNECTIONS)),
    ],
}


@contextlib.contextmanager
def picture_server() -> Iterator[tuple[str, Connection]]:
    """Serve pictures from another process; yields its address and a connection to it."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv(), here
    finally:
        process.kill()
        process.join()


def serve(line: Connection) -> None:
    """Serve pictures, and send the number of requests and the seconds between first and last."""
    with FaultServer(lambda path, _: Body(JPEG, signed(path)), latency=LATENCY).running() as server:
        line.send(server.address)
        line.recv()
        moments = [request.moment for request in server.requests]
        line.send((len(moments), max(moments) - min(moments)))
        line.recv()
