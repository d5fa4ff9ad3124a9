"""The scripts as processes on hostile inputs of every format print one clean line each."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.faults.tier import tier
from tests.hostile import (
    databases,
    test_bson,
    test_csv,
    test_folder,
    test_json,
    test_legacy_database,
    test_model_folder,
    test_parquet,
    test_review_file,
    test_xml,
    test_zip,
)
from tests.hostile.imports import import_file
from tests.hostile.test_terminal import UNSAFE
from tests.scripts.conftest import ENVIRONMENT
from tests.warm_python import warm_python

pytestmark = pytest.mark.slow
MOST_SECONDS = 60
LONGEST_LINE = 2_000  # characters


def importing(made: Path) -> list[str]:
    return ["crawl.py", "--from", str(made)]


def reading_database(made: Path) -> list[str]:
    return ["analyze.py", "--crawl", "--db-path", str(made)]


def filing(made: Path) -> list[str]:
    table = made.parent / "products.csv"  # a product to file, so that the model is opened
    table.write_text("id,name,category_path\n1,Boot,Shoes/Boots\n")
    import_file(table)
    return ["categorize_words.py", "--saved", str(made)]


def deciding(made: Path) -> list[str]:
    (made.parent / "crawl.db").write_bytes(databases.template())
    return ["analyze.py", "--import-review", str(made), "--reviewer", "Ada"]


def database(chance: random.Random, folder: Path) -> Path:
    return databases.hostile_database(chance, folder).path


Format = tuple[Callable[[random.Random, Path], Path], Callable[[Path], list[str]]]
FORMATS: Mapping[str, Format] = {  # what makes an input, and the command that reads it
    "csv": (test_csv.hostile_csv, importing),
    "json": (test_json.hostile_json, importing),
    "json_lines": (test_json.hostile_json_lines, importing),
    "parquet": (test_parquet.hostile_parquet, importing),
    "xml": (test_xml.hostile_xml, importing),
    "bson": (test_bson.hostile_bson, importing),
    "zip": (test_zip.hostile_archive, importing),
    "folder": (test_folder.hostile_folder, importing),
    "older_database": (test_legacy_database.hostile_database, importing),
    "sqlite": (database, reading_database),
    "review": (test_review_file.hostile_review, deciding),
    "model_folder": (test_model_folder.hostile_folder, filing),
}


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


def test_scripts_survive_hostile_inputs_as_processes(tmp_path: Path) -> None:
    times, seed = tier(short=len(FORMATS), long=300)
    outcomes: Counter[tuple[str, int]] = Counter()
    for number in range(times):
        name = list(FORMATS)[number % len(FORMATS)]
        make, command = FORMATS[name]
        folder = tmp_path / "outside" / f"case{number}"
        folder.mkdir(parents=True)
        made = make(random.Random(f"{seed}:{number}"), folder)
        outside = files_below(tmp_path) - files_below(folder)
        script, *options = command(made)
        stem = script.removesuffix(".py")
        process = warm_python().start(folder, stem, *options, env=ENVIRONMENT)
        ended = process.wait(MOST_SECONDS)
        case = f"{name} {number}, seed {seed}"
        out, said = ended.stdout, ended.stderr
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
    assert {name for name, _ in outcomes} == set(FORMATS)
