"""Fixtures that run the scripts as a person does: real processes, a real server, real files."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.catalogue.products import make_catalogue
from demo.server import KEY, serve
from tests.backbones.test_backbone import save_network
from tests.conftest import ROOT
from tests.kernels import CHOSEN
from tests.warm_python import is_warm, warm_python

CATALOGUE = make_catalogue(products=200)
BROKEN = sum(product.image_fault is not None for product in CATALOGUE.products)
PASSED_ON = ("PATH", "HOME", *CHOSEN)  # the kernels, too, that tests are run under
ENVIRONMENT = {name: os.environ[name] for name in PASSED_ON if name in os.environ}


FITTING = "product_classifier.models.fitting"
SHORT = {f"{FITTING}.FEWEST_STEPS": 20, f"{FITTING}.MAX_ROUNDS": 5}
QUICK = ("crawl", "analyze")  # they load little: no warm Python is begun for them


def run(
    folder: Path,
    script: str,
    *options: object,
    code: int | None = 0,
    key: str | None = KEY,
    fresh: bool = False,
    short: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a script in a new process in a folder, and check its exit code.

    code: None: 0, or 3 because pictures failed. fresh: the process loads all libraries again.
    short: networks are trained for fewer rounds than usual.
    """
    fresh = fresh or (script in QUICK and not is_warm() and not short)
    environment = ENVIRONMENT | ({"SHOPSTYLE_API_KEY": key} if key else {})
    if fresh:
        command = [sys.executable, str(ROOT / f"{script}.py"), *map(str, options)]
        result = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
    else:
        constants = SHORT if short else {}
        process = warm_python().start(
            folder, script, *options, env=environment, constants=constants
        )
        result = process.wait()
    assert result.returncode in ((0, 3) if code is None else (code,)), result.stderr
    assert "Traceback" not in result.stderr
    return result


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "crawl.db")
    result = connection.execute(query).fetchall()
    connection.close()
    return result


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serve(CATALOGUE) as address:
        yield f"{address}/api/v2"


def copy_database(source: Path, target: Path) -> None:
    """Copy the crawled rows, without the experiments of other tests."""
    (target / "crawl.db").write_bytes((source / "crawl.db").read_bytes())
    connection = sqlite3.connect(target / "crawl.db")
    connection.executescript(
        "pragma foreign_keys = on; delete from experiment; delete from sqlite_sequence;"
    )
    connection.close()


def crawl_options(address: str) -> list[str]:
    return ["--api-url", address, "--allow-private", "--requests-per-minute", "100000"]


@pytest.fixture(scope="session")
def crawled(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crawl the demo catalogue, once for all tests that only read it."""
    folder = tmp_path_factory.mktemp("crawled")
    run(folder, "crawl", *crawl_options(address), code=3)
    return folder


@pytest.fixture(scope="session")
def categorized(crawled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Add experiment 1, on words, to a copy of the crawled catalogue."""
    folder = tmp_path_factory.mktemp("categorized")
    copy_database(crawled, folder)
    output = run(folder, "categorize_words", "--min-per-category", 3, "--model", "linear")
    (folder / "output.txt").write_text(output.stdout)
    return folder


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of three values: the mean colour of a picture."""
    return save_network(tmp_path_factory.mktemp("network"), [None, 6, 6, 3])
