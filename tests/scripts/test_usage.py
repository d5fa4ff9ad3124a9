"""Help, wrong usage and impossible requests: one line and the right exit code."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scripts.conftest import run

SCRIPTS = [
    "crawl",
    "categorize_words",
    "categorize_images",
    "categorize_both",
    "analyze",
    "retrain",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_has_examples_and_loads_no_heavy_libraries(script: str, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", str(ROOT / f"{script}.py"), "--help"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "examples:" in result.stdout
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "argparse" in imported
    assert not imported & {"tensorflow", "keras", "sklearn"}


@pytest.mark.parametrize(
    ("script", "options", "message"),
    [
        ("categorize_words", [], "no leaf has 1,000 products or more"),
        ("categorize_words", ["--categories", "boot,pumps"], "no category 'boot'; did you mean bo"),
        (
            "categorize_words",
            ["--categories", "pumps"],
            "only one of the chosen categories",
        ),
        ("categorize_words", ["--categories", "women,pumps"], "'women' is not a leaf"),
        ("categorize_words", ["--db-path", "none.db"], "there is no none.db; run crawl.py first"),
        (
            "categorize_images",
            ["--min-per-category", "3", "--backbone", "alexnet"],
            "there is no backbone 'alexnet'",
        ),
        (
            "categorize_images",
            ["--min-per-category", "3", "--weights", "none.h5"],
            "there is no file none.h5; pass the weights of inception_v3",
        ),
        (
            "categorize_words",
            ["--min-per-category", "3", "--model", "embedding", "--vectors", "none.vec"],
            "none.vec cannot be read: No such file",
        ),
        ("analyze", ["--experiment", "99"], "there is no experiment 99; the latest are"),
        ("analyze", ["--dump-errors-for-experiment", "99"], "there is no experiment 99"),
        ("analyze", ["--label-errors", "99"], "there is no experiment 99"),
        ("analyze", ["--import-review", "none.csv"], "none.csv cannot be read: No such file"),
    ],
)
def test_impossible_requests_are_errors_of_one_line(
    categorized: Path, script: str, options: list[str], message: str
) -> None:
    result = run(categorized, script, *options, code=1)
    assert result.stderr.startswith(f"{script}.py: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("script", ["categorize_words", "analyze"])
def test_an_empty_database_is_an_error_with_the_remedy(script: str, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "crawl.db")) as connection:
        connection.executescript((ROOT / "schema.sql").read_text())
    assert "run" in run(tmp_path, script, code=1).stderr


@pytest.mark.parametrize(
    ("script", "options"),
    [
        ("crawl", ["--max-per-category", "0"]),
        ("crawl", ["--images-per-product", "0"]),
        ("crawl", ["--threshold", "0.6"]),
        ("crawl", ["--filter-label", "logo"]),
        *(
            ("crawl", ["--filter-images", "zoom.onnx", *options])
            for options in (
                *(["--threshold", value] for value in ("0", "-1", "1.1", "nan", "half")),
                *(["--from", "a.csv"], ["--only", "images"], ["--dry-run"], ["--refresh", "1d"]),
            )
        ),
        ("categorize_images", ["--images-per-product", "0"]),
        ("categorize_words", ["--images-per-product", "2"]),
        ("categorize_words", ["--unknown"]),
        ("analyze", ["--experiment", "1", "--dump-errors-for-experiment", "1"]),
        ("analyze", ["--compare", "1"]),
        ("analyze", ["--compare", "1", "1"]),
        ("analyze", ["--crawl", "--require", "accuracy>0"]),
        ("analyze", ["--require", "accuracy"]),
        ("analyze", ["--target", "1"]),
        ("analyze", ["--confidence", "nan"]),
        ("analyze", ["--cost-error", "1"]),
        ("analyze", ["--cost-error", "0", "--cost-review", "0"]),
        ("analyze", ["--cost-error", "1", "--cost-review", "inf"]),
        ("retrain", []),
        ("categorize_words", ["--seed", "-1"]),
        ("categorize_words", ["--model", "logistic", "--search", "0"]),
        ("categorize_words", ["--vectors", "glove.txt"]),
        ("categorize_words", ["--balance", "sample:0"]),
        ("categorize_images", ["--head", "dense:"]),
        ("categorize_both", ["--model", "linear"]),
        ("retrain", ["--image_dir", "x", "--random_crop", "5"]),
        ("retrain", ["--image_dir", "x", "--image_dir", "y"]),
        ("retrain", ["--distill"]),
        ("retrain", ["--distill", "--image_dir", "x", "--backbone", "mini"]),
        ("retrain", ["--distill", "--image_dir", "x", "--output_student", "student"]),
        ("retrain", ["--distill", "--image_dir", "x", "--precision", "int8"]),
        ("retrain", ["--image_dir", "x", "--test_batch_size", "0"]),
        ("retrain", ["--image_dir", "x", "--testing_percentage", "0"]),
        ("retrain", ["--image_dir", "x", "--final_tensor_name", "my result"]),
        (
            "retrain",
            ["--image_dir", "x", "--testing_percentage", "60", "--validation_percentage", "50"],
        ),
    ],
)
def test_wrong_usage_exits_with_code_2(tmp_path: Path, script: str, options: list[str]) -> None:
    assert "usage:" in run(tmp_path, script, *options, code=2).stderr
