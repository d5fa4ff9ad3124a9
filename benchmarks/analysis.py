"""analyze.py on an experiment of 1,000,000 predictions, as a whole process."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.common import Row, measure
from product_classifier.predictions import Experiment, PathScores, Prediction
from product_classifier.records import Category, Product
from product_classifier.selection import CALIBRATION, TEST
from product_classifier.store.database import open_database
from product_classifier.store.experiments import save_experiment
from product_classifier.store.importing import save_import

TESTED, CALIBRATING, LEAVES, SIBLINGS = 1_000_000, 500_000, 156, 12
MOST_SECONDS, MOST_BYTES = 30, 1.5 * 2**30


def run(shared: Path) -> Iterator[Row]:
    """Generate the experiment, a tenth of its predictions wrong, and analyze it."""
    rng = np.random.default_rng(0)
    leaves = [f"parent-{k // SIBLINGS}/leaf-{k}" for k in range(LEAVES)]
    parents = sorted({leaf.partition("/")[0] for leaf in leaves})
    tree = [Category(id=name, name=name, parent=None, path=name, leaf=False) for name in parents]
    tree += [
        Category(id=leaf, name=leaf, parent=leaf.partition("/")[0], path=leaf, leaf=True)
        for leaf in leaves
    ]
    count = TESTED + CALIBRATING
    true = rng.integers(0, LEAVES, count)
    score = rng.beta(5, 0.6, count)
    predicted = np.where(rng.random(count) < score, true, rng.integers(0, LEAVES, count))
    nodes = leaves + parents
    answers = np.stack([predicted, LEAVES + predicted // SIBLINGS], axis=1)
    scores = np.stack([score, np.sqrt(score)], axis=1)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "crawl.db"
        with open_database(path, create=True) as db:
            products = (
                Product(
                    id=str(k),
                    name="name",
                    description="",
                    categories=(leaves[true[k]],),
                    image=None,
                )
                for k in range(count)
            )
            save_import(db, [*tree, *products], "generated")
            predictions = [
                Prediction(str(k), leaves[predicted[k]], float(score[k])) for k in range(TESTED)
            ]
            paths = [
                PathScores(
                    part=part,
                    products=[str(k) for k in rows],
                    categories=nodes,
                    answers=answers[rows],
                    score=scores[rows],
                    uncalibrated=scores[rows],
                )
                for part, rows in (
                    (TEST, range(TESTED)),
                    (CALIBRATION, range(TESTED, count)),
                )
            ]
            name = "Text classification of: all (156 categories)"
            save_experiment(
                db,
                Experiment(
                    name=name,
                    kind="words",
                    split="",
                    settings={},
                    versions={},
                    seconds=0.0,
                    accuracy={},
                    predictions=predictions,
                    paths=paths,
                ),
            )
        process = measure("benchmarks/launch.py", sys.executable, "analyze.py", "--db-path", path)
    yield Row(
        f"analyze.py, {TESTED:,} predictions",
        f"{process.seconds:.1f} s",
        "",
        f"<= {MOST_SECONDS} s",
        process.seconds <= MOST_SECONDS,
    )
    peak = float(process.output.split()[-1]) * 1024
    yield Row(
        "  … peak memory",
        f"{peak / 2**30:.2f} GiB",
        "",
        f"<= {MOST_BYTES / 2**30:g} GiB",
        peak <= MOST_BYTES,
    )
