"""analyze.py on an experiment of 1,000,000 predictions, as a whole process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.common import Row, measure
from product_classifier.predictions import Experiment, Prediction
from product_classifier.records import Category, Product
from product_classifier.store.catalogue import save_import
from product_classifier.store.database import open_database
from product_classifier.store.experiments import save_experiment

PRODUCTS, LEAVES, SIBLINGS = 1_000_000, 156, 12


def run(shared: Path) -> Iterator[Row]:
    """Make the experiment, a tenth of it wrong, and analyze it."""
    rng = np.random.default_rng(0)
    leaves = [f"parent-{k // SIBLINGS}/leaf-{k}" for k in range(LEAVES)]
    parents = sorted({leaf.partition("/")[0] for leaf in leaves})
    tree = [Category(name, name, None, name, False) for name in parents]
    tree += [Category(leaf, leaf, leaf.partition("/")[0], leaf, True) for leaf in leaves]
    true = rng.integers(0, LEAVES, PRODUCTS)
    predicted = np.where(rng.random(PRODUCTS) < 0.9, true, rng.integers(0, LEAVES, PRODUCTS))
    score = rng.random(PRODUCTS)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "crawl.db"
        with open_database(path, create=True) as db:
            products = (
                Product(str(k), "name", "", (leaves[true[k]],), None) for k in range(PRODUCTS)
            )
            save_import(db, tree, products, [], "generated")
            predictions = [
                Prediction(str(k), leaves[predicted[k]], float(score[k])) for k in range(PRODUCTS)
            ]
            name = "Text classification of: all (156 categories)"
            save_experiment(db, Experiment(name, "words", "", {}, {}, 0.0, {}, predictions))
        process = measure("analyze.py", "--db-path", path)
    yield Row(
        "analyze.py, 1,000,000 predictions",
        f"{process.seconds:.1f} s",
        "",
        "<= 10 s",
        process.seconds <= 10,
    )
