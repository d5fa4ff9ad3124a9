"""Ctrl-C prints one line and exits with code 130 at any moment, also while modules load."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, jpeg
from tests.faults.tier import tier
from tests.scripts.conftest import ENVIRONMENT, run

pytestmark = pytest.mark.slow
INTERRUPTED = "{}.py: interrupted; what was stored is kept: run it again to continue\n"
WORK = {
    "crawl": ["--from", "products.csv", "--db-path", "{new}.db"],
    "categorize_words": ["--min-per-category", "3", "--cache-path", "{new}"],
    "categorize_images": ["--min-per-category", "1", "--backbone", "mini", "--cache-path", "{new}"],
    "categorize_both": ["--min-per-category", "1", "--backbone", "mini", "--cache-path", "{new}"],
    "analyze": ["--catalogue"],
    "retrain": ["--image_dir", "pictures", "--backbone", "mini", "--bottleneck_dir", "{new}"],
}
QUICK = {"crawl", "analyze"}  # the others load for seconds
# before the script's first line has run, Python itself handles Ctrl-C
PYTHONS_OWN = re.compile(r"line 0, in <module>|<frozen site>|/site\.py|import starting\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupted")
    kinds = [("boot denim", "Boots", "red"), ("leather belt", "Belts", "blue")]
    lines = ["id,name,category_path,image"]
    for number in range(2_000):
        name, leaf, colour = kinds[number % 2]
        lines.append(f"x{number},{name} {number},Women/{leaf},pictures/{leaf}/{number % 60}.jpg")
        if number < 60:
            (folder / "pictures" / leaf).mkdir(parents=True, exist_ok=True)
            picture = jpeg(colour, (30 + number, 40))
            (folder / "pictures" / leaf / f"{number}.jpg").write_bytes(picture)
    (folder / "products.csv").write_text("\n".join(lines))
    run(folder, "crawl", "--from", "products.csv")
    return folder


def begin(folder: Path, script: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, ROOT / f"{script}.py", *options],
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # processes that a shell runs in the background ignore SIGINT, and so do their children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.slow
@pytest.mark.parametrize("presses", [1, 2])
@pytest.mark.parametrize("script", WORK)
def test_ctrl_c_at_any_moment_prints_one_line(script: str, presses: int, folder: Path) -> None:
    times, seed = tier(short=3 if script in QUICK else 1, long=50)
    chance = random.Random(f"{seed}:{script}:{presses}")
    for number in range(times):
        options = [text.format(new=f"{script}{presses}-{number}") for text in WORK[script]]
        with begin(folder, script, *options) as process:
            time.sleep(chance.uniform(0.05, 3))
            for _ in range(presses):
                process.send_signal(signal.SIGINT)
                time.sleep(chance.choice([0, 0.005, 0.2]))
            output = process.stderr.read() if process.stderr else ""
        if PYTHONS_OWN.search(output):
            continue
        assert "Traceback" not in output
        if process.returncode == 130:
            last = output.splitlines(keepends=True)[-1]
            assert last == INTERRUPTED.format(script)
            assert output.count("interrupted") == 1
        else:  # finished before, or ended by the signal after Python's shutdown
            assert process.returncode in (0, 3, -signal.SIGINT)


def test_ctrl_c_while_modules_load_prints_one_line(tmp_path: Path) -> None:
    """A library that is interrupted while it loads may raise another error, or none."""
    outputs = []
    for delay in (0.1, 0.2, 0.3, 0.4):
        with begin(tmp_path, "categorize_words", "--db-path", "none.db") as process:
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            outputs.append(process.stderr.read() if process.stderr else "")
    interrupted = [line for line in outputs if line == INTERRUPTED.format("categorize_words")]
    missing = [line for line in outputs if "there is no none.db" in line]
    own = [line for line in outputs if PYTHONS_OWN.search(line)]
    assert len(interrupted) + len(missing) + len(own) == len(outputs)
    assert interrupted


def test_sigterm_ends_a_crawl_without_a_traceback(folder: Path) -> None:
    with begin(folder, "crawl", "--from", "products.csv", "--db-path", "ended.db") as process:
        time.sleep(0.4)
        process.terminate()
        assert process.stderr
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in (-signal.SIGTERM, 0)


def test_a_crawl_in_the_background_ignores_ctrl_c(folder: Path) -> None:
    command = [
        sys.executable,
        str(ROOT / "crawl.py"),
        "--from",
        "products.csv",
        "--db-path",
        "ignored.db",
    ]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    ) as process:
        for _ in range(5):
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


def test_a_second_ctrl_c_is_reported_even_while_stderr_is_muted() -> None:
    """A library that catches all exceptions may lose the first one."""
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # the runner may ignore it
        "from product_classifier.terminal import startup\n"
        "startup.begin()\n"
        "startup.enter(startup.WORKING)\n"
        "from product_classifier.backbones.runtime import muted_stderr\n"
        "with muted_stderr():\n"
        "    for _ in range(2):\n"
        "        try:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "            time.sleep(60)\n"
        "        except KeyboardInterrupt:\n"
        "            pass\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert ended.returncode == 130
    assert ended.stderr == INTERRUPTED.format("-c").replace(".py", "")
