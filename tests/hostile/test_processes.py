"""The scripts as processes on hostile inputs of every format: one clean line, nothing else."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.faults.tier import tier
from tests.hostile.imports import import_file
from tests.hostile.test_terminal import UNSAFE
from tests.scripts.conftest import ENVIRONMENT

pytestmark = pytest.mark.slow
MOST_SECONDS = 60
LONGEST_LINE = 2_000  # characters
Command = Callable[[Path], list[str]]


def importing(made: Path) -> list[str]:
    return ["crawl.py", "--from", str(made)]


def reading_database(made: Path) -> list[str]:
    return ["analyze.py", "--crawl", "--db-path", str(made)]


def filing(made: Path) -> list[str]:
    table = made.parent / "products.csv"  # a product to file, so that the model is opened
    table.write_text("id,name,category_path\n1,Boot,Shoes/Boots\n")
    import_file(table)
    return ["categorize_words.py", "--saved", str(made)]


COMMANDS: Mapping[str, Command] = {  # format → what reads it; its make is test_<format>.hostile_…
    "csv": importing,
    "json": importing,
    "json_lines": importing,
    "parquet": importing,
    "xml": importing,
    "bson": importing,
    "zip": importing,
    "sqlite": reading_database,
    "model_folder": filing,
}


def makers() -> dict[str, Callable[[random.Random, Path], Any]]:
    """Find the makers of inputs of those formats that have a test."""
    found = {}
    for name in COMMANDS:
        if (Path(__file__).parent / f"test_{name}.py").exists():
            module = importlib.import_module(f"tests.hostile.test_{name}")
            found[name] = getattr(module, f"hostile_{name}")
    return found


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


def test_scripts_survive_hostile_inputs_as_processes(tmp_path: Path) -> None:
    times, seed = tier(short=20, long=300)
    make = makers()
    outcomes: Counter[tuple[str, int]] = Counter()
    for number in range(times):
        name = sorted(make)[number % len(make)]
        folder = tmp_path / "outside" / f"case{number}"
        folder.mkdir(parents=True)
        made = make[name](random.Random(f"{seed}:{number}"), folder)
        outside = files_below(tmp_path) - files_below(folder)
        script, *options = COMMANDS[name](Path(made))
        ended = subprocess.run(
            [sys.executable, str(ROOT / script), *options],
            cwd=folder,
            env={**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=MOST_SECONDS,
        )
        case = f"{name} {number}, seed {seed}"
        out, said = (stream.decode("utf-8") for stream in (ended.stdout, ended.stderr))
        assert ended.returncode in (0, 1, 2, 3), f"{case}: {said}"
        assert not UNSAFE.search(out + said), case
        assert "Traceback" not in said, f"{case}: {said}"
        assert "unexpected" not in said, f"{case}: {said}"
        if ended.returncode in (1, 2):
            assert said.splitlines()[-1].startswith(f"{script}: "), case
        assert all(len(line) <= LONGEST_LINE for line in said.splitlines()), case
        assert files_below(tmp_path) - files_below(folder) == outside, case
        outcomes[name, ended.returncode] += 1
    sys.stderr.write(f"processes: {dict(outcomes)}\n")
    assert {name for name, _ in outcomes} == set(make)
